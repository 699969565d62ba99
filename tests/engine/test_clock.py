"""Speed verdicts: error rates on simulated and recorded noise, audits, and time limits."""

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
PASS_ROUNDS, FAIL_ROUNDS = 11, 7  # the fewest rounds in which a stage can pass or fail


def load(name):
    """Load recorded rounds and single calls, by kind of candidate."""
    recorded = json.loads((RECORDED / f"{name}.json").read_text())

    def blocks(row):
        return [Block(calls=c, cpu_ns=cpu, wall_ns=wall, switches=s) for c, cpu, wall, s in row]

    trace = {}
    for kind, data in recorded.items():
        if kind == "spinners":
            continue
        rounds = [
            Round(baseline=a, candidate=b, reference=c) for a, b, c in map(blocks, data["rounds"])
        ]
        singles = [SingleCall(candidate=a, trusted=b) for a, b in map(blocks, data["singles"])]
        trace[kind] = (rounds, singles)
    return trace


TRACES = {name: load(name) for name in ("quiet", "busy")}


# Simulated contenders on a simulated clock


class SimulatedMachine:
    """A clock that advances only while a contender works, and the noise that contenders share.

    Args:
        noise: returns the log of the factor by which a block's CPU time is off.
        rng: draws the noise.
        wall_factor: wall time over CPU time.
    """

    def __init__(self, noise, rng, *, wall_factor=1.0):
        self.ns, self.noise, self.rng, self.wall_factor = 0.0, noise, rng, wall_factor
        self.pauses = []
        self.state = {"log_speed": 0.0, "burst": False}

    def now(self):
        """Return the wall time in ns."""
        return int(self.ns)

    def sleep(self, seconds):
        """Advance the clock."""
        self.pauses.append(seconds)
        self.ns += seconds * 1e9


class SimulatedContender:
    """A contender whose costs are known.

    Args:
        machine: the machine that it runs on.
        ns: CPU time of a call.
        batches: whether a whole block costs as much as one call.
        sleep_ns: time that each call sleeps.
        cpu_reading: what the CPU clock reads for every block (default: the CPU time).
    """

    def __init__(self, machine, ns, *, batches=False, sleep_ns=0, cpu_reading=None):
        self.machine, self.ns, self.batches, self.sleep_ns = machine, ns, batches, sleep_ns
        self.cpu_reading, self.block_sizes = cpu_reading, []

    def block(self, calls, /):
        """Record the size of the block and advance the clock by its cost."""
        self.block_sizes.append(calls)
        machine = self.machine
        work = self.ns * (1 if self.batches else calls)
        cpu = work * math.exp(machine.noise(machine))
        wall = cpu * machine.wall_factor + self.sleep_ns * calls
        machine.ns += wall
        switches = calls if self.sleep_ns else 0
        if self.cpu_reading is not None:
            cpu = self.cpu_reading
        return Block(calls=calls, cpu_ns=cpu, wall_ns=wall, switches=switches)


def no_noise(machine):
    return 0.0


def laplace(machine, width=0.12):
    return machine.rng.choice((-1, 1)) * machine.rng.expovariate(1 / width)


def heavy_tails(machine):
    extra = math.log(machine.rng.paretovariate(1.0)) if machine.rng.random() < 0.1 else 0.0
    return laplace(machine, 0.08) + extra


def drift(machine):
    machine.state["log_speed"] = 0.98 * machine.state["log_speed"] + machine.rng.gauss(0, 0.05)
    return machine.state["log_speed"] + laplace(machine, 0.08)


def bursts(machine):
    if machine.rng.random() < 0.05:  # a burst lasts about 20 blocks
        machine.state["burst"] = not machine.state["burst"]
    return laplace(machine, 0.3 if machine.state["burst"] else 0.05)


def simulate(
    ratio,
    threshold,
    noise=no_noise,
    seed=0,
    *,
    wall_factor=1.0,
    config=CONFIG,
    reference=None,
    scale=1,
    **behavior,
):
    """Race simulated contenders whose true ratio is known.

    Returns:
        The decision, the machine and the candidate.
    """
    machine = SimulatedMachine(noise, random.Random(seed), wall_factor=wall_factor)
    baseline = SimulatedContender(machine, 1_000_000 * scale)
    candidate = SimulatedContender(machine, baseline.ns / ratio, **behavior)
    third = SimulatedContender(machine, baseline.ns / reference) if reference else None
    decision = decide(
        baseline,
        candidate,
        third,
        threshold,
        config=config,
        rng=random.Random(seed),
        now=machine.now,
        sleep=machine.sleep,
    )
    return decision, machine, candidate


