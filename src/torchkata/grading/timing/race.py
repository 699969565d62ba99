"""Decide by the clock whether a candidate is k times faster than a baseline, or stay undecided.

One timing proves nothing on a busy machine. The contenders, each in its own process, are therefore
timed in *rounds*: each runs one block of calls, in random order, and only the ratio within a round
counts. A sequential test adds up the evidence of the rounds and stops as soon as it is sure.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from torchkata.grading.timing import audits
from torchkata.grading.timing.race_config import RaceConfig
from torchkata.grading.timing.sequential_test import (
    Block,
    RaceOutcome,
    Round,
    SequentialTest,
    SingleCall,
    blocks_of,
    log_ratio,
    median_call_ns,
    median_interval,
    speed_ratios,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = [
    "Block",
    "Contender",
    "Decision",
    "RaceConfig",
    "RaceOutcome",
    "Reason",
    "SequentialTest",
    "decide",
]

DEFAULT_CONFIG = RaceConfig()
"""The constants with which the error rates were measured."""


class Contender(Protocol):
    """A process that can be timed."""

    def block(self, calls: int, /) -> Block:
        """Make `calls` calls on new inputs, verify each result, and return the cost.

        Raises:
            Exception: for a wrong result or a dead worker; it ends the race.
        """


class Reason(StrEnum):
    """Why a race ended as it did, if the sequential test alone did not decide."""

    NONE = ""
    SLEEPS = "sleeps"
    BATCH_ONLY = "batch-only"
    REFERENCE_MISSES = "reference-misses"
    CLOCK_STANDS_STILL = "clock-stands-still"
    MACHINE_BUSY = "machine-busy"
    TOO_CLOSE = "too-close"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome of a race and the measurements behind it.

    Attributes:
        outcome: FASTER, SLOWER, or UNDECIDED, which never fails a submission.
        pairs: rounds that were timed.
        seconds: wall time until the decision.
        ratio: median over rounds of baseline over candidate, per call. If an audit decided, the
            ratio that the audit found.
        ratio_low: lower end of a 95% interval for that median; the audit's ratio likewise.
        ratio_high: its upper end.
        baseline_ns: median CPU time of a call.
        candidate_ns: median CPU time of a call.
        reference_ns: median CPU time of a call; 0 without a reference.
        reference_ratio: as `ratio`, for the reference; 0 without one.
        lead: median over rounds of reference over candidate, per call; 0 without a reference.
        lead_low: lower end of a 95% interval for that median.
        reason: an audit's finding, or why the race is undecided.
    """

    outcome: RaceOutcome
    pairs: int
    seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    baseline_ns: float
    candidate_ns: float
    reference_ns: float = 0.0
    reference_ratio: float = 0.0
    lead: float = 0.0
    lead_low: float = 0.0
    reason: Reason = Reason.NONE


