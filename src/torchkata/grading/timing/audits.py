"""Audits of a race: what a test on CPU time cannot see, from the same rounds. Pure functions."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from torchkata.grading.timing.race_config import RaceConfig
from torchkata.grading.timing.sequential_test import (
    Round,
    SingleCall,
    blocks_of,
    median_call_ns,
    speed_ratios,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def reference_misses(rounds: Sequence[Round], threshold: float, config: RaceConfig) -> bool:
    """Return whether the reference misses the threshold now too, or clears it by too little.

    A machine under load can shrink every ratio. If the reference has lost the margin that it has
    on an idle machine, a candidate about as fast as the reference is not failed.
    """
    ratios = speed_ratios(rounds, "reference", config)
    if not ratios:
        return False
    theirs, mine = median(ratios), median(speed_ratios(rounds, "candidate", config) or [0.0])
    if theirs < threshold * config.reference_margin:
        return True
    return theirs < threshold * config.reference_room and mine > theirs / config.reference_room


def clear_misses(rounds: Sequence[Round], threshold: float, config: RaceConfig) -> bool:
    """Return whether the candidate misses the threshold by far in every one of the rounds.

    If its calls take so long that time is up after a few rounds, the sequential test cannot decide,
    since it trusts no single round. Rounds that long have little noise, though.
    """
    ratios = speed_ratios(rounds, "candidate", config)
    return len(ratios) == len(rounds) > 0 and max(ratios) * config.clear_factor < threshold


def busy(rounds: Sequence[Round], config: RaceConfig) -> bool:
    """Return whether other work keeps the baseline, which never waits by itself, off its core."""
    blocks = blocks_of(rounds, "baseline")
    return median(each.wall_ns / max(each.cpu_ns, config.floor_ns) for each in blocks) > config.busy


def sleep_audit(rounds: Sequence[Round], threshold: float, config: RaceConfig) -> float | None:
    """Find a candidate that sleeps: waiting uses no CPU time, so it must not buy a pass.

    Long wall time alone proves nothing, because an interrupted process has it too. To sleep,
    however, a process gives up its core voluntarily. A candidate that does so in most blocks is
    judged by its shortest wall time, with a wide margin, so that interruptions cannot fail it.

    Returns:
        The wall time ratio that misses the threshold, or None.
    """

    def sleeps(each: Round) -> bool:
        mine, theirs = each.candidate, each.baseline
        if mine.switches is None or theirs.switches is None:
            return False
        over = mine.switches - theirs.switches
        return (
            mine.wall_ns > config.idle * max(mine.cpu_ns, config.floor_ns)
            and over >= config.idle_switches * mine.calls
        )

    if 2 * sum(map(sleeps, rounds)) <= len(rounds):
        return None
    shortest = min(each.candidate.wall_ns / each.candidate.calls for each in rounds)
    ratio = min(each.baseline.wall_ns / each.baseline.calls for each in rounds) / shortest
    return ratio if ratio < threshold / config.wall_slack else None


def batch_audit(
    rounds: Sequence[Round], singles: Sequence[SingleCall], threshold: float, config: RaceConfig
) -> float | None:
    """Find a candidate that is only fast in blocks, whose inputs arrive together.

    A single call costs a trusted contender more too: its code and data have left the caches, and
    it pays for a whole message alone. The reference shows how much more (or the baseline, if there
    is no reference). The candidate fails if it pays far more than that *and*, with that
    subtracted, its single calls miss the threshold. The fastest quarter counts, because
    interruptions make a call cost more, while nothing makes the work of a call cost less.

    Args:
        rounds: the rounds of whole blocks.
        singles: the single calls.
        threshold: the required ratio.
        config: the constants.

    Returns:
        The ratio that single calls reach, if they fail the candidate, else None.
    """
    sound = sorted(
        each.candidate.cpu_ns for each in singles if each.candidate.cpu_ns >= config.floor_ns
    )
    if not sound:  # the blocks were single calls already, or no reading is usable
        return None
    block = median_call_ns(blocks_of(rounds, "candidate"), config)
    single = sound[len(sound) // 4]
    together = blocks_of(rounds, "reference") or blocks_of(rounds, "baseline")
    extra = median_call_ns([each.trusted for each in singles], config) - median_call_ns(
        together, config
    )
    unknown = together[0].calls == 1  # its blocks were single calls already
    cold = max(extra, config.cold_unknown_ns if unknown else config.cold_ns)
    net = max(single - cold, config.floor_ns)
    ratio = median_call_ns(blocks_of(rounds, "baseline"), config) / net
    too_much = single > config.batch_factor * block + config.cold_factor * cold
    return ratio if too_much and ratio * config.batch_slack < threshold else None
