"""Rounds of timed blocks as plain data, their statistics, and the sequential test on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from torchkata.grading.timing.race_config import RaceConfig

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