class _Race:
    """The contenders, the sizes of their blocks, and all rounds that were run."""

    def __init__(
        self,
        contenders: dict[str, Contender],
        threshold: float,
        config: RaceConfig,
        rng: random.Random,
        now: Callable[[], int],
    ) -> None:
        self._contenders = contenders
        self._threshold = threshold
        self._config = config
        self._rng = rng
        self._now = now
        self.rounds: list[Round] = []
        self.singles: list[SingleCall] = []
        self._trusted = "reference" if "reference" in contenders else "baseline"
        self._sizes = {name: self._calibrate(each) for name, each in contenders.items()}
        self._run(self._sizes)  # to warm up

    def _calibrate(self, contender: Contender) -> int:
        """Return the number of calls in a block of about the target CPU time."""
        config, end = self._config, self._now() + 1e9 * self._config.most_seconds
        longest = 1e9 * config.most_block_seconds
        calls = 1
        contender.block(calls)  # the very first call can take 30 times the later ones
        while True:
            # The smaller of two, so that an interruption does not make the blocks too short.
            pair = [contender.block(calls) for _try in range(2)]
            cpu = max(min(block.cpu_ns for block in pair), config.floor_ns)
            wall = max(min(block.wall_ns for block in pair), 1)
            if cpu >= config.target_ns or calls >= config.most_calls or self._now() >= end:
                return calls
            # 1.3 to land beyond the target; 16 since a first small block mostly shows overhead.
            grow = min(16, 1.3 * config.target_ns / cpu, longest / wall)
            if grow <= 1:
                return calls
            calls = min(config.most_calls, max(calls + 1, int(calls * grow)))

    def _run(self, sizes: dict[str, int]) -> dict[str, Block]:
        """Time one block of each contender named, in random order."""
        order = list(sizes)
        self._rng.shuffle(order)
        return {name: self._contenders[name].block(sizes[name]) for name in order}

    def stage(self) -> RaceOutcome:
        """Run rounds until the sequential test stops or time is up."""
        test, start = SequentialTest(self._threshold, self._config), self._now()
        first = len(self.rounds)
        while True:
            if self._rng.random() < self._config.single_share:
                self._run_single_calls(len(self.singles) + 1)
            timed = Round(**self._run(self._sizes))
            self.rounds.append(timed)
            outcome = test.add(log_ratio(timed.baseline, timed.candidate, self._config))
            if outcome is not None:
                return outcome
            seconds = (self._now() - start) / 1e9
            if seconds < self._config.most_seconds:
                continue
            mine = self.rounds[first:]
            if audits.clear_misses(mine, self._threshold, self._config):
                if len(mine) >= self._config.clear_rounds:
                    return RaceOutcome.SLOWER
                continue  # calls of seconds: a few more rounds settle it
            if seconds >= self._config.most_busy_seconds or not audits.busy(
                self.rounds, self._config
            ):
                return RaceOutcome.UNDECIDED

    def _run_single_calls(self, enough: int) -> None:
        """Run single calls until there are `enough`."""
        if self._sizes["candidate"] == 1:
            return  # its blocks are single calls already
        while len(self.singles) < enough:
            blocks = self._run({"candidate": 1, self._trusted: 1})
            single = SingleCall(candidate=blocks["candidate"], trusted=blocks[self._trusted])
            self.singles.append(single)

    def review(self, outcome: RaceOutcome) -> tuple[RaceOutcome, Reason, float | None]:
        """Audit a pass; accept a miss only if the reference clears the threshold.

        Returns:
            The final outcome, its reason, and the ratio that an audit found.
        """
        rounds, threshold, config = self.rounds, self._threshold, self._config
        if outcome is RaceOutcome.FASTER:
            if (found := audits.sleep_audit(rounds, threshold, config)) is not None:
                return RaceOutcome.SLOWER, Reason.SLEEPS, found
            for enough in (
                config.fewest_singles,
                config.most_singles,
            ):  # the second only if suspected
                self._run_single_calls(enough)
                found = audits.batch_audit(rounds, self.singles, threshold, config)
                if found is None:
                    return outcome, Reason.NONE, None
            return RaceOutcome.SLOWER, Reason.BATCH_ONLY, found
        if audits.reference_misses(rounds, threshold, config):
            return RaceOutcome.UNDECIDED, Reason.REFERENCE_MISSES, None
        reason = Reason.NONE
        if outcome is RaceOutcome.UNDECIDED:
            reason = Reason.MACHINE_BUSY if audits.busy(rounds, config) else Reason.TOO_CLOSE
            if not speed_ratios(rounds, "candidate", config):
                reason = Reason.CLOCK_STANDS_STILL
        return outcome, reason, None


def decide(
    baseline: Contender,
    candidate: Contender,
    reference: Contender | None,
    threshold: float,
    *,
    config: RaceConfig = DEFAULT_CONFIG,
    rng: random.Random,
    now: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Decision:
    """Decides whether the candidate is at least `threshold` times faster than the baseline.

    Args:
        baseline: the slow version, trusted.
        candidate: the version under judgment; nothing it says about itself is used.
        reference: a version that should clear the threshold by 1.5; it shows what the machine can
            do now, so that a miss which it shares is not held against the candidate.
        threshold: the required ratio.
        config: the constants.
        rng: draws the order in each round and the times of the audits.
        now: the judge's wall clock, ns.
        sleep: pauses for so many seconds.

    Returns:
        The outcome; never SLOWER unless two stages, or an audit of a pass, found it so.
    """
    start = now()
    contenders = {"baseline": baseline, "candidate": candidate}
    if reference is not None:
        contenders["reference"] = reference
    race = _Race(contenders, threshold, config, rng, now)
    outcome = race.stage()
    if outcome is not RaceOutcome.FASTER:
        sleep(config.pause_seconds)
        outcome = race.stage()
    outcome, reason, found = race.review(outcome)
    names = ("baseline", "candidate", "reference")
    costs = [median_call_ns(blocks_of(race.rounds, name), config) for name in names]
    middle, low, high = median_interval(speed_ratios(race.rounds, "candidate", config))
    lead, lead_low, _high = median_interval(
        speed_ratios(race.rounds, "candidate", config, over="reference")
    )
    return Decision(
        outcome=outcome,
        pairs=len(race.rounds),
        seconds=(now() - start) / 1e9,
        ratio=middle if found is None else found,
        ratio_low=low if found is None else found,
        ratio_high=high if found is None else found,
        baseline_ns=costs[0],
        candidate_ns=costs[1],
        reference_ns=costs[2],
        reference_ratio=median_interval(speed_ratios(race.rounds, "reference", config))[0],
        lead=lead,
        lead_low=lead_low,
        reason=reason,
    )
