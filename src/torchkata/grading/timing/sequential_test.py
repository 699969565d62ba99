"""Rounds of timed blocks as plain data, their statistics, and the sequential test on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """The cost of one block of calls of one contender.

    Attributes:
        calls: how many calls.
        cpu_ns: CPU time of its process for all of them.
        wall_ns: the judge's wall time, from sending the inputs to receiving the results.
        switches: voluntary context switches beyond the harness's, if the system reports them.
    """

    calls: int
    cpu_ns: float
    wall_ns: float
    switches: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One block of each contender, run one after the other in random order."""

    baseline: Block
    candidate: Block
    reference: Block | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleCall:
    """One call of the candidate and one of a trusted contender, one after the other.

    The trusted one is the reference, or the baseline if there is no reference.
    """

    candidate: Block
    trusted: Block


@dataclass(frozen=True, kw_only=True)
class RaceConfig:
    """The constants of a race, in the order in which it uses them.

    `benchmarks/clock_errors.py` measures the error rates that follow from them.

    Attributes:
        target_ns: calibration: CPU time that a block should take.
        most_calls: calibration: most calls in a block. A harness of 15 us matters little even for
            64 calls of 3 us.
        most_block_seconds: calibration: most wall time of a block.
        floor_ns: a block that reads less is the clock's fault and never counts as fast.
        delta: test: half-width, in log ratio, of the zone in which either answer is accepted.
        scale: test: assumed width of the noise of a round's log ratio (Laplace).
        up: test: evidence for "faster"; `exp(-up)` bounds the probability that it is wrong.
        low: test: evidence for "slower", which two stages must reach.
        most_rounds: stage: most rounds.
        most_seconds: stage: most wall time; the same for calibrating one contender.
        most_busy_seconds: stage: most wall time if other work keeps the baseline off its core.
        busy: stage: wall time over CPU time of the baseline from which the machine is busy.
        pause_seconds: time between the two stages, in which a burst of other work can end.
        reference_margin: miss: how far above the threshold the reference must be.
        reference_room: miss: how far, if the candidate is within this factor of the reference.
        idle: sleep audit: wall time over CPU time from which a block may have slept.
        idle_switches: sleep audit: voluntary switches per call, beyond the baseline's.
        wall_slack: sleep audit: by how much a sleeper's wall time may miss the threshold.
        single_share: batch audit: share of the rounds that are followed by single calls.
        fewest_singles: batch audit: single calls before a pass.
        most_singles: batch audit: single calls before they fail a submission.
        batch_factor: batch audit: how many times its share of a block a single call may take ...
        cold_factor: batch audit: ... plus this many times the extra cost of a trusted single call.
        cold_ns: batch audit: least value of that extra cost.
        cold_unknown_ns: batch audit: the same if no trusted contender could be called both ways.
        batch_slack: batch audit: by how much the ratio of single calls may miss the threshold.
    """

    target_ns: float = 500_000
    most_calls: int = 64
    most_block_seconds: float = 0.05
    floor_ns: float = 1_000
    delta: float = math.log(1.25)
    scale: float = 0.5
    up: float = math.log(10_000)
    low: float = math.log(500)
    most_rounds: int = 200
    most_seconds: float = 3.0
    most_busy_seconds: float = 10.0
    busy: float = 1.5
    pause_seconds: float = 0.05
    reference_margin: float = 1.1
    reference_room: float = 1.5
    idle: float = 3.0
    idle_switches: float = 0.5
    wall_slack: float = 3.0
    single_share: float = 0.25
    fewest_singles: int = 3
    most_singles: int = 15
    batch_factor: float = 4.0
    cold_factor: float = 2.0
    cold_ns: float = 20_000
    cold_unknown_ns: float = 100_000
    batch_slack: float = 1.25


def per_call(block: Block, config: RaceConfig) -> float:
    """Return the CPU time of one call in ns; a reading under the floor counts as the floor."""
    return max(block.cpu_ns, config.floor_ns) / block.calls


def log_ratio(slow: Block, fast: Block, config: RaceConfig) -> float | None:
    """Return the log of how many times faster a call of `fast` is; None if a reading is unusable.

    A hypervisor that takes a core away can also take back time that a process did use, so a block
    of real work may read 0. Such a reading is no evidence of anything.
    """
    if min(slow.cpu_ns, fast.cpu_ns) < config.floor_ns:
        return None
    return math.log(per_call(slow, config) / per_call(fast, config))


def blocks_of(rounds: Sequence[Round], name: str) -> list[Block]:
    """Return the blocks of `baseline`, `candidate` or `reference`; empty if it did not race."""
    blocks: list[Block | None] = [getattr(each, name) for each in rounds]
    return [block for block in blocks if block is not None]


def median_call_ns(blocks: Sequence[Block], config: RaceConfig) -> float:
    """Return the median CPU time of a call in ns; 0 without blocks."""
    return median(per_call(block, config) for block in blocks) if blocks else 0.0


def median_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """Return the median and a distribution-free confidence interval for the true median.

    The interval is made of order statistics. With fewer than 6 values it is their range.

    Returns:
        Median, lower end, upper end; zeros without values.
    """
    if not values:
        return 0.0, 0.0, 0.0
    ordered = sorted(values)
    n = len(ordered)
    rank, tail = 0, 0.5**n  # tail: the chance that at most `rank` values lie under the median
    while rank + 1 < n / 2 and tail + math.comb(n, rank + 1) * 0.5**n <= (1 - level) / 2:
        rank += 1
        tail += math.comb(n, rank) * 0.5**n
    return median(ordered), ordered[rank], ordered[n - 1 - rank]


def speed_ratios(
    rounds: Sequence[Round], name: str, config: RaceConfig, over: str = "baseline"
) -> list[float]:
    """Return how many times faster `name` is than `over`, for each round with usable readings."""
    pairs = zip(blocks_of(rounds, over), blocks_of(rounds, name), strict=False)
    logs = (log_ratio(slow, fast, config) for slow, fast in pairs)
    return [math.exp(value) for value in logs if value is not None]


class RaceOutcome(StrEnum):
    """The outcome of a race."""

    FASTER = "faster"
    SLOWER = "slower"
    UNDECIDED = "undecided"


class SequentialTest:
    """Adds up the evidence of rounds until one answer is sure enough, or the rounds run out.

    The evidence of a round is the log likelihood ratio of "delta above the threshold" against
    "delta below it" under Laplace noise. It is bounded by the evidence of a ratio of exactly
    either, so one outlier cannot decide.
    """

    def __init__(self, threshold: float, config: RaceConfig) -> None:
        self._log_threshold = math.log(threshold)
        self._config = config
        self._most = 2 * config.delta / config.scale
        self._sum = 0.0
        self._pairs = 0

    def add(self, log_ratio: float | None) -> RaceOutcome | None:
        """Add the log ratio of a round, baseline over candidate; None for an unusable round.

        Returns:
            The outcome, or None if there is none yet.
        """
        self._pairs += 1
        if log_ratio is not None:
            evidence = 2 * (log_ratio - self._log_threshold) / self._config.scale
            self._sum += max(-self._most, min(self._most, evidence))
        if self._sum >= self._config.up:
            return RaceOutcome.FASTER
        if self._sum <= -self._config.low:
            return RaceOutcome.SLOWER
        return RaceOutcome.UNDECIDED if self._pairs >= self._config.most_rounds else None
