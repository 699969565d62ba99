"""More than one machine: the same verdicts as on one, and a lost node loses nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import torchkata, wait_for

from torchkata.course.catalogue import Course
from torchkata.errors import KataError, UsageError
from torchkata.instructor.course_bundle import course_files, pack, unpack
from torchkata.instructor.gradebook.grade_class import FILE
from torchkata.instructor.gradebook.task import Outcome, Task
from torchkata.result import ExerciseResult, State

pytest.importorskip("distributed", reason="Dask is an extra: pip install 'torchkata[cluster]'")

HALVE = "01_mini/02_halve"
ANSWERS = {
    "right": "def halve(x):\n    return x / 2\n",
    "wrong": "def halve(x):\n    return x / 3\n",
    "exits": "import os\nos._exit(0)\n",
    "times": "def halve(x):\n    return x * 0.5 if x.is_floating_point() else x / 2\n",
}


def class_of(folder: Path, copies: int) -> Path:
    """Every answer several times over, each a little different, so that none is judged once."""
    for name, text in ANSWERS.items():
        for number in range(copies):
            path = folder / f"{name}{number}" / "01_mini/02_halve.py"
            path.parent.mkdir(parents=True)
            path.write_text(f"{text}\n# {number}\n")
    return folder


def verdicts(out: Path) -> dict[str, tuple[str, float]]:
    with contextlib.closing(sqlite3.connect(out / FILE)) as link:
        rows = link.execute("select learner, state, points from verdict").fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return {learner: (state, points) for learner, state, points in rows}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def cluster(log: Path, nodes: int, *words: str) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """A scheduler and its nodes as processes of their own on the loopback address."""
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    common = {"stdout": subprocess.DEVNULL, "start_new_session": True}
    dask = [sys.executable, "-m", "distributed.cli."]
    started = []
    with log.open("wb") as stream:
        try:
            started.append(
                subprocess.Popen(
                    [
                        *dask[:2],
                        dask[2] + "dask_scheduler",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        port,
                        "--no-dashboard",
                    ],
                    stderr=stream,
                    **common,
                )
            )
            started.extend(
                subprocess.Popen(
                    [
                        *dask[:2],
                        dask[2] + "dask_worker",
                        address,
                        "--nthreads",
                        "1",
                        "--no-nanny",
                        "--no-dashboard",
                        *words,
                    ],
                    stderr=stream,
                    cwd=log.parent,
                    **common,
                )
                for _ in range(nodes)
            )
            registered = "Register worker"
            assert wait_for(lambda: log.read_text().count(registered) >= nodes, 60), log.read_text()
            yield address, started[1:]
        finally:
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def test_a_lost_node_loses_nothing(course: Path, tmp_path: Path):
    """One of two nodes is killed in mid-run: every verdict is there once, as on one machine."""
    class_ = class_of(tmp_path / "class", 6)
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert torchkata(course, "gradebook", str(class_), "--out", str(alone)).returncode == 0
    with cluster(tmp_path / "log", 2, "--resources", "timing=1") as (address, nodes):
        words = ["gradebook", str(class_), "--out", str(spread), "--scheduler", address]
        told = tmp_path / "told"
        with told.open("wb") as stream:
            run = subprocess.Popen(
                [sys.executable, "-m", "torchkata", *words], cwd=course, stdout=stream
            )
            assert wait_for(lambda: told.read_text().count("01_mini") >= 4, 90)
            os.kill(nodes[0].pid, signal.SIGKILL)
            assert run.wait(90) == 0

    assert verdicts(spread) == verdicts(alone)
    assert len(verdicts(spread)) == 24
    assert told.read_text().count("01_mini/02_halve") == 24


def test_a_local_cluster(course: Path, tmp_path: Path):
    """`--scheduler local --jobs 2` grades on a cluster of this machine."""
    class_ = class_of(tmp_path / "class", 1)
    words = ["--out", str(tmp_path / "out"), "--scheduler", "local", "--jobs", "2"]

    done = torchkata(course, "gradebook", str(class_), *words, timeout=110)

    assert done.returncode == 0, done.stderr
    assert verdicts(tmp_path / "out")["right0"] == ("passed", 1)


def test_an_answer_that_ends_its_nodes_is_given_up(course: Path, monkeypatch: pytest.MonkeyPatch):
    """A node's death makes suspect what it was to judge; only what ends it alone is given up."""
    import dask  # noqa: PLC0415 - an extra

    from torchkata.instructor.gradebook import dask_cluster as module  # noqa: PLC0415 - the same

    def judged(_name: str, _course: bytes, task: Task) -> Outcome:
        if task.learner == "zoe":
            os.kill(os.getpid(), signal.SIGKILL)
        result = ExerciseResult(id=HALVE, name="halve", chapter="01_mini", state=State.PASSED)
        return Outcome(task=task, state="passed", points=1.0, result=result)

    monkeypatch.setattr(module, "grade_on_node", judged)
    tasks = [
        Task(learner=who, exercise_id=HALVE, source=b"", file="a.py", seed=1, key="")
        for who in ("zoe", "ann", "bob", "cem")
    ]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        module.connected(module.LOCAL, 1) as client,
    ):
        found = [(o.task.learner, o.state) for o in module.graded_on(client, Course(course), tasks)]

    assert sorted(found) == [
        ("ann", "passed"), ("bob", "passed"), ("cem", "passed"), ("zoe", "error")
    ]  # fmt: skip


def test_nodes_without_timing_slots_are_refused(tmp_path: Path):
    """A cluster none of whose nodes can time would wait for ever; it is told at once."""
    from torchkata.instructor.gradebook.dask_cluster import connected  # noqa: PLC0415 - needs the extra

    with (
        cluster(tmp_path / "log", 1) as (address, _nodes),
        pytest.raises(UsageError, match="--resources timing=1"),
        connected(address, 1),
    ):
        pass


def test_no_scheduler_is_told(monkeypatch: pytest.MonkeyPatch):
    """An address where nobody answers is one clear sentence."""
    from torchkata.instructor.gradebook import dask_cluster as cluster_module  # noqa: PLC0415

    monkeypatch.setattr(cluster_module, "_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(KataError, match="No scheduler answers"),
        cluster_module.connected(address, 1),
    ):
        pass


def test_a_pack_is_reproducible(course: Path, tmp_path: Path):
    """The same files, translations too, give the same bytes, and come out as they went in."""
    told = course / "solutions/01_mini/zh-CN/02_halve.po"
    told.parent.mkdir()
    told.write_text('msgid ""\nmsgstr ""\n')
    files = course_files(Course(course))
    assert "solutions/01_mini/zh-CN/02_halve.po" in files
    data = pack(files)

    assert pack(dict(reversed(list(files.items())))) == data
    unpack(data, tmp_path / "again")
    assert course_files(Course(tmp_path / "again")) == files
