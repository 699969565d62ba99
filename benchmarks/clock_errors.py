"""Measures how often the clock's verdict is wrong, and how long it takes, on this machine now.

Three forked processes run pure Python loops of exactly known length, so the true ratio is known
(55/40). Thresholds are put at the true ratio / 1.25, where a decision must say faster, and at the
true ratio x 1.25, where it must say slower.

    python benchmarks/clock_errors.py --verdicts 500                    # the load that there is
    python benchmarks/clock_errors.py --verdicts 500 --spinners 2 --pin # both cores busy
    python benchmarks/clock_errors.py --record FILE --rounds 300        # rounds, for the tests
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import signal
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from torchkata.grading.timing.race import Block, Decision, RaceConfig, RaceOutcome, decide
from torchkata.sandbox.cpu_clock import CpuClock, voluntary_switches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Work = Callable[[Sequence[int]], list[int]]

TRUE_RATIO = 55 / 40
REQUEST = struct.Struct("<I")
NUMBER = struct.Struct("<Q")


def spin(start: int, turns: int) -> int:
    """A loop whose cost is its number of turns, and whose answer needs every turn."""
    for _ in range(turns):
        start = (start * 3 + 1) & 0xFFFF
    return start


def honest(turns: int) -> Work:
    """Answers each input by itself, by a loop of so many turns."""
    return lambda inputs: [spin(start, turns) for start in inputs]


def sleeper(turns: int, seconds: float) -> Work:
    """Sleeps before each answer; what it waits for could be work done elsewhere."""

    def work(inputs: Sequence[int]) -> list[int]:
        answers = []
        for start in inputs:
            time.sleep(seconds)
            answers.append(spin(start, turns))
        return answers

    return work


def batcher(turns: int) -> Work:
    """Does the work of one call for a whole block: fast only because inputs come together."""

    def work(inputs: Sequence[int]) -> list[int]:
        spin(1, turns)
        return [0] * len(inputs)

    return work


def serve(requests: int, replies: int, work: Work) -> None:
    """Answers requests (a count, then so many numbers) until the pipe closes."""
    with os.fdopen(requests, "rb") as source, os.fdopen(replies, "wb", buffering=0) as sink:
        while head := source.read(REQUEST.size):
            (calls,) = REQUEST.unpack(head)
            inputs = [start for (start,) in NUMBER.iter_unpack(source.read(calls * NUMBER.size))]
            sink.write(b"".join(map(NUMBER.pack, work(inputs))))


class Process:
    """A contender in a forked process, timed on its CPU clock."""

    def __init__(self, work: Work, expect: Callable[[int], int] | None, *, pin: bool) -> None:
        there, self._requests = os.pipe()
        self._replies, back = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._requests)
                os.close(self._replies)
                if pin:
                    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
                serve(there, back, work)
            finally:
                os._exit(0)
        os.close(there)
        os.close(back)
        self._clock = CpuClock(self.pid)
        self._expect = expect
        self._random = random.Random(self.pid)

    def block(self, calls: int, /) -> Block:
        """Sends fresh inputs, waits for all answers, verifies them."""
        inputs = [self._random.getrandbits(16) for _ in range(calls)]
        message = REQUEST.pack(calls) + b"".join(map(NUMBER.pack, inputs))
        switches, cpu, wall = self._switches(), self._clock.read(), time.perf_counter_ns()
        os.write(self._requests, message)
        reply, wanted = b"", calls * NUMBER.size
        while len(reply) < wanted:
            part = os.read(self._replies, wanted - len(reply))
            if not part:
                raise RuntimeError("the worker ended")
            reply += part
        wall, cpu = time.perf_counter_ns() - wall, self._clock.read() - cpu
        answers = [answer for (answer,) in NUMBER.iter_unpack(reply)]
        if self._expect is not None and answers[0] != self._expect(inputs[0]):
            raise RuntimeError(f"{inputs[0]}: wrong answer {answers[0]}")
        return Block(calls=calls, cpu_ns=cpu, wall_ns=wall, switches=self._switches() - switches)

    def _switches(self) -> int:
        return voluntary_switches(self.pid) or 0

    def close(self) -> None:
        """Ends the process."""
        os.close(self._requests)
        os.close(self._replies)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def processes(*works: tuple[Work, int | None], pin: bool) -> Iterator[list[Process]]:
    """Forks a process for each work; its turns, where given, say what it should answer.

    Pinned ones share one core. They never run at the same time, so they lose nothing by it.
    """

    def expect(turns: int | None) -> Callable[[int], int] | None:
        return None if turns is None else lambda start: spin(start, turns)

    started: list[Process] = []
    try:
        for work, turns in works:
            started.append(Process(work, expect(turns), pin=pin))
        yield started
    finally:
        for each in reversed(started):  # later ones hold copies of the pipes of earlier ones
            each.close()


@contextlib.contextmanager
def spinners(count: int) -> Iterator[None]:
    """Keeps `count` processes spinning meanwhile."""
    pids = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                os.setpgid(0, 0)
                parent = os.getppid()
                while os.getppid() == parent:
                    spin(1, 1_000_000)
                os._exit(0)
            pids.append(pid)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def upper_bound(wrong: int, total: int) -> float:
    """The largest error rate that leaves a 5% chance of so few wrong (Poisson)."""
    low, high = 0.0, 10.0 + 4 * wrong
    for _ in range(60):
        rate = (low + high) / 2
        few = sum(math.exp(-rate) * rate**n / math.factorial(n) for n in range(wrong + 1))
        low, high = (rate, high) if few > 0.05 else (low, rate)
    return high / max(total, 1)


def report(name: str, decisions: Sequence[Decision], right: RaceOutcome) -> None:
    """Prints one line of figures."""
    wrong_side = RaceOutcome.SLOWER if right is RaceOutcome.FASTER else RaceOutcome.FASTER
    counts = Counter(each.outcome for each in decisions)
    wrong, total = counts[wrong_side], len(decisions)
    ms = sorted(1000 * each.seconds for each in decisions)
    ratios = sorted(each.ratio for each in decisions)
    pairs = sorted(each.pairs for each in decisions)
    reasons = dict(Counter(each.reason for each in decisions if each.reason))
    print(
        f"{name}: wrong {wrong} / undecided {counts[RaceOutcome.UNDECIDED]} / total {total}"
        f" (wrong at most {upper_bound(wrong, total):.1e} at 95%);"
        f" ms median {ms[total // 2]:.0f} p95 {ms[int(0.95 * total)]:.0f} max {ms[-1]:.0f};"
        f" pairs median {pairs[total // 2]}; ratio median {ratios[total // 2]:.3f}"
        f" (5% - 95%: {ratios[int(0.05 * total)]:.3f} - {ratios[int(0.95 * total)]:.3f}) {reasons}",
        flush=True,
    )


def error_rates(options: argparse.Namespace) -> None:
    """Prints wrong verdicts on both sides of the threshold."""
    unit, config, rng = (
        options.unit,
        RaceConfig(target_ns=1000 * options.target_us),
        random.SystemRandom(),
    )
    passes: list[Decision] = []
    fails: list[Decision] = []
    end = time.monotonic() + options.seconds
    with spinners(options.spinners):
        while len(fails) < options.verdicts and time.monotonic() < end:
            # Fresh processes now and then: where a process lies in memory is part of the noise.
            turns = (55 * unit, 40 * unit, 20 * unit)
            works = [(honest(each), each) for each in turns]
            with processes(*works, pin=options.pin) as (slow, fast, reference):
                for _ in range(20):
                    for found, threshold in (
                        (passes, TRUE_RATIO / 1.25),
                        (fails, TRUE_RATIO * 1.25),
                    ):
                        found.append(
                            decide(slow, fast, reference, threshold, config=config, rng=rng)
                        )
    load = f"{options.spinners} spinners, load {os.getloadavg()[0]:.1f}, pinned {options.pin}"
    report(f"{load}, true = 1.25 k", passes, RaceOutcome.FASTER)
    report(f"{load}, true = k / 1.25", fails, RaceOutcome.SLOWER)


class Recorder:
    """A contender that keeps what it measured."""

    def __init__(self, inner: Process) -> None:
        self._inner = inner
        self.blocks: list[tuple[int, float, float, int | None]] = []

    def block(self, calls: int, /) -> Block:
        """Passes on, and notes."""
        block = self._inner.block(calls)
        self.blocks.append((calls, block.cpu_ns, block.wall_ns, block.switches))
        return block


def record(options: argparse.Namespace) -> None:
    """Writes rounds and single calls of honest candidates, a sleeper and a batcher as JSON.

    A block is `[calls, cpu_ns, wall_ns, switches]`; a round is baseline, candidate, reference; a
    single is candidate, reference.
    """
    # name: turns of the baseline, candidate, turns of its answer, turns of the reference, rounds
    kinds: dict[str, tuple[int, Work, int | None, int, int]] = {
        "honest": (275, honest(200), 200, 100, options.rounds),
        "quick": (5_500, honest(10), 10, 400, 40),
        "long": (200_000, honest(40_000), 40_000, 20_000, 40),
        "sleeper": (275, sleeper(10, 0.001), 10, 100, 40),
        "batcher": (5_500, batcher(5_500), None, 400, 40),
    }
    data = {}
    rng = random.Random(1)
    with spinners(options.spinners):
        for kind, (slow, work, turns, quick, count) in kinds.items():
            with processes(
                (honest(slow), slow), (work, turns), (honest(quick), quick), pin=options.pin
            ) as contenders:
                sizes = [calibrated(each) for each in contenders]
                rounds, singles = [], []
                for number in range(count):
                    rounds.append(one_round(contenders, sizes, rng))
                    if number % 4 == 0 and sizes[1] > 1:
                        singles.append(one_round(contenders, [1, 1, 1], rng)[1:])
                data[kind] = {"rounds": rounds, "singles": singles}
    text = json.dumps({"spinners": options.spinners, **data}, separators=(",", ":"))
    options.record.write_text(text.replace("]]],", "]]],\n") + "\n")


def calibrated(contender: Process) -> int:
    """The block size that the decision would use."""
    sizes = Recorder(contender)
    # With the same contender three times and a cap of one pair, a decision is little else.
    config = RaceConfig(most_rounds=1, pause_seconds=0, single_share=0)
    decide(sizes, sizes, None, 2.0, config=config, rng=random.Random(1))
    return sizes.blocks[-1][0]


def one_round(
    contenders: Sequence[Process], sizes: Sequence[int], rng: random.Random
) -> list[list[float | None]]:
    """One block each, in random order, listed in the order of the contenders."""
    found: dict[int, list[float | None]] = {}
    for index in rng.sample(range(len(contenders)), len(contenders)):
        block = contenders[index].block(sizes[index])
        found[index] = [block.calls, block.cpu_ns, block.wall_ns, block.switches]
    return [found[index] for index in range(len(contenders))]


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--verdicts", type=int, default=200, help="on each side")
    parser.add_argument("--seconds", type=float, default=300, help="stop after so long")
    parser.add_argument("--spinners", type=int, default=0, help="processes that keep cores busy")
    parser.add_argument("--unit", type=int, default=5, help="turns x 55 and x 40 make a call")
    parser.add_argument("--target-us", type=float, default=RaceConfig().target_ns / 1000)
    parser.add_argument("--pin", action="store_true", help="keep the contenders on one core")
    parser.add_argument("--record", type=Path, help="write rounds to this file instead")
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    (record if options.record else error_rates)(options)


if __name__ == "__main__":
    main()
