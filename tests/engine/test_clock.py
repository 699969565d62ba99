"""The clock's verdicts: error rates on simulated and recorded noise, audits, bounds."""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from torchkata.grading.timing import audits
from torchkata.grading.timing.race import (
    Block,
    RaceConfig,
    RaceOutcome,
    Reason,
    SequentialTest,
    decide,
)
from torchkata.grading.timing.sequential_test import (
    Round,
    SingleCall,
    log_ratio,
    median_interval,
    speed_ratios,
)
from torchkata.sandbox.cpu_clock import CpuClock, voluntary_switches

RECORDED = Path(__file__).parent / "recorded"
CONFIG = RaceConfig()
D = CONFIG.delta
TO_PASS, TO_LOSE = 11, 7  # rounds that a stage takes at least


def load(name):
    kinds = json.loads((RECORDED / f"{name}.json").read_text())

    def blocks(row):
        return [Block(calls=c, cpu_ns=cpu, wall_ns=wall, switches=s) for c, cpu, wall, s in row]

    found = {}
    for kind, data in kinds.items():
        if kind == "spinners":
            continue
        rounds = [
            Round(baseline=a, candidate=b, reference=c) for a, b, c in map(blocks, data["rounds"])
        ]
        singles = [SingleCall(candidate=a, trusted=b) for a, b in map(blocks, data["singles"])]
        found[kind] = (rounds, singles)
    return found


TRACES = {name: load(name) for name in ("quiet", "busy")}


# Simulated contenders on a simulated clock


class World:
    """Time that passes only when a contender works, and the noise that all of them share."""

    def __init__(self, noise, rng, *, stolen=1.0):
        self.ns, self.noise, self.rng, self.stolen, self.sleep_audit = 0.0, noise, rng, stolen, []
        self.state = {"log_speed": 0.0, "burst": False}

    def now(self):
        """The wall clock, ns."""
        return int(self.ns)

    def sleep(self, seconds):
        """Passes the time."""
        self.sleep_audit.append(seconds)
        self.ns += seconds * 1e9


class Simulated:
    """Costs `ns` a call and `own` ns a block; `once` makes a whole block cost one call."""

    def __init__(self, world, ns, *, own=0, once=False, waits_ns=0, reads=None):
        self.world, self.ns, self.own, self.once, self.waits_ns = world, ns, own, once, waits_ns
        self.reads, self.asked = reads, []

    def block(self, calls, /):
        """Notes how many calls were asked for, and takes its time."""
        self.asked.append(calls)
        world = self.world
        work = self.own + self.ns * (1 if self.once else calls)
        cpu = work * math.exp(world.noise(world))
        wall = cpu * world.stolen + self.waits_ns * calls
        world.ns += wall
        switches = calls if self.waits_ns else 0
        if self.reads is not None:
            cpu = self.reads
        return Block(calls=calls, cpu_ns=cpu, wall_ns=wall, switches=switches)


def none(world):
    return 0.0


def laplace(world, width=0.12):
    return world.rng.choice((-1, 1)) * world.rng.expovariate(1 / width)


def heavy_tails(world):
    extra = math.log(world.rng.paretovariate(1.0)) if world.rng.random() < 0.1 else 0.0
    return laplace(world, 0.08) + extra


def drift(world):
    world.state["log_speed"] = 0.98 * world.state["log_speed"] + world.rng.gauss(0, 0.05)
    return world.state["log_speed"] + laplace(world, 0.08)


def bursts(world):
    if world.rng.random() < 0.05:  # some 20 blocks on end
        world.state["burst"] = not world.state["burst"]
    return laplace(world, 0.3 if world.state["burst"] else 0.05)


