"""Grading on several machines: the verdicts are those of one, and a lost node loses nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import python, torchkata, wait_for

from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.errors import KataError, UsageError
from torchkata.grading.grade import result_for
from torchkata.instructor.course_bundle import course_files, unpack
from torchkata.instructor.gradebook import dask_cluster
from torchkata.instructor.gradebook.grade_class import GRADEBOOK_FILE
from torchkata.instructor.gradebook.task import Outcome, Task
from torchkata.result import State

pytest.importorskip("distributed", reason="Dask is an extra: pip install 'torchkata[cluster]'")

HALVE = "01_mini/02_halve"
SOURCES = {
    "right": "def halve(x):\n    return x / 2\n",
    "wrong": "def halve(x):\n    return x / 3\n",
    "exits": "import os\nos._exit(0)\n",
    "times": "def halve(x):\n    return x * 0.5 if x.is_floating_point() else x / 2\n",
}


def write_class(folder: Path, copies: int) -> Path:
    """Write every submission several times, each slightly different, so that none are equal."""
    for name, text in SOURCES.items():
        for number in range(copies):
            path = folder / f"{name}{number}" / "01_mini/02_halve.py"
            path.parent.mkdir(parents=True)
            path.write_text(f"{text}\n# {number}\n")
    return folder


def verdicts(out: Path) -> dict[str, tuple[str, float]]:
    with contextlib.closing(sqlite3.connect(out / GRADEBOOK_FILE)) as connection:
        rows = connection.execute("select learner, state, points from verdict").fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return {learner: (state, points) for learner, state, points in rows}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def cluster(log: Path, nodes: int, *words: str) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Start a scheduler and its nodes as processes on the loopback address."""
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    common = {"stdout": subprocess.DEVNULL, "start_new_session": True}
    scheduler = [python(), "-m", "distributed.cli.dask_scheduler"]
    node = [python(), "-m", "distributed.cli.dask_worker"]
    started = []
    with log.open("wb") as stream:
        try:
            options = ["--host", "127.0.0.1", "--port", port, "--no-dashboard"]
            started.append(subprocess.Popen([*scheduler, *options], stderr=stream, **common))
            options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", *words]
            started.extend(
                subprocess.Popen(
                    [*node, address, *options], stderr=stream, cwd=log.parent, **common
                )
                for _node in range(nodes)
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
    """After one of two nodes is killed, every verdict is there once, as on one machine."""
    class_ = write_class(tmp_path / "class", 6)
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert torchkata(course, "gradebook", str(class_), "--out", str(alone)).returncode == 0
    with cluster(tmp_path / "log", 2, "--resources", "timing=1") as (address, nodes):
        words = ["gradebook", str(class_), "--out", str(spread), "--scheduler", address]
        printed = tmp_path / "printed"
        with printed.open("wb") as stream:
            run = subprocess.Popen([python(), "-m", "torchkata", *words], cwd=course, stdout=stream)
            assert wait_for(lambda: printed.read_text().count("01_mini") >= 4, 90)
            os.kill(nodes[0].pid, signal.SIGKILL)
            assert run.wait(90) == 0

    assert verdicts(spread) == verdicts(alone)
    assert len(verdicts(spread)) == 24
    assert printed.read_text().count("01_mini/02_halve") == 24


def test_a_local_cluster(course: Path, tmp_path: Path):
    """`--scheduler local --jobs 2` grades on a cluster of this machine."""
    class_ = write_class(tmp_path / "class", 1)
    words = ["--out", str(tmp_path / "out"), "--scheduler", "local", "--jobs", "2"]

    done = torchkata(course, "gradebook", str(class_), *words, timeout=110)

    assert done.returncode == 0, done.stderr
    assert verdicts(tmp_path / "out")["right0"] == ("passed", 1)


def test_a_submission_that_ends_its_nodes_counts_as_failed(
    course: Path, monkeypatch: pytest.MonkeyPatch
):
    """All tasks on a dead node are retried; only the one that ends a node again has failed."""
    import dask  # noqa: PLC0415 - an extra

    result = result_for(Course(course).one(HALVE), State.PASSED)

    def grade(_name: str, _course: bytes, task: Task) -> Outcome:
        if task.learner == "zoe":
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome(task=task, state="passed", points=1.0, result=result)

    monkeypatch.setattr(dask_cluster, "grade_on_node", grade)
    tasks = [
        Task(learner=who, exercise_id=HALVE, source=b"", file="a.py", seed=1, key="")
        for who in ("zoe", "ann", "bob", "cem")
    ]
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        dask_cluster.connect(dask_cluster.LOCAL, 1) as client,
    ):
        outcomes = list(dask_cluster.grade_on(client, Course(course), tasks))

    assert sorted((outcome.task.learner, outcome.state) for outcome in outcomes) == [
        ("ann", "passed"), ("bob", "passed"), ("cem", "passed"), ("zoe", "error")
    ]  # fmt: skip


def test_nodes_without_timing_slots_are_an_error(tmp_path: Path):
    """Without a node that can time, grading would wait forever; there is an error instead."""
    with (
        cluster(tmp_path / "log", 1) as (address, _nodes),
        pytest.raises(UsageError, match="--resources timing=1"),
        dask_cluster.connect(address, 1),
    ):
        pass


def test_a_missing_scheduler_is_an_error(monkeypatch: pytest.MonkeyPatch):
    """If no scheduler responds at the address, one sentence says so."""
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(KataError, match="No scheduler responds"),
        dask_cluster.connect(address, 1),
    ):
        pass


def test_the_bundle_is_reproducible(course: Path, tmp_path: Path):
    """The same files, including translations, give the same bytes, and are unpacked unchanged."""
    translations = course / "solutions/01_mini/zh-CN/02_halve.po"
    translations.parent.mkdir()
    translations.write_text('msgid ""\nmsgstr ""\n')
    files = course_files(Course(course))
    assert "solutions/01_mini/zh-CN/02_halve.po" in files
    data = archive.create(files)

    assert archive.create(dict(reversed(list(files.items())))) == data
    unpack(data, tmp_path / "again")
    assert course_files(Course(tmp_path / "again")) == files
