"""Decides by the clock whether a candidate is k times faster than a baseline, or says it cannot.

One timing proves nothing on a busy machine. So the contenders, each in a process of its own, are
timed in *rounds*: each runs one block of calls, in random order, and only the ratio within a round
counts. A sequential test adds up what the rounds say and stops as soon as either answer is sure.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torchkata.grading.timing import audits
from torchkata.grading.timing.sequential_test import (
    Block,
    Outcome,
    Round,
    Rule,
    Single,
    Stage,
    blocks_of,
    log_ratio,
    median_interval,
    paired,
    typical,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = ["Block", "Contender", "Decision", "Outcome", "Rule", "Stage", "decide"]

DEFAULT_RULE = Rule()
"""The rule that the error rates were measured with."""


class Contender(Protocol):
    """Something that can be timed."""

    def block(self, calls: int, /) -> Block:
        """Makes `calls` calls on fresh inputs, verifies each answer, says what they took.

        Raises:
            Exception: whatever a wrong answer or a dead worker calls for; it ends the decision.
        """


@dataclass(frozen=True, kw_only=True)
class Decision:
    """An outcome and the figures behind it.

    Attributes:
        outcome: FASTER, SLOWER, or UNDECIDED, which is never a fail.
        pairs: rounds that were timed.
        seconds: wall time that deciding took.
        ratio: the median over rounds of baseline over candidate, a call. Where an audit decided
            ("sleeps", "batch only"), the ratio that the audit found.
        ratio_low: lower end of a 95% interval for that median; the audit's ratio likewise.
        ratio_high: its upper end.
        baseline_ns: median CPU time of a call.
        candidate_ns: median CPU time of a call.
        reference_ns: median CPU time of a call; 0 without a reference.
        reference_ratio: as `ratio`, for the reference; 0 without one.
        lead: the median over rounds of reference over candidate, a call; 0 without a reference.
        lead_low: lower end of a 95% interval for that median.
        reason: empty where the sequential test alone decided; else "sleeps", "batch only",
            "the reference misses it too", "the clock stands still", "machine too busy" or
            "too close to call".
    """

    outcome: Outcome
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
    reason: str = ""


class _Race:
    """The contenders, the sizes of their blocks, and all rounds that they have run."""

    def __init__(
        self,
        contenders: dict[str, Contender],
        threshold: float,
        rule: Rule,
        rng: random.Random,
        now: Callable[[], int],
    ) -> None:
        self._contenders = contenders
        self._threshold = threshold
        self._rule = rule
        self._rng = rng
        self._now = now
        self.rounds: list[Round] = []
        self.singles: list[Single] = []
        self._honest = "reference" if "reference" in contenders else "baseline"
        self._sizes = {name: self._calibrate(each) for name, each in contenders.items()}
        self._run(self._sizes)  # to warm up

    def _calibrate(self, contender: Contender) -> int:
        """Calls for a block of about the target's CPU time."""
        rule, end = self._rule, self._now() + 1e9 * self._rule.cap_seconds
        longest = 1e9 * rule.max_block_seconds
        calls = 1
        contender.block(calls)  # the very first call can take 30 times the later ones
        while True:
            # The smaller of two, so that an interruption does not make the blocks too short.
            pair = [contender.block(calls) for _ in range(2)]
            cpu = max(min(block.cpu_ns for block in pair), rule.floor_ns)
            wall = max(min(block.wall_ns for block in pair), 1)
            if cpu >= rule.target_ns or calls >= rule.max_calls or self._now() >= end:
                return calls
            # 1.3 to land beyond the target; 16 since a first small block mostly shows overhead.
            grow = min(16, 1.3 * rule.target_ns / cpu, longest / wall)
            if grow <= 1:
                return calls
            calls = min(rule.max_calls, max(calls + 1, int(calls * grow)))

    def _run(self, sizes: dict[str, int]) -> dict[str, Block]:
        """Times one block of each contender named, in random order."""
        order = list(sizes)
        self._rng.shuffle(order)
        return {name: self._contenders[name].block(sizes[name]) for name in order}

    def stage(self) -> Outcome:
        """Runs rounds until the sequential test stops or time is up."""
        test, start = Stage(self._threshold, self._rule), self._now()
        while True:
            if self._rng.random() < self._rule.single_share:
                self._ask_singly(len(self.singles) + 1)
            timed = Round(**self._run(self._sizes))
            self.rounds.append(timed)
            outcome = test.add(log_ratio(timed.baseline, timed.candidate, self._rule))
            if outcome is not None:
                return outcome
            seconds = (self._now() - start) / 1e9
            if seconds >= self._rule.cap_seconds and (
                seconds >= self._rule.cap_busy_seconds or not audits.busy(self.rounds, self._rule)
            ):
                return Outcome.UNDECIDED

    def _ask_singly(self, enough: int) -> None:
        """Tops the single calls up to `enough`."""
        if self._sizes["candidate"] == 1:
            return  # its blocks are single calls already
        while len(self.singles) < enough:
            blocks = self._run({"candidate": 1, self._honest: 1})
            single = Single(candidate=blocks["candidate"], honest=blocks[self._honest])
            self.singles.append(single)

    def review(self, outcome: Outcome) -> tuple[Outcome, str, float | None]:
        """Audits a pass, and holds a miss against the candidate only if the reference clears it.

        Returns:
            The final outcome, its reason, and the ratio that an audit found.
        """
        rounds, threshold, rule = self.rounds, self._threshold, self._rule
        if outcome is Outcome.FASTER:
            if (found := audits.slept(rounds, threshold, rule)) is not None:
                return Outcome.SLOWER, "sleeps", found
            for enough in (rule.min_singles, rule.max_singles):  # the second if suspected only
                self._ask_singly(enough)
                found = audits.batched(rounds, self.singles, threshold, rule)
                if found is None:
                    return outcome, "", None
            return Outcome.SLOWER, "batch only", found
        if audits.reference_misses(rounds, threshold, rule):
            return Outcome.UNDECIDED, "the reference misses it too", None
        reason = ""
        if outcome is Outcome.UNDECIDED:
            reason = "machine too busy" if audits.busy(rounds, rule) else "too close to call"
            if not paired(rounds, "candidate", rule):
                reason = "the clock stands still"
        return outcome, reason, None


def decide(
    baseline: Contender,
    candidate: Contender,
    reference: Contender | None,
    threshold: float,
    *,
    rule: Rule = DEFAULT_RULE,
    rng: random.Random,
    now: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Decision:
    """Decides whether the candidate is at least `threshold` times faster than the baseline.

    Args:
        baseline: the slow version, trusted.
        candidate: the version under judgement; nothing it says about itself is used.
        reference: a version that should clear the threshold by 1.5; it shows what the machine can
            do now, so that a miss which it shares is not held against the candidate.
        threshold: the ratio asked for.
        rule: the constants.
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
    race = _Race(contenders, threshold, rule, rng, now)
    outcome = race.stage()
    if outcome is not Outcome.FASTER:
        sleep(rule.pause_seconds)
        outcome = race.stage()
    outcome, reason, found = race.review(outcome)
    names = ("baseline", "candidate", "reference")
    costs = [typical(blocks_of(race.rounds, name), rule) for name in names]
    middle, low, high = median_interval(paired(race.rounds, "candidate", rule))
    lead, lead_low, _ = median_interval(paired(race.rounds, "candidate", rule, over="reference"))
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
        reference_ratio=median_interval(paired(race.rounds, "reference", rule))[0],
        lead=lead,
        lead_low=lead_low,
        reason=reason,
    )