def verdict(
    ratio, threshold, noise=none, seed=0, *, stolen=1.0, config=CONFIG, reference=None, **how
):
    """Decides on simulated contenders whose true ratio is known."""
    world = World(noise, random.Random(seed), stolen=stolen)
    base = Simulated(world, 1_000_000 * how.get("scale", 1))
    how.pop("scale", None)
    candidate = Simulated(world, base.ns / ratio, **how)
    third = Simulated(world, base.ns / reference) if reference else None
    decision = decide(
        base,
        candidate,
        third,
        threshold,
        config=config,
        rng=random.Random(seed),
        now=world.now,
        sleep=world.sleep,
    )
    return decision, world, candidate


def at_most(wrong, total):
    """The error rate that so few wrong exclude at 95% (Poisson, by bisection)."""
    low, high = 0.0, 20.0 + 3 * wrong
    for _ in range(60):
        rate = (low + high) / 2
        few = sum(math.exp(-rate) * rate**n / math.factorial(n) for n in range(wrong + 1))
        low, high = (rate, high) if few > 0.05 else (low, rate)
    return high / total


@pytest.mark.parametrize("noise", [laplace, heavy_tails, drift, bursts], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("factor", "right"),
    [(1.25, RaceOutcome.FASTER), (1 / 1.25, RaceOutcome.SLOWER)],
    ids=["pass", "fail"],
)
def test_error_rate_on_simulated_noise(noise, factor, right):
    """At a quarter from the threshold, at most 1 verdict in 1,000 is wrong, under any noise."""
    total = 5_000
    outcomes = [
        verdict(1.5 * factor, 1.5, noise, seed, config=RaceConfig(single_share=0))[0].outcome
        for seed in range(total)
    ]

    wrong = sum(outcome not in (right, RaceOutcome.UNDECIDED) for outcome in outcomes)
    assert at_most(wrong, total) <= 1e-3
    assert outcomes.count(RaceOutcome.UNDECIDED) <= 0.01 * total


def replay(logs, log_threshold, rng, config=CONFIG):
    """Two stages on recorded log ratios, drawn as runs of 10 rounds that followed each other."""

    def stream():
        while True:
            start = rng.randrange(len(logs) - 10)
            yield from logs[start : start + 10]

    outcome = RaceOutcome.UNDECIDED
    for _ in range(2):
        stage = SequentialTest(math.exp(log_threshold), config)
        outcome = next(found for found in map(stage.add, stream()) if found)
        if outcome is RaceOutcome.FASTER:
            break
    return outcome


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize(
    ("shift", "right"), [(-D, RaceOutcome.FASTER), (D, RaceOutcome.SLOWER)], ids=["pass", "fail"]
)
def test_error_rate_on_recorded_rounds(trace, shift, right):
    """Replaying what this machine measured, at most 1 verdict in 1,000 is wrong."""
    rounds, _ = TRACES[trace]["honest"]
    logs = [log_ratio(each.baseline, each.candidate, CONFIG) for each in rounds]
    truth = statistics.median(value for value in logs if value is not None)
    rng, total = random.Random(5), 5_000

    outcomes = [replay(logs, truth + shift, rng) for _ in range(total)]

    wrong = sum(outcome not in (right, RaceOutcome.UNDECIDED) for outcome in outcomes)
    assert at_most(wrong, total) <= 1e-3


def test_one_timing_of_each_would_be_wrong_often():
    """The noise in these tests is real noise: a single pair is wrong in over 3% of cases."""
    wrong = 0
    for seed in range(2_000):
        world = World(heavy_tails, random.Random(seed))
        pair = [Simulated(world, ns).block(1).cpu_ns for ns in (1.25e6, 1e6)]
        wrong += pair[0] / pair[1] < 1
    assert wrong > 60


def test_too_trusting_a_rule_is_caught_by_these_tests():
    """A scale far too small is wrong more than 1 time in 100, so the error rate can be missed."""
    config = RaceConfig(scale=0.02, single_share=0)
    outcomes = [verdict(1.2, 1.5, bursts, seed, config=config)[0].outcome for seed in range(1_000)]

    assert outcomes.count(RaceOutcome.FASTER) > 10


# The sequential test


