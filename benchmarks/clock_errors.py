"""Measure how often verdicts on speed are wrong, and how long they take, on this machine now.

Three forked processes run pure Python loops of exactly known length, so the true ratio is known
(55/40). One threshold is the true ratio / 1.25, where the verdict must be faster. The other is the
true ratio x 1.25, where it must be slower.

    python benchmarks/clock_errors.py --verdicts 500                    # under the current load
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
    """Run a loop whose cost is its number of turns, and whose result needs every turn."""
    for _ in range(turns):
        start = (start * 3 + 1) & 0xFFFF
    return start


def honest(turns: int) -> Work:
    """Return work that processes each input separately in a loop of so many turns."""
    return lambda inputs: [spin(start, turns) for start in inputs]


def sleeper(turns: int, seconds: float) -> Work:
    """Return work that sleeps before each reply, as if other processes did the work."""

    def work(inputs: Sequence[int]) -> list[int]:
        replies = []
        for start in inputs:
            time.sleep(seconds)
            replies.append(spin(start, turns))
        return replies

    return work


def batcher(turns: int) -> Work:
    """Return work that processes a whole block for the cost of one call."""

    def work(inputs: Sequence[int]) -> list[int]:
        spin(1, turns)
        return [0] * len(inputs)

    return work


def serve(requests: int, replies: int, work: Work) -> None:
    """Reply to requests (a count, then so many numbers) until the pipe closes."""
    with os.fdopen(requests, "rb") as source, os.fdopen(replies, "wb", buffering=0) as sink:
        while head := source.read(REQUEST.size):
            (calls,) = REQUEST.unpack(head)
            inputs = [start for (start,) in NUMBER.iter_unpack(source.read(calls * NUMBER.size))]
            sink.write(b"".join(map(NUMBER.pack, work(inputs))))


class Process:
    """A contender in a forked process, timed on its CPU clock."""

    def __init__(self, work: Work, expect: Callable[[int], int] | None, *, pin: bool) -> None:
        child_reads, self._requests = os.pipe()
        self._replies, child_writes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._requests)
                os.close(self._replies)
                if pin:
                    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
                serve(child_reads, child_writes, work)
            finally:
                os._exit(0)
        os.close(child_reads)
        os.close(child_writes)
        self._clock = CpuClock(self.pid)
        self._expect = expect
        self._random = random.Random(self.pid)

    def block(self, calls: int, /) -> Block:
        """Send new inputs, wait for all replies, and verify the first."""
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
        (first, *_others) = (number for (number,) in NUMBER.iter_unpack(reply))
        if self._expect is not None and first != self._expect(inputs[0]):
            raise RuntimeError(f"{inputs[0]}: wrong reply {first}")
        return Block(calls=calls, cpu_ns=cpu, wall_ns=wall, switches=self._switches() - switches)

    def _switches(self) -> int:
        return voluntary_switches(self.pid) or 0

    def close(self) -> None:
        """End the process."""
        os.close(self._requests)
        os.close(self._replies)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def processes(*works: tuple[Work, int | None], pin: bool) -> Iterator[list[Process]]:
    """Fork a process for each work; its turns, if given, determine the expected replies.

    Pinned processes share one core, which costs nothing because they never run at the same time.
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
    """Keep so many processes spinning inside the context."""
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
    """Return the 95% upper bound of the error rate (Poisson)."""
    low, high = 0.0, 10.0 + 4 * wrong
    for _ in range(60):
        rate = (low + high) / 2
        few = sum(math.exp(-rate) * rate**n / math.factorial(n) for n in range(wrong + 1))
        low, high = (rate, high) if few > 0.05 else (low, rate)
    return high / max(total, 1)


def report(name: str, decisions: Sequence[Decision], right: RaceOutcome) -> None:
    """Print one line of metrics."""
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
    """Print the rate of wrong verdicts on both sides of the threshold."""
    config = RaceConfig(target_ns=1000 * options.target_us)
    unit, rng = options.unit, random.SystemRandom()
    passes: list[Decision] = []
    fails: list[Decision] = []
    end = time.monotonic() + options.seconds
    with spinners(options.spinners):
        while len(fails) < options.verdicts and time.monotonic() < end:
            # New processes now and then, because their memory layout is part of the noise
            turns = (55 * unit, 40 * unit, 20 * unit)
            works = [(honest(each), each) for each in turns]
            with processes(*works, pin=options.pin) as (slow, fast, reference):
                for _repetition in range(20):
                    for decisions, threshold in (
                        (passes, TRUE_RATIO / 1.25),
                        (fails, TRUE_RATIO * 1.25),
                    ):
                        decisions.append(
                            decide(slow, fast, reference, threshold, config=config, rng=rng)
                        )
    load = f"{options.spinners} spinners, load {os.getloadavg()[0]:.1f}, pinned {options.pin}"
    report(f"{load}, true = 1.25 k", passes, RaceOutcome.FASTER)
    report(f"{load}, true = k / 1.25", fails, RaceOutcome.SLOWER)


class Recorder:
    """A contender that records its blocks."""

    def __init__(self, inner: Process) -> None:
        self._inner = inner
        self.blocks: list[tuple[int, float, float, int | None]] = []

    def block(self, calls: int, /) -> Block:
        """Run a block and record it."""
        block = self._inner.block(calls)
        self.blocks.append((calls, block.cpu_ns, block.wall_ns, block.switches))
        return block


def record(options: argparse.Namespace) -> None:
    """Write rounds and single calls of honest candidates, a sleeper and a batcher as JSON.

    A block is `[calls, cpu_ns, wall_ns, switches]`; a round is baseline, candidate, reference; a
    single is candidate, reference.
    """
    # name: turns of the baseline, candidate, turns of its reply, turns of the reference, rounds
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
                sizes = [block_size(each) for each in contenders]
                rounds, singles = [], []
                for number in range(count):
                    rounds.append(one_round(contenders, sizes, rng))
                    if number % 4 == 0 and sizes[1] > 1:
                        singles.append(one_round(contenders, [1, 1, 1], rng)[1:])
                data[kind] = {"rounds": rounds, "singles": singles}
    text = json.dumps({"spinners": options.spinners, **data}, separators=(",", ":"))
    options.record.write_text(text.replace("]]],", "]]],\n") + "\n")


def block_size(contender: Process) -> int:
    """Return the block size that a decision would use."""
    sizes = Recorder(contender)
    # With one contender in all roles and one round, a decision does little but calibrate
    config = RaceConfig(most_rounds=1, pause_seconds=0, single_share=0)
    decide(sizes, sizes, None, 2.0, config=config, rng=random.Random(1))
    return sizes.blocks[-1][0]


def one_round(
    contenders: Sequence[Process], sizes: Sequence[int], rng: random.Random
) -> list[list[float | None]]:
    """Run one block each in random order, and return them in the order of the contenders."""
    blocks: dict[int, list[float | None]] = {}
    for index in rng.sample(range(len(contenders)), len(contenders)):
        block = contenders[index].block(sizes[index])
        blocks[index] = [block.calls, block.cpu_ns, block.wall_ns, block.switches]
    return [blocks[index] for index in range(len(contenders))]


def main() -> None:
    """Parse the options and run."""
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
