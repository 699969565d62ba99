"""Seats of judges: a core each, a turn at the clock for each pair of cores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from torchkata.instructor.gradebook.cpu_slots import free_seat, seat

needs_cores = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="cores can be chosen on Linux only"
)
SITS = """
import sys, time
from pathlib import Path
from torchkata.instructor.gradebook.cpu_slots import free_seat
found = free_seat(Path(sys.argv[1]))
found.take()
print(found.core, found.turns.name, flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def sitting(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that takes a free seat."""
    words = [sys.executable, "-c", SITS, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def words_of(process: subprocess.Popen[str]) -> list[str]:
    """The core and the place for turns that it has found."""
    assert process.stdout is not None
    return process.stdout.readline().split()


@needs_cores
def test_pairs_are_filled_one_judge_each_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Judges spread over the pairs, then take the second cores; the fifth shares a core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {4, 5, 6, 7})
    seats = [seat(tmp_path, number) for number in range(5)]

    assert [each.core for each in seats] == [4, 6, 5, 7, 4]
    assert [each.turns.name for each in seats] == [
        "cores-4", "cores-6", "cores-4", "cores-6", "cores-4"
    ]  # fmt: skip


@needs_cores
def test_a_core_alone_is_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Three cores are a pair and one more, which has turns of its own."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})

    found = [seat(tmp_path, number) for number in range(3)]

    assert [(each.core, each.turns.name) for each in found] == [
        (0, "cores-0"), (2, "cores-2"), (1, "cores-0")
    ]  # fmt: skip


@needs_cores
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_processes_find_seats_of_their_own(tmp_path: Path):
    """Two nodes of a machine sit apart; a killed one's seat is free for the next."""
    folder = tmp_path / "seats"
    with sitting(folder) as first, sitting(folder) as second:
        place, other = words_of(first), words_of(second)
        assert place[0] != other[0]
        assert os.sched_getaffinity(first.pid) == {int(place[0])}
        first.kill()
        first.wait()
        with sitting(folder) as third:
            assert words_of(third) == place


@needs_cores
def test_where_all_seats_are_taken_two_share_one(tmp_path: Path):
    """More judges than cores still judge, and still take turns with those of their cores."""
    folder = tmp_path / "seats"
    cores = len(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        seated = [stack.enter_context(sitting(folder)) for _ in range(cores)]
        taken = [words_of(process)[1] for process in seated]

        assert free_seat(folder).turns.name in taken