def test_stage_needs_eleven_pairs_to_pass_and_seven_to_lose():
    """However large a ratio, it takes 11 rounds to say faster and 7 to say slower."""
    for log, needed, outcome in (
        (50.0, TO_PASS, RaceOutcome.FASTER),
        (-50.0, TO_LOSE, RaceOutcome.SLOWER),
    ):
        stage = SequentialTest(2.0, CONFIG)
        answers = [stage.add(log) for _ in range(needed)]
        assert answers == [None] * (needed - 1) + [outcome]


def test_one_wild_round_cannot_decide():
    """One round with an absurd ratio counts no more than one that lies a delta off."""
    wild, tame = SequentialTest(2.0, CONFIG), SequentialTest(2.0, CONFIG)
    wild.add(1e9)
    tame.add(math.log(2) + D)
    for stage in (wild, tame):
        assert [stage.add(math.log(2) + D) for _ in range(TO_PASS - 1)][-1] is RaceOutcome.FASTER


def test_stage_gives_up_at_its_cap():
    """Rounds right at the threshold, or without a reading, end undecided after `cap_pairs`."""
    for log in (math.log(2), None):
        stage = SequentialTest(2.0, CONFIG)
        answers = [stage.add(log) for _ in range(CONFIG.most_rounds)]
        assert answers[-1] is RaceOutcome.UNDECIDED
        assert set(answers[:-1]) == {None}


