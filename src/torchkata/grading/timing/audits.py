"""What a sequential test on CPU time cannot see, read from the same rounds; pure functions."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from torchkata.grading.timing.sequential_test import Round, Rule, Single, blocks_of, paired, typical

if TYPE_CHECKING:
    from collections.abc import Sequence


def reference_misses(rounds: Sequence[Round], threshold: float, rule: Rule) -> bool:
    """Whether the reference would not clear the threshold now either, or not surely.

    A machine under load can shrink every ratio. Where the reference has lost the room that it has
    on a calm machine, a candidate about as fast as it is not failed.
    """
    ratios = paired(rounds, "reference", rule)
    if not ratios:
        return False
    theirs, mine = median(ratios), median(paired(rounds, "candidate", rule) or [0.0])
    if theirs < threshold * rule.reference_margin:
        return True
    return theirs < threshold * rule.reference_room and mine > theirs / rule.reference_room


def busy(rounds: Sequence[Round], rule: Rule) -> bool:
    """Whether other work keeps the baseline, which does not wait by itself, off its core."""
    blocks = blocks_of(rounds, "baseline")
    return median(each.wall_ns / max(each.cpu_ns, rule.floor_ns) for each in blocks) > rule.busy


def slept(rounds: Sequence[Round], threshold: float, rule: Rule) -> float | None:
    """The sleep audit: waiting uses no CPU time, so it must not buy a pass.

    Long wall time alone proves nothing, for so it looks to be interrupted. To sleep, though, a
    process gives its core up by itself. Whoever does that in most blocks is judged by its shortest
    wall time, and only by a wide margin, so interruptions cannot fail it even then.

    Returns:
        The wall time ratio that misses the threshold, or None.
    """

    def sleeps(each: Round) -> bool:
        mine, theirs = each.candidate, each.baseline
        if mine.switches is None or theirs.switches is None:
            return False
        over = mine.switches - theirs.switches
        return (
            mine.wall_ns > rule.idle * max(mine.cpu_ns, rule.floor_ns)
            and over >= rule.idle_switches * mine.calls
        )

    if 2 * sum(map(sleeps, rounds)) <= len(rounds):
        return None
    shortest = min(each.candidate.wall_ns / each.candidate.calls for each in rounds)
    ratio = min(each.baseline.wall_ns / each.baseline.calls for each in rounds) / shortest
    return ratio if ratio < threshold / rule.wall_slack else None


def batched(
    rounds: Sequence[Round], singles: Sequence[Single], threshold: float, rule: Rule
) -> float | None:
    """The batch audit: a block must not be cheap only because its inputs came together.

    A single call costs an honest contender more too: its code and data have left the caches, and
    it bears a whole message alone. How much more, the reference shows (or the baseline, where
    there is none). The candidate fails if it pays far more than that *and*, with that taken off,
    its single calls miss the threshold. The quickest quarter of them counts, for interruptions
    make a call cost more, while nothing makes all the work of one call cost less.

    Args:
        rounds: the rounds of whole blocks.
        singles: the single calls.
        threshold: the ratio asked for.
        rule: the constants.

    Returns:
        The ratio that single calls reach, where they fail the candidate, or None.
    """
    sound = sorted(
        each.candidate.cpu_ns for each in singles if each.candidate.cpu_ns >= rule.floor_ns
    )
    if not sound:  # none was made, as the blocks were single calls already, or none can be read
        return None
    block = typical(blocks_of(rounds, "candidate"), rule)
    single = sound[len(sound) // 4]
    together = blocks_of(rounds, "reference") or blocks_of(rounds, "baseline")
    extra = typical([each.honest for each in singles], rule) - typical(together, rule)
    unknown = together[0].calls == 1  # its blocks were single calls already
    cold = max(extra, rule.cold_unknown_ns if unknown else rule.cold_ns)
    net = max(single - cold, rule.floor_ns)
    ratio = typical(blocks_of(rounds, "baseline"), rule) / net
    too_much = single > rule.batch_factor * block + rule.cold_factor * cold
    return ratio if too_much and ratio * rule.batch_slack < threshold else None
