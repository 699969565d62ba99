"""CPU slots: each judge has its own core, and a timing lock for each pair of cores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from torchkata.instructor.gradebook.cpu_slots import claim_cpu_slot, cpu_slot

needs_cores = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="threads can be pinned on Linux only"
)
CLAIM = """
import sys, time
from pathlib import Path
from torchkata.instructor.gradebook.cpu_slots import claim_cpu_slot
slot = claim_cpu_slot(Path(sys.argv[1]))
slot.pin()
print(slot.core, slot.timing_lock.name, flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def claiming_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that claims a slot."""
    words = [sys.executable, "-c", CLAIM, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def claimed_slot(process: subprocess.Popen[str]) -> list[str]:
    """Return the core and the timing lock that a process has claimed."""
    assert process.stdout is not None
    return process.stdout.readline().split()


@needs_cores
def test_judges_spread_over_pairs_of_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Judges get one core of each pair, then the second cores; the fifth shares a core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {4, 5, 6, 7})
    slots = [cpu_slot(tmp_path, number) for number in range(5)]

    assert [slot.core for slot in slots] == [4, 6, 5, 7, 4]
    assert [slot.timing_lock.name for slot in slots] == [
        "cores-4", "cores-6", "cores-4", "cores-6", "cores-4"
    ]  # fmt: skip


@needs_cores
def test_a_single_core_has_its_own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Three cores are a pair and a single core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})

    slots = [cpu_slot(tmp_path, number) for number in range(3)]

    assert [(slot.core, slot.timing_lock.name) for slot in slots] == [
        (0, "cores-0"), (2, "cores-2"), (1, "cores-0")
    ]  # fmt: skip


@needs_cores
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_processes_claim_different_slots(tmp_path: Path):
    """Two processes claim different slots; the slot of a killed one is free again."""
    folder = tmp_path / "slots"
    with claiming_process(folder) as first, claiming_process(folder) as second:
        slot, other = claimed_slot(first), claimed_slot(second)
        assert slot[0] != other[0]
        assert os.sched_getaffinity(first.pid) == {int(slot[0])}
        first.kill()
        first.wait()
        with claiming_process(folder) as third:
            assert claimed_slot(third) == slot


@needs_cores
def test_processes_share_a_slot_if_all_are_claimed(tmp_path: Path):
    """With more judges than cores, each still shares a timing lock with those of its cores."""
    folder = tmp_path / "slots"
    cores = len(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(claiming_process(folder)) for _core in range(cores)]
        locks = [claimed_slot(process)[1] for process in processes]

        assert claim_cpu_slot(folder).timing_lock.name in locks