def error_rate_bound(wrong, total):
    """Return the 95% upper bound of the error rate (Poisson, by bisection)."""
    low, high = 0.0, 20.0 + 3 * wrong
    for _ in range(60):
        rate = (low + high) / 2
        tail = sum(math.exp(-rate) * rate**n / math.factorial(n) for n in range(wrong + 1))
        low, high = (rate, high) if tail > 0.05 else (low, rate)
    return high / total


@pytest.mark.parametrize("noise", [laplace, heavy_tails, drift, bursts], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("factor", "right"),
    [(1.25, RaceOutcome.FASTER), (1 / 1.25, RaceOutcome.SLOWER)],
    ids=["pass", "fail"],
)
def test_error_rate_on_simulated_noise(noise, factor, right):
    """25% from the threshold, at most 1 verdict in 1,000 is wrong under any noise."""
    total = 5_000
    outcomes = [
        simulate(1.5 * factor, 1.5, noise, seed, config=RaceConfig(single_share=0))[0].outcome
        for seed in range(total)
    ]

    wrong = sum(outcome not in (right, RaceOutcome.UNDECIDED) for outcome in outcomes)
    assert error_rate_bound(wrong, total) <= 1e-3
    assert outcomes.count(RaceOutcome.UNDECIDED) <= 0.01 * total


def replay(logs, log_threshold, rng, config=CONFIG):
    """Run two stages on recorded log ratios, drawn as runs of 10 consecutive rounds."""

    def stream():
        while True:
            start = rng.randrange(len(logs) - 10)
            yield from logs[start : start + 10]

    outcome = RaceOutcome.UNDECIDED
    for _ in range(2):
        stage = SequentialTest(math.exp(log_threshold), config)
        outcome = next(decided for decided in map(stage.add, stream()) if decided)
        if outcome is RaceOutcome.FASTER:
            break
    return outcome


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize(
    ("shift", "right"), [(-D, RaceOutcome.FASTER), (D, RaceOutcome.SLOWER)], ids=["pass", "fail"]
)
def test_error_rate_on_recorded_rounds(trace, shift, right):
    """On replayed recordings of a real machine, at most 1 verdict in 1,000 is wrong."""
    rounds, _ = TRACES[trace]["honest"]
    logs = [log_ratio(each.baseline, each.candidate, CONFIG) for each in rounds]
    truth = statistics.median(value for value in logs if value is not None)
    rng, total = random.Random(5), 5_000

    outcomes = [replay(logs, truth + shift, rng) for _ in range(total)]

    wrong = sum(outcome not in (right, RaceOutcome.UNDECIDED) for outcome in outcomes)
    assert error_rate_bound(wrong, total) <= 1e-3


def test_comparing_single_timings_is_often_wrong():
    """The simulated noise is not trivial: a single pair of timings is wrong in over 3% of cases."""
    wrong = 0
    for seed in range(2_000):
        machine = SimulatedMachine(heavy_tails, random.Random(seed))
        pair = [SimulatedContender(machine, ns).block(1).cpu_ns for ns in (1.25e6, 1e6)]
        wrong += pair[0] / pair[1] < 1
    assert wrong > 60


def test_too_small_noise_scale_exceeds_the_error_rate():
    """With a far too small scale, over 1% of verdicts are wrong, so these tests detect errors."""
    config = RaceConfig(scale=0.02, single_share=0)
    outcomes = [simulate(1.2, 1.5, bursts, seed, config=config)[0].outcome for seed in range(1_000)]

    assert outcomes.count(RaceOutcome.FASTER) > 10


# The sequential test


def test_stage_takes_at_least_eleven_rounds_to_pass_and_seven_to_fail():
    """However extreme the ratio, it takes 11 rounds to decide faster and 7 to decide slower."""
    for log, needed, outcome in (
        (50.0, PASS_ROUNDS, RaceOutcome.FASTER),
        (-50.0, FAIL_ROUNDS, RaceOutcome.SLOWER),
    ):
        stage = SequentialTest(2.0, CONFIG)
        outcomes = [stage.add(log) for _ in range(needed)]
        assert outcomes == [None] * (needed - 1) + [outcome]


