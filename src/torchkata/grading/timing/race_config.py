"""The constants of a race: block sizes, rounds and caps, evidence, audits."""

from __future__ import annotations

import math
from dataclasses import dataclass


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
        clear_factor: stage: by how much every round must miss the threshold for a candidate to be
            slower although time is up before the test can decide.
        clear_rounds: stage: fewest rounds for that.
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
    clear_factor: float = 2.0
    clear_rounds: int = 3
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