def test_median_interval_encloses_the_median_as_often_as_it_says():
    """The interval misses the true median in at most 5% of samples, and is not all too wide."""
    rng, missed = random.Random(3), 0
    for _ in range(2_000):
        middle, low, high = median_interval([rng.expovariate(1) for _ in range(15)])
        assert low <= middle <= high
        missed += not low <= math.log(2) <= high
    assert 0.01 * 2_000 < missed < 0.05 * 2_000  # 15 values give 3.5%
    assert median_interval([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert median_interval([]) == (0.0, 0.0, 0.0)
    assert median_interval(range(1, 9))[1:] == (1, 8)
    assert median_interval(range(1, 10))[1:] == (2, 8)
    assert median_interval(range(1, 16))[1:] == (4, 12)  # as tables of the sign test have it


# The whole decision


def test_figures_of_a_decision():
    """Without noise the figures are the true ones, and pairs, seconds and reason say the rest."""
    decision, world, _ = verdict(4.0, 2.0, reference=5.0)

    assert decision.outcome is RaceOutcome.FASTER
    assert decision.reason is Reason.NONE
    assert decision.pairs == TO_PASS
    assert decision.seconds == pytest.approx(world.ns / 1e9)
    assert (decision.ratio, decision.ratio_low, decision.ratio_high) == pytest.approx((4, 4, 4))
    assert decision.reference_ratio == pytest.approx(5.0)
    costs = (decision.baseline_ns, decision.candidate_ns, decision.reference_ns)
    assert costs == pytest.approx((1_000_000, 250_000, 200_000))


def test_a_lost_stage_is_repeated_once_after_a_pause():
    """A miss takes two lost stages with a pause between; a pass takes one stage and no pause."""
    lost, world, _ = verdict(1.0, 2.0)
    assert (lost.outcome, lost.pairs, world.sleep_audit) == (
        RaceOutcome.SLOWER,
        2 * TO_LOSE,
        [CONFIG.pause_seconds],
    )

    won, world, _ = verdict(4.0, 2.0)
    assert (won.outcome, world.sleep_audit) == (RaceOutcome.FASTER, [])


def test_a_second_stage_rescues_a_bad_first():
    """Who loses the first stage to an accident and wins the second has passed."""
    world = World(none, random.Random(0))
    slow, fast = Simulated(world, 1e6), Simulated(world, 5e5)

    def sleep(seconds):
        slow.ns = 4e6

    decision = decide(slow, fast, None, 4.0, rng=random.Random(0), now=world.now, sleep=sleep)

    assert decision.outcome is RaceOutcome.FASTER
    assert decision.pairs == TO_LOSE + TO_PASS


def test_undecided_at_the_cap():
    """A candidate right at the threshold is too close to call, within twice the cap of rounds."""
    decision, _, _ = verdict(2.0, 2.0)

    assert (decision.outcome, decision.reason) == (RaceOutcome.UNDECIDED, Reason.TOO_CLOSE)
    assert decision.pairs == 2 * CONFIG.most_rounds


@pytest.mark.parametrize(("stolen", "bound"), [(1.0, 3.0), (4.0, 10.0)])
def test_seconds_are_bounded(stolen, bound):
    """A stage of slow blocks ends after 3 s, on a busy machine after 10 s, and says which."""
    decision, _, _ = verdict(2.0, 2.0, stolen=stolen, scale=50)

    assert decision.outcome is RaceOutcome.UNDECIDED
    assert decision.reason == (Reason.MACHINE_BUSY if stolen > 1 else Reason.TOO_CLOSE)
    calibration, block = 6 * 0.05 * stolen, 0.075 * stolen
    assert 2 * bound < decision.seconds < 2 * bound + 2 * calibration + 2 * block


@pytest.mark.parametrize("ratio", [1.0, 2.0], ids=["slower", "undecided"])
def test_a_miss_that_the_reference_shares_is_not_held_against_the_candidate(ratio):
    """Where the reference does not clear the threshold now, nobody fails it."""
    shared, _, _ = verdict(ratio, 2.0, reference=2.05)
    assert (shared.outcome, shared.reason) == (RaceOutcome.UNDECIDED, Reason.REFERENCE_MISSES)

    alone, _, _ = verdict(ratio, 2.0, reference=3.0)
    assert alone.reason != Reason.REFERENCE_MISSES
    assert (alone.outcome is RaceOutcome.SLOWER) == (ratio == 1.0)


def test_a_right_answer_is_not_failed_where_the_reference_has_lost_its_room():
    """Near the reference a miss counts only where the reference clears the threshold by 1.5."""
    near, _, _ = verdict(1.6, 2.0, reference=2.3)
    assert (near.outcome, near.reason) == (RaceOutcome.UNDECIDED, Reason.REFERENCE_MISSES)

    far, _, _ = verdict(1.0, 2.0, reference=2.3)
    roomy, _, _ = verdict(1.6, 2.0, reference=3.2)
    assert far.outcome is roomy.outcome is RaceOutcome.SLOWER


def test_a_pass_does_not_ask_the_reference():
    """A candidate that clears what the reference misses has passed."""
    assert verdict(4.0, 2.0, reference=1.0)[0].outcome is RaceOutcome.FASTER


@pytest.mark.parametrize("reads", [0, -5_000, 999])
def test_a_clock_that_stands_still_is_never_fast(reads):
    """Blocks that read no time at all are no evidence: undecided, however often."""
    decision, _, _ = verdict(1.0, 2.0, reads=reads)

    assert decision.outcome is RaceOutcome.UNDECIDED
    assert decision.reason is Reason.CLOCK_STANDS_STILL


def test_odd_zero_readings_do_not_hurt():
    """A reading of zero now and then changes nothing: such a round is skipped."""
    blocks = [Block(calls=1, cpu_ns=cpu, wall_ns=1e6) for cpu in (1e6, 0)]
    assert log_ratio(blocks[0], blocks[1], CONFIG) is None
    assert log_ratio(blocks[1], blocks[0], CONFIG) is None
    assert log_ratio(blocks[0], blocks[0], CONFIG) == 0


def test_blocks_reach_the_target_and_no_more_calls_than_allowed():
    """Block sizes come near the target's CPU time; very cheap calls stop at `most_calls`."""
    for ns, low, high in ((1e6, 1, 1), (1e5, 5, 8), (1e4, 50, 64), (100, 64, 64)):
        world = World(none, random.Random(0))
        contender = Simulated(world, ns)
        decide(contender, contender, None, 9.0, rng=random.Random(0), now=world.now, sleep=id)
        assert low <= contender.asked[-1] <= high
        assert max(contender.asked) <= 64


def test_calibration_does_not_wait_for_a_sleeper():
    """A candidate that sleeps 4 ms a call gets blocks of some 50 ms, not of 256 calls."""
    decision, _, candidate = verdict(2_000, 2.0, waits_ns=4_000_000)

    assert 2 <= max(candidate.asked) <= 16
    assert decision.seconds < 3


def test_the_order_in_a_round_is_random():
    """Each contender comes first in about half of the rounds, as the generator says."""
    order = []

    class Noting(Simulated):
        def block(self, calls, /):
            order.append(self)
            return super().block(calls)

    world = World(none, random.Random(0))
    pair = (Noting(world, 1e6), Noting(world, 5e5))
    config = RaceConfig(single_share=0)
    decide(*pair, None, 2.0, config=config, rng=random.Random(7), now=world.now, sleep=world.sleep)

    timed = order[-2 * 2 * CONFIG.most_rounds :]
    firsts = timed[::2].count(pair[0])
    assert all(set(timed[i : i + 2]) == set(pair) for i in range(0, len(timed), 2))
    assert 160 < firsts < 240  # of 400; four standard deviations are 40


def test_the_same_generator_gives_the_same_decision():
    """With the same draws and the same readings, every figure is the same; else they differ."""
    first, second, other = (verdict(1.9, 1.5, laplace, seed)[0] for seed in (4, 4, 5))
    assert first == second
    assert first != other


def test_a_wrong_answer_ends_the_decision():
    """What a contender raises, such as on a wrong answer, comes out as it is."""

    class Wrong(Simulated):
        def block(self, calls, /):
            if len(self.asked) == 9:
                raise ValueError("wrong answer")
            return super().block(calls)

    world = World(none, random.Random(0))
    with pytest.raises(ValueError, match="wrong answer"):
        decide(Simulated(world, 1e6), Wrong(world, 1e6), None, 2.0, rng=random.Random(0))


# The audits


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("kind", ["honest", "quick", "long"])
def test_audits_never_trip_on_honest_rounds(trace, kind):
    """No 11 recorded rounds on end, however interrupted, look like a cheat at their threshold."""
    rounds, singles = TRACES[trace][kind]
    threshold = statistics.median(speed_ratios(rounds, "candidate", CONFIG)) / 1.05
    for start in range(len(rounds) - TO_PASS):
        some = rounds[start : start + TO_PASS]
        few = singles[start // 4 : start // 4 + 3]
        assert audits.sleep_audit(some, threshold, CONFIG) is None
        assert audits.batch_audit(some, few, threshold, CONFIG) is None


@pytest.mark.parametrize("trace", TRACES)
def test_interruptions_alone_do_not_look_like_sleep(trace):
    """Long recorded calls, cut short by other work, pass even if each switch were voluntary."""
    rounds = [
        Round(
            baseline=each.baseline,
            candidate=Block(
                calls=each.candidate.calls,
                cpu_ns=each.candidate.cpu_ns,
                wall_ns=each.candidate.wall_ns,
                switches=(each.baseline.switches or 0) + each.candidate.calls,
            ),
        )
        for each in TRACES[trace]["long"][0]
    ]
    threshold = statistics.median(speed_ratios(rounds, "candidate", CONFIG)) / 1.05
    assert all(
        audits.sleep_audit(rounds[start : start + TO_PASS], threshold, CONFIG) is None
        for start in range(len(rounds) - TO_PASS)
    )


@pytest.mark.parametrize("trace", TRACES)
def test_sleep_audit_trips_on_a_recorded_sleeper(trace):
    """A millisecond's sleep a call, against a baseline of 9 us, is found in any 11 rounds."""
    rounds, _ = TRACES[trace]["sleeper"]
    for start in range(len(rounds) - TO_PASS):
        found = audits.sleep_audit(rounds[start : start + TO_PASS], 1.1, CONFIG)
        assert found is not None
        assert found < 0.1


def test_sleep_audit_needs_switches_in_most_rounds_and_a_wide_miss():
    """Long wall time, few switches, an unknown count, or a narrow miss alone fail nobody."""

    def rounds(wall=100e6, switches=1, of=7):
        base = Block(calls=1, cpu_ns=2e6, wall_ns=2e6, switches=0)
        still = Block(calls=1, cpu_ns=1e6, wall_ns=100e6, switches=0)
        asleep = Block(calls=1, cpu_ns=1e6, wall_ns=wall, switches=switches)
        return [Round(baseline=base, candidate=asleep)] * of + [
            Round(baseline=base, candidate=still)
        ] * (7 - of)

    assert audits.sleep_audit(rounds(), 2.0, CONFIG) == pytest.approx(0.02)
    assert audits.sleep_audit(rounds(of=4), 2.0, CONFIG) is not None
    assert audits.sleep_audit(rounds(of=3), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(switches=0), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(switches=None), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(wall=3.1e6), 1.9, CONFIG) is None


def test_a_sleeper_does_not_pass():
    """A candidate that waits for its answers is judged by the wall, and fails."""
    decision, _, _ = verdict(1_000.0, 2.0, waits_ns=4_000_000)

    assert (decision.outcome, decision.reason) == (RaceOutcome.SLOWER, Reason.SLEEPS)
    assert decision.ratio < 2 / 3
    assert verdict(1_000.0, 2.0, stolen=5.0)[0].outcome is RaceOutcome.FASTER


@pytest.mark.parametrize("trace", TRACES)
def test_batch_audit_trips_on_a_recorded_batcher(trace):
    """Who computes once for a whole block of 256 is found by single calls in any 11 rounds."""
    rounds, singles = TRACES[trace]["batcher"]
    for start in range(len(rounds) - TO_PASS):
        few = singles[start // 4 : start // 4 + 3]
        found = audits.batch_audit(rounds[start : start + TO_PASS], few, 5.0, CONFIG)
        assert found is not None
        assert found < 2


def costs(candidate, reference, base=1e6):
    """Rounds and singles of given ns a call: (calls, in a block, singly)."""

    def block(calls, ns):
        return Block(calls=calls, cpu_ns=calls * ns, wall_ns=calls * ns)

    timed = Round(
        baseline=block(1, base),
        candidate=block(*candidate[:2]),
        reference=block(*reference[:2]) if reference else None,
    )
    trusted = block(1, reference[2]) if reference else block(1, base)
    single = SingleCall(candidate=block(1, candidate[2]), trusted=trusted)
    return [timed] * 7, [single] * 3


def test_batch_audit_allows_what_the_reference_pays():
    """Cold calls cost more; only far more than the reference's, and over the threshold, fails."""

    def found(threshold, candidate, reference, base=1e6):
        return audits.batch_audit(*costs(candidate, reference, base), threshold, CONFIG)

    # As cold as the reference: fine. Ten times that, and too slow with it: not.
    assert found(100, (50, 5e3, 60e3), (100, 5e3, 60e3)) is None
    assert found(100, (50, 5e3, 600e3), (100, 5e3, 60e3)) == pytest.approx(1e6 / 545e3)
    # The same surcharge is no cheat where single calls clear the threshold all the same.
    assert found(1.5, (50, 5e3, 600e3), (100, 5e3, 60e3)) is None
    # Where blocks of the honest are single calls, their surcharge is unknown: allow a lot.
    assert found(300, (256, 1e3, 100e3), None) is None
    assert found(300, (256, 1e3, 900e3), None) is not None
    # Without single calls, or with none that can be read, there is nothing to say.
    rounds, singles = costs((50, 5e3, 0.0), (100, 5e3, 60e3))
    assert audits.batch_audit(rounds, [], 100, CONFIG) is None
    assert audits.batch_audit(rounds, singles, 100, CONFIG) is None


def test_batch_audit_goes_by_the_quickest_quarter():
    """Quick single calls clear who is interrupted in the others; a zero reading clears nobody."""
    rounds, slow = costs((50, 5e3, 600e3), (100, 5e3, 60e3))
    _, quick = costs((50, 5e3, 60e3), (100, 5e3, 60e3))

    assert audits.batch_audit(rounds, slow * 4 + quick, 100, CONFIG) is not None
    assert audits.batch_audit(rounds, slow * 3 + quick, 100, CONFIG) is not None
    assert audits.batch_audit(rounds, slow * 2 + quick, 100, CONFIG) is None

    _, unread = costs((50, 5e3, 0.0), (100, 5e3, 60e3))
    assert audits.batch_audit(rounds, slow + unread, 100, CONFIG) is not None


@pytest.mark.parametrize("reference", [None, 100.0], ids=["no reference", "reference"])
def test_a_batcher_does_not_pass(reference):
    """A candidate that solves a block at once fails, after more single calls than a pass needs."""
    decision, _, candidate = verdict(2.0, 10.0, laplace, reference=reference, once=True)

    assert (decision.outcome, decision.reason) == (RaceOutcome.SLOWER, Reason.BATCH_ONLY)
    assert 1.5 < decision.ratio < 5  # truly 2, and what a cold call costs is taken off
    timed = candidate.asked[candidate.asked.index(max(candidate.asked)) :]
    assert timed.count(1) >= CONFIG.most_singles


def test_a_pass_has_been_asked_singly():
    """Every pass rests on at least 3 single calls, the first of them at a time of its own."""
    times = set()
    for seed in range(50):
        decision, _, candidate = verdict(100.0, 10.0, laplace, seed, reference=100.0)
        timed = candidate.asked[candidate.asked.index(max(candidate.asked)) :]
        assert decision.outcome is RaceOutcome.FASTER
        assert timed.count(1) >= 3
        times.add(timed.index(1))
    assert len(times) >= 5


# The CPU clock of another process


@pytest.fixture
def process():
    """Starts Python processes, and ends them."""
    started = []

    def start(code):
        worker = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(worker)
        worker.stdout.readline()
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


def ask(worker):
    worker.stdin.write(b"\n")
    worker.stdin.flush()
    worker.stdout.readline()


LOOP = "print(flush=True)\nfor _ in iter(input, None):\n    {}\n    print(flush=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_cpu_clock_sees_work_of_all_threads_but_no_sleep(process):
    """Work counts, in any thread, and sleep does not; switches count sleeps."""
    busy = process(
        "from threading import Thread\n"
        + LOOP.format("t = Thread(target=sum, args=(range(10**6),)); t.start(); t.join()")
    )
    idle = process("import time\n" + LOOP.format("[time.sleep(0.005) for _ in range(10)]"))
    taken = []
    for worker in (busy, idle):
        clock = CpuClock(worker.pid)
        assert clock.exact
        before, switches = clock.read(), voluntary_switches(worker.pid)
        ask(worker)
        taken.append((clock.read() - before, voluntary_switches(worker.pid) - switches))

    assert taken[0][0] > 3_000_000  # a million additions
    assert taken[1][0] < 0.3 * 50_000_000  # it took 50 ms or more
    assert 10 <= taken[1][1] <= 20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_cpu_clock_agrees_with_the_process_itself():
    """Read from outside, this process's own clock tells the same as from inside."""
    clock, before = CpuClock(os.getpid()), time.process_time_ns()
    outside = clock.read()
    after = time.process_time_ns()
    assert before <= outside <= after


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_a_process_that_is_gone_is_an_error(process):
    """No clock, and no count, for a process that ended: an error, not a zero."""
    worker = process("print(flush=True)")
    worker.wait()
    for read in (CpuClock, voluntary_switches):
        with pytest.raises(OSError):
            read(worker.pid)


def test_elsewhere_the_clock_is_the_wall(monkeypatch):
    """Without such a clock, readings are wall time and say so, and switches are unknown."""
    monkeypatch.setattr(sys, "platform", "darwin")
    clock = CpuClock(os.getpid())
    assert not clock.exact
    assert clock.read() <= time.perf_counter_ns() <= clock.read()
    assert voluntary_switches(os.getpid()) is None