def test_outlier_counts_no_more_than_a_round_one_delta_off():
    """A round with an absurd ratio adds the same evidence as one that is a delta off."""
    outlier, ordinary = SequentialTest(2.0, CONFIG), SequentialTest(2.0, CONFIG)
    outlier.add(1e9)
    ordinary.add(math.log(2) + D)
    for stage in (outlier, ordinary):
        outcomes = [stage.add(math.log(2) + D) for _ in range(PASS_ROUNDS - 1)]
        assert outcomes[-1] is RaceOutcome.FASTER


def test_stage_is_undecided_after_the_most_rounds():
    """Rounds at the threshold, or without a usable reading, end undecided after `most_rounds`."""
    for log in (math.log(2), None):
        stage = SequentialTest(2.0, CONFIG)
        outcomes = [stage.add(log) for _ in range(CONFIG.most_rounds)]
        assert outcomes[-1] is RaceOutcome.UNDECIDED
        assert set(outcomes[:-1]) == {None}


def test_median_interval_has_its_stated_coverage():
    """The interval misses the true median in at most 5% of samples, and is not too wide."""
    rng, missed = random.Random(3), 0
    for _ in range(2_000):
        middle, low, high = median_interval([rng.expovariate(1) for _ in range(15)])
        assert low <= middle <= high
        missed += not low <= math.log(2) <= high
    assert 0.01 * 2_000 < missed < 0.05 * 2_000  # the exact rate for 15 values is 3.5%
    assert median_interval([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert median_interval([]) == (0.0, 0.0, 0.0)
    assert median_interval(range(1, 9))[1:] == (1, 8)
    assert median_interval(range(1, 10))[1:] == (2, 8)
    assert median_interval(range(1, 16))[1:] == (4, 12)  # as in tables of the sign test


# The whole decision


def test_decision_without_noise_reports_the_true_metrics():
    """Without noise, ratios and costs are exact; rounds, seconds and reason are reported too."""
    decision, machine, _ = simulate(4.0, 2.0, reference=5.0)

    assert decision.outcome is RaceOutcome.FASTER
    assert decision.reason is Reason.NONE
    assert decision.pairs == PASS_ROUNDS
    assert decision.seconds == pytest.approx(machine.ns / 1e9)
    assert (decision.ratio, decision.ratio_low, decision.ratio_high) == pytest.approx((4, 4, 4))
    assert decision.reference_ratio == pytest.approx(5.0)
    costs = (decision.baseline_ns, decision.candidate_ns, decision.reference_ns)
    assert costs == pytest.approx((1_000_000, 250_000, 200_000))


def test_failed_stage_is_repeated_once_after_a_pause():
    """A miss takes two failed stages with a pause between them; a pass takes one stage."""
    slower, machine, _ = simulate(1.0, 2.0)
    assert (slower.outcome, slower.pairs, machine.pauses) == (
        RaceOutcome.SLOWER,
        2 * FAIL_ROUNDS,
        [CONFIG.pause_seconds],
    )

    faster, machine, _ = simulate(4.0, 2.0)
    assert (faster.outcome, machine.pauses) == (RaceOutcome.FASTER, [])


def test_second_stage_can_pass_after_the_first_failed():
    """A candidate that fails the first stage by accident and passes the second has passed."""
    machine = SimulatedMachine(no_noise, random.Random(0))
    slow, fast = SimulatedContender(machine, 1e6), SimulatedContender(machine, 5e5)

    def sleep(seconds):
        slow.ns = 4e6

    decision = decide(slow, fast, None, 4.0, rng=random.Random(0), now=machine.now, sleep=sleep)

    assert decision.outcome is RaceOutcome.FASTER
    assert decision.pairs == FAIL_ROUNDS + PASS_ROUNDS


def test_ratio_at_the_threshold_is_undecided():
    """A candidate at the threshold is too close to call after twice the most rounds."""
    decision, _, _ = simulate(2.0, 2.0)

    assert (decision.outcome, decision.reason) == (RaceOutcome.UNDECIDED, Reason.TOO_CLOSE)
    assert decision.pairs == 2 * CONFIG.most_rounds


@pytest.mark.parametrize(("wall_factor", "bound"), [(1.0, 3.0), (4.0, 10.0)], ids=["idle", "busy"])
def test_stage_ends_at_its_time_limit(wall_factor, bound):
    """A stage of slow blocks ends after 3 s, or 10 s on a busy machine, and gives the reason."""
    decision, _, _ = simulate(2.0, 2.0, wall_factor=wall_factor, scale=50)

    assert decision.outcome is RaceOutcome.UNDECIDED
    assert decision.reason == (Reason.MACHINE_BUSY if wall_factor > 1 else Reason.TOO_CLOSE)
    calibration, block = 6 * 0.05 * wall_factor, 0.075 * wall_factor
    assert 2 * bound < decision.seconds < 2 * bound + 2 * calibration + 2 * block


@pytest.mark.parametrize("scale", [400, 4_000], ids=["0.4 s", "4 s"])
def test_clear_miss_of_long_calls_fails(scale):
    """Calls that leave time for a few rounds only are slower if each round misses by far."""
    slower, _, _ = simulate(0.2, 50.0, laplace, reference=100.0, scale=scale)
    assert slower.outcome is RaceOutcome.SLOWER
    assert 2 * CONFIG.clear_rounds <= slower.pairs < 2 * FAIL_ROUNDS

    near, _, _ = simulate(1.2, 2.0, laplace, scale=scale)
    assert near.outcome is RaceOutcome.UNDECIDED
    if scale < 1_000:
        assert near.reason is Reason.TOO_CLOSE


def test_error_rate_of_long_calls():
    """25% above the threshold, long calls are not taken for a clear miss, even in heavy tails."""
    outcomes = [
        simulate(2.5, 2.0, heavy_tails, seed, scale=1_000)[0].outcome for seed in range(3_000)
    ]

    assert RaceOutcome.SLOWER not in outcomes


@pytest.mark.parametrize("ratio", [1.0, 2.0], ids=["slower", "undecided"])
def test_miss_is_undecided_if_the_reference_misses_too(ratio):
    """No candidate fails while the reference does not clear the threshold either."""
    shared, _, _ = simulate(ratio, 2.0, reference=2.05)
    assert (shared.outcome, shared.reason) == (RaceOutcome.UNDECIDED, Reason.REFERENCE_MISSES)

    alone, _, _ = simulate(ratio, 2.0, reference=3.0)
    assert alone.reason != Reason.REFERENCE_MISSES
    assert (alone.outcome is RaceOutcome.SLOWER) == (ratio == 1.0)


def test_near_miss_is_undecided_if_the_reference_lost_its_margin():
    """A miss by a candidate near the reference counts only if the reference clears 1.5x."""
    near, _, _ = simulate(1.6, 2.0, reference=2.3)
    assert (near.outcome, near.reason) == (RaceOutcome.UNDECIDED, Reason.REFERENCE_MISSES)

    far, _, _ = simulate(1.0, 2.0, reference=2.3)
    with_margin, _, _ = simulate(1.6, 2.0, reference=3.2)
    assert far.outcome is with_margin.outcome is RaceOutcome.SLOWER


def test_pass_does_not_depend_on_the_reference():
    """A candidate that clears a threshold that the reference misses has passed."""
    assert simulate(4.0, 2.0, reference=1.0)[0].outcome is RaceOutcome.FASTER


@pytest.mark.parametrize("reading", [0, -5_000, 999])
def test_stopped_clock_never_passes(reading):
    """Blocks whose CPU time reads as nothing are no evidence: the race stays undecided."""
    decision, _, _ = simulate(1.0, 2.0, cpu_reading=reading)

    assert decision.outcome is RaceOutcome.UNDECIDED
    assert decision.reason is Reason.CLOCK_STANDS_STILL


def test_round_with_a_zero_reading_is_unusable():
    """A round in which one of the blocks reads zero has no ratio."""
    blocks = [Block(calls=1, cpu_ns=cpu, wall_ns=1e6) for cpu in (1e6, 0)]
    assert log_ratio(blocks[0], blocks[1], CONFIG) is None
    assert log_ratio(blocks[1], blocks[0], CONFIG) is None
    assert log_ratio(blocks[0], blocks[0], CONFIG) == 0


def test_calibrated_blocks_approach_the_target_within_the_call_limit():
    """Blocks take about the target CPU time; blocks of very cheap calls stop at `most_calls`."""
    for ns, low, high in ((1e6, 1, 1), (1e5, 5, 8), (1e4, 50, 64), (100, 64, 64)):
        machine = SimulatedMachine(no_noise, random.Random(0))
        contender = SimulatedContender(machine, ns)
        decide(contender, contender, None, 9.0, rng=random.Random(0), now=machine.now, sleep=id)
        assert low <= contender.block_sizes[-1] <= high
        assert max(contender.block_sizes) <= 64


def test_calibration_bounds_the_blocks_of_a_sleeping_candidate():
    """A candidate that sleeps 4 ms per call gets blocks of about 50 ms, not of 256 calls."""
    decision, _, candidate = simulate(2_000, 2.0, sleep_ns=4_000_000)

    assert 2 <= max(candidate.block_sizes) <= 16
    assert decision.seconds < 3


def test_order_within_a_round_is_random():
    """Each contender is first in about half of the rounds."""
    order = []

    class Recording(SimulatedContender):
        def block(self, calls, /):
            order.append(self)
            return super().block(calls)

    machine = SimulatedMachine(no_noise, random.Random(0))
    pair = (Recording(machine, 1e6), Recording(machine, 5e5))
    config, rng = RaceConfig(single_share=0), random.Random(7)
    decide(*pair, None, 2.0, config=config, rng=rng, now=machine.now, sleep=machine.sleep)

    timed = order[-2 * 2 * CONFIG.most_rounds :]
    firsts = timed[::2].count(pair[0])
    assert all(set(timed[i : i + 2]) == set(pair) for i in range(0, len(timed), 2))
    assert 160 < firsts < 240  # of 400; four standard deviations are 40


def test_decision_is_reproducible_with_the_same_seed():
    """Equal seeds give equal decisions, metrics included; different seeds give different ones."""
    first, second, other = (simulate(1.9, 1.5, laplace, seed)[0] for seed in (4, 4, 5))
    assert first == second
    assert first != other


def test_exception_of_a_contender_ends_the_race():
    """An exception from a block, for example after a wrong result, propagates unchanged."""

    class Failing(SimulatedContender):
        def block(self, calls, /):
            if len(self.block_sizes) == 9:
                raise ValueError("wrong result")
            return super().block(calls)

    machine = SimulatedMachine(no_noise, random.Random(0))
    baseline, candidate = SimulatedContender(machine, 1e6), Failing(machine, 1e6)
    with pytest.raises(ValueError, match="wrong result"):
        decide(baseline, candidate, None, 2.0, rng=random.Random(0))


# The audits


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("kind", ["honest", "quick", "long"])
def test_audits_have_no_false_positives_on_recorded_rounds(trace, kind):
    """No 11 consecutive recorded rounds, however interrupted, look like a cheat."""
    rounds, singles = TRACES[trace][kind]
    threshold = statistics.median(speed_ratios(rounds, "candidate", CONFIG)) / 1.05
    for start in range(len(rounds) - PASS_ROUNDS):
        window = rounds[start : start + PASS_ROUNDS]
        window_singles = singles[start // 4 : start // 4 + 3]
        assert audits.sleep_audit(window, threshold, CONFIG) is None
        assert audits.batch_audit(window, window_singles, threshold, CONFIG) is None


@pytest.mark.parametrize("trace", TRACES)
def test_interruptions_alone_do_not_trip_the_sleep_audit(trace):
    """Long recorded calls that were interrupted pass even if each switch were voluntary."""
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
        audits.sleep_audit(rounds[start : start + PASS_ROUNDS], threshold, CONFIG) is None
        for start in range(len(rounds) - PASS_ROUNDS)
    )


@pytest.mark.parametrize("trace", TRACES)
def test_sleep_audit_detects_a_recorded_sleeper(trace):
    """A candidate that sleeps 1 ms per call (baseline: 9 us) is detected in any 11 rounds."""
    rounds, _ = TRACES[trace]["sleeper"]
    for start in range(len(rounds) - PASS_ROUNDS):
        ratio = audits.sleep_audit(rounds[start : start + PASS_ROUNDS], 1.1, CONFIG)
        assert ratio is not None
        assert ratio < 0.1


def test_sleep_audit_requires_switches_in_most_rounds_and_a_wide_miss():
    """Long wall time, few switches, an unknown count or a narrow miss alone do not fail."""

    def rounds(wall=100e6, switches=1, sleeping=7):
        baseline = Block(calls=1, cpu_ns=2e6, wall_ns=2e6, switches=0)
        interrupted = Block(calls=1, cpu_ns=1e6, wall_ns=100e6, switches=0)
        asleep = Block(calls=1, cpu_ns=1e6, wall_ns=wall, switches=switches)
        return [Round(baseline=baseline, candidate=asleep)] * sleeping + [
            Round(baseline=baseline, candidate=interrupted)
        ] * (7 - sleeping)

    assert audits.sleep_audit(rounds(), 2.0, CONFIG) == pytest.approx(0.02)
    assert audits.sleep_audit(rounds(sleeping=4), 2.0, CONFIG) is not None
    assert audits.sleep_audit(rounds(sleeping=3), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(switches=0), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(switches=None), 2.0, CONFIG) is None
    assert audits.sleep_audit(rounds(wall=3.1e6), 1.9, CONFIG) is None


def test_sleeping_candidate_fails():
    """A candidate that sleeps is judged by wall time; a slow wall clock alone does not matter."""
    decision, _, _ = simulate(1_000.0, 2.0, sleep_ns=4_000_000)

    assert (decision.outcome, decision.reason) == (RaceOutcome.SLOWER, Reason.SLEEPS)
    assert decision.ratio < 2 / 3
    assert simulate(1_000.0, 2.0, wall_factor=5.0)[0].outcome is RaceOutcome.FASTER


@pytest.mark.parametrize("trace", TRACES)
def test_batch_audit_detects_a_recorded_batcher(trace):
    """Single calls expose a candidate that computes once per block of 256, in any 11 rounds."""
    rounds, singles = TRACES[trace]["batcher"]
    for start in range(len(rounds) - PASS_ROUNDS):
        window_singles = singles[start // 4 : start // 4 + 3]
        ratio = audits.batch_audit(rounds[start : start + PASS_ROUNDS], window_singles, 5.0, CONFIG)
        assert ratio is not None
        assert ratio < 2


def batch_audit_input(candidate, reference, baseline_ns=1e6):
    """Return seven rounds and three single calls of contenders with known costs.

    Args:
        candidate: calls per block, ns per call in a block, ns of a single call.
        reference: the same; None for no reference.
        baseline_ns: ns per call.
    """

    def block(calls, ns):
        return Block(calls=calls, cpu_ns=calls * ns, wall_ns=calls * ns)

    timed = Round(
        baseline=block(1, baseline_ns),
        candidate=block(*candidate[:2]),
        reference=block(*reference[:2]) if reference else None,
    )
    trusted = block(1, reference[2]) if reference else block(1, baseline_ns)
    single = SingleCall(candidate=block(1, candidate[2]), trusted=trusted)
    return [timed] * 7, [single] * 3


def test_batch_audit_allows_the_extra_cost_of_the_reference():
    """Single calls fail only if they cost far more than the reference's and miss the threshold."""

    def audit(threshold, candidate, reference):
        return audits.batch_audit(*batch_audit_input(candidate, reference), threshold, CONFIG)

    # The same extra cost as the reference passes. Ten times as much, and too slow with it, fails.
    assert audit(100, (50, 5e3, 60e3), (100, 5e3, 60e3)) is None
    assert audit(100, (50, 5e3, 600e3), (100, 5e3, 60e3)) == pytest.approx(1e6 / 545e3)
    # The same extra cost is no cheat if single calls clear the threshold anyway.
    assert audit(1.5, (50, 5e3, 600e3), (100, 5e3, 60e3)) is None
    # If the trusted blocks are single calls, their extra cost is unknown, so much is allowed.
    assert audit(300, (256, 1e3, 100e3), None) is None
    assert audit(300, (256, 1e3, 900e3), None) is not None
    # Without single calls, or without a usable reading of them, there is no finding.
    rounds, singles = batch_audit_input((50, 5e3, 0.0), (100, 5e3, 60e3))
    assert audits.batch_audit(rounds, [], 100, CONFIG) is None
    assert audits.batch_audit(rounds, singles, 100, CONFIG) is None


def test_batch_audit_uses_the_fastest_quarter_of_single_calls():
    """A quarter of fast single calls clears an interrupted candidate; zero readings do not."""
    rounds, slow = batch_audit_input((50, 5e3, 600e3), (100, 5e3, 60e3))
    _, fast = batch_audit_input((50, 5e3, 60e3), (100, 5e3, 60e3))

    assert audits.batch_audit(rounds, slow * 4 + fast, 100, CONFIG) is not None
    assert audits.batch_audit(rounds, slow * 3 + fast, 100, CONFIG) is not None
    assert audits.batch_audit(rounds, slow * 2 + fast, 100, CONFIG) is None

    _, unreadable = batch_audit_input((50, 5e3, 0.0), (100, 5e3, 60e3))
    assert audits.batch_audit(rounds, slow + unreadable, 100, CONFIG) is not None


@pytest.mark.parametrize("reference", [None, 100.0], ids=["no-reference", "reference"])
def test_batching_candidate_fails(reference):
    """A candidate that computes a block at once fails, after the most single calls."""
    decision, _, candidate = simulate(2.0, 10.0, laplace, reference=reference, batches=True)

    assert (decision.outcome, decision.reason) == (RaceOutcome.SLOWER, Reason.BATCH_ONLY)
    assert 1.5 < decision.ratio < 5  # the true ratio is 2; the cost of a cold call is subtracted
    sizes = candidate.block_sizes
    timed = sizes[sizes.index(max(sizes)) :]
    assert timed.count(1) >= CONFIG.most_singles


def test_pass_includes_single_calls_at_random_times():
    """Every pass includes at least 3 single calls; the time of the first one varies."""
    positions = set()
    for seed in range(50):
        decision, _, candidate = simulate(100.0, 10.0, laplace, seed, reference=100.0)
        sizes = candidate.block_sizes
        timed = sizes[sizes.index(max(sizes)) :]
        assert decision.outcome is RaceOutcome.FASTER
        assert timed.count(1) >= 3
        positions.add(timed.index(1))
    assert len(positions) >= 5


# The CPU clock of another process


@pytest.fixture
def start_python():
    """Return a function that starts a Python process and waits for its first line of output."""
    started = []

    def start(code):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def run_once(process):
    """Let a process that runs `LOOP` execute its statement once."""
    process.stdin.write(b"\n")
    process.stdin.flush()
    process.stdout.readline()


LOOP = "print(flush=True)\nfor _ in iter(input, None):\n    {}\n    print(flush=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_cpu_clock_counts_all_threads_but_not_sleep(start_python):
    """The CPU clock counts work in any thread, and not sleep; switches count sleeps."""
    busy = start_python(
        "from threading import Thread\n"
        + LOOP.format("t = Thread(target=sum, args=(range(10**6),)); t.start(); t.join()")
    )
    idle = start_python("import time\n" + LOOP.format("[time.sleep(0.005) for _ in range(10)]"))
    readings = []
    for process in (busy, idle):
        clock = CpuClock(process.pid)
        assert clock.exact
        before, switches = clock.read(), voluntary_switches(process.pid)
        run_once(process)
        readings.append((clock.read() - before, voluntary_switches(process.pid) - switches))

    assert readings[0][0] > 3_000_000  # a million additions
    assert readings[1][0] < 0.3 * 50_000_000  # the sleeps took at least 50 ms
    assert 10 <= readings[1][1] <= 20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_cpu_clock_agrees_with_process_time():
    """The clock of this process reads the same from outside as from inside."""
    clock, before = CpuClock(os.getpid()), time.process_time_ns()
    outside = clock.read()
    after = time.process_time_ns()
    assert before <= outside <= after


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such clock")
def test_cpu_clock_of_an_ended_process_raises(start_python):
    """Neither clock nor count of an ended process reads zero: both raise OSError."""
    process = start_python("print(flush=True)")
    process.wait()
    for read in (CpuClock, voluntary_switches):
        with pytest.raises(OSError):
            read(process.pid)


def test_clock_falls_back_to_wall_time_on_other_platforms(monkeypatch):
    """Without a CPU clock, readings are wall time and not exact, and switches are unknown."""
    monkeypatch.setattr(sys, "platform", "darwin")
    clock = CpuClock(os.getpid())
    assert not clock.exact
    assert clock.read() <= time.perf_counter_ns() <= clock.read()
    assert voluntary_switches(os.getpid()) is None
