"""Rounds of timed blocks as plain data, and the statistics on them; runs no clock itself."""

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
    """What one contender took for one block of calls, all of them together.

    Attributes:
        calls: how many calls.
        cpu_ns: CPU time of its process.
        wall_ns: time on the judge's own clock, from sending the inputs to holding the answers.
        switches: voluntary context switches beyond the harness's own, where the system tells.
    """

    calls: int
    cpu_ns: float
    wall_ns: float
    switches: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One block of each contender, measured next to each other in random order."""

    baseline: Block
    candidate: Block
    reference: Block | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Single:
    """One call of the candidate and one of an honest contender, next to each other.

    The honest one is the reference, or the baseline where there is no reference.
    """

    candidate: Block
    honest: Block


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The constants of the decision; `benchmarks/clock_errors.py` measures what they are worth.

    Attributes:
        delta: half-width in log ratio of the zone where either answer may come.
        scale: width of the noise that a round's log ratio is taken to have (Laplace).
        up: evidence at which a stage says faster; `exp(-up)` bounds its chance to be wrong.
        low: evidence at which a stage says slower, which must happen twice.
        target_ns: CPU time that a block should take.
        max_calls: calls in a block at most.
        max_block_seconds: wall time of a block that calibration will not go beyond.
        floor_ns: a block that reads less is the clock's fault and never counts as fast.
        cap_pairs: rounds in a stage at most.
        cap_seconds: wall time of a stage at most, and of calibrating one contender.
        cap_busy_seconds: wall time of a stage where other work keeps the baseline off its core.
        pause_seconds: time between the two stages, for a burst of other work to pass.
        busy: the baseline's wall time over its CPU time from which the machine counts as busy.
        reference_margin: how far over the threshold the reference must be for a miss to count.
        reference_room: how far, for a miss to count of a candidate within this factor of it.
        idle: wall time over CPU time from which a block may have slept.
        idle_switches: voluntary switches a call, over the baseline's, that sleeping takes.
        wall_slack: by how much a sleeper's wall time may miss the threshold.
        single_share: share of the rounds that a round of single calls goes along with.
        min_singles: rounds of single calls before a pass.
        max_singles: rounds of single calls before they fail anyone.
        batch_factor: how many times its share of a block an honest single call may take,
        cold_factor: plus so many times what being called singly costs an honest contender.
        cold_ns: what that is taken to be at least.
        cold_unknown_ns: the same where no honest contender could be called both ways.
        batch_slack: by how much the ratio of single calls may miss the threshold.
    """

    delta: float = math.log(1.25)
    scale: float = 0.5
    up: float = math.log(10_000)
    low: float = math.log(500)
    target_ns: float = 500_000
    max_calls: int = 256
    max_block_seconds: float = 0.05
    floor_ns: float = 1_000
    cap_pairs: int = 200
    cap_seconds: float = 3.0
    cap_busy_seconds: float = 10.0
    pause_seconds: float = 0.05
    busy: float = 1.5
    reference_margin: float = 1.1
    reference_room: float = 1.5
    idle: float = 3.0
    idle_switches: float = 0.5
    wall_slack: float = 3.0
    single_share: float = 0.25
    min_singles: int = 3
    max_singles: int = 15
    batch_factor: float = 4.0
    cold_factor: float = 2.0
    cold_ns: float = 20_000
    cold_unknown_ns: float = 100_000
    batch_slack: float = 1.25


def per_call(block: Block, rule: Rule) -> float:
    """CPU ns of one call; a reading under the floor counts as the floor."""
    return max(block.cpu_ns, rule.floor_ns) / block.calls


def log_ratio(slow: Block, fast: Block, rule: Rule) -> float | None:
    """The log of how many times faster `fast` is, a call; None where a reading is no time at all.

    A hypervisor that takes a core away can also take back the time that a process did have, so a
    block of real work may read 0. Such a reading is no evidence of speed, nor of anything else.
    """
    if min(slow.cpu_ns, fast.cpu_ns) < rule.floor_ns:
        return None
    return math.log(per_call(slow, rule) / per_call(fast, rule))


def blocks_of(rounds: Sequence[Round], name: str) -> list[Block]:
    """The blocks of `baseline`, `candidate` or `reference`; empty if it took no part."""
    blocks: list[Block | None] = [getattr(each, name) for each in rounds]
    return [block for block in blocks if block is not None]


def typical(blocks: Sequence[Block], rule: Rule) -> float:
    """Median CPU ns of a call; 0 without any blocks."""
    return median(per_call(block, rule) for block in blocks) if blocks else 0.0


def median_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """The median, and the order statistics that enclose the true one with probability `level`.

    Holds for any distribution. Below 6 values the range of all of them stands in.

    Returns:
        Median, lower end, upper end; zeros without any values.
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


def paired(rounds: Sequence[Round], name: str, rule: Rule, over: str = "baseline") -> list[float]:
    """How many times faster than `over` `name` is, for each round with sound readings."""
    pairs = zip(blocks_of(rounds, over), blocks_of(rounds, name), strict=False)
    logs = (log_ratio(slow, fast, rule) for slow, fast in pairs)
    return [math.exp(value) for value in logs if value is not None]


class Outcome(StrEnum):
    """What a decision says."""

    FASTER = "faster"
    SLOWER = "slower"
    UNDECIDED = "undecided"


class Stage:
    """The sequential test: adds up evidence until either answer is sure, or the rounds run out.

    A round's evidence is the log likelihood ratio of "delta above the threshold" against "delta
    below it" under Laplace noise. That is bounded at what a ratio of exactly either would say, so
    one wild round cannot decide.
    """

    def __init__(self, threshold: float, rule: Rule) -> None:
        self._log_threshold = math.log(threshold)
        self._rule = rule
        self._most = 2 * rule.delta / rule.scale
        self._sum = 0.0
        self._pairs = 0

    def add(self, log_ratio: float | None) -> Outcome | None:
        """Takes the log of a round's baseline over candidate; None for a round that says nothing.

        Returns:
            The outcome, or None while there is none yet.
        """
        self._pairs += 1
        if log_ratio is not None:
            evidence = 2 * (log_ratio - self._log_threshold) / self._rule.scale
            self._sum += max(-self._most, min(self._most, evidence))
        if self._sum >= self._rule.up:
            return Outcome.FASTER
        if self._sum <= -self._rule.low:
            return Outcome.SLOWER
        return Outcome.UNDECIDED if self._pairs >= self._rule.cap_pairs else None
