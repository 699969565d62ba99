"""Cheats: none passes, each fails for the right reason, and attacks on the host are denied.

Each file of `tests/cheats` is a submission. Its docstring names the exercise and the expected
verdicts with and without confinement (a state, and an axis that fails). If it attacks something
outside the worker, it also names the evidence of success:

    changed     a file of the targets changed, or a new one exists, also in shared memory
    connected   a connection was made to the targets' port, or to their socket `listener`
    killed      the targets' process has ended
    told        the submission printed something that it must not know
    never told  the same, but it must not succeed without confinement either
    harmless    none of this may happen, with or without confinement

A cheat that needs more time names in `Limit` the seconds that one of its requests may take.

Each escape attempt must succeed unconfined; otherwise its failure under confinement proves nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from helpers import LIMIT, living

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.seeds import random_seed
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher, WorkerConfig
from torchkata.worker.confinement.confine import available_confinement

COURSE = Course(Path(__file__).resolve().parents[2])
FILES = sorted((COURSE.root / "tests" / "cheats").glob("*.py"))
EVIDENCE = {"changed", "connected", "killed", "told", "never told", "harmless", ""}
SHARED = Path("/dev/shm")
PASSES = {"97_false_meters_alone"}  # nothing stops it; docs/security.md explains why
UNCONFINED_PASSES = {"24_read_solutions", "68_call_the_reference"} | PASSES
MOST_TEXT = 4100  # characters of a message
REJECTED = {State.FAILED, State.ERROR, State.TIMEOUT}

pytestmark = pytest.mark.skipif(
    available_confinement().level != "full",
    reason="cheats run only on machines with full confinement",
)


@dataclass(frozen=True)
class Cheat:
    """The file of a cheat."""

    file: Path
    text: str

    def field(self, name: str) -> str:
        """Return the value of a field in the docstring; empty if it is missing."""
        match = re.search(rf"^{name} +(\S.*)$", self.text, re.MULTILINE)
        return match[1] if match else ""

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes in which it is graded.

        Confinement only takes possibilities away. If neither the verdict nor the evidence depends
        on it, the cheat is graded where it can do more.
        """
        depends = self.field("Confined") != self.field("Unconfined") or self.field("Evidence")
        return ("Confined", "Unconfined") if depends else ("Unconfined",)


@dataclass
class Targets:
    """The targets of a cheat for one grading: files, a port, a process, a secret."""

    folder: Path
    port: int = 0
    victim: int = 0
    secret: str = field(default_factory=lambda: secrets.token_hex(8))
    connections: list[bytes] = field(default_factory=list)

    def fill(self, text: str) -> bytes:
        """Return the source of a cheat with the locations of the targets."""
        for name, value in {
            "FOLDER": self.folder,
            "COURSE": COURSE.root,
            "PORT": self.port,
            "VICTIM": self.victim,
            "JUDGE": os.getpid(),
            "SECRET": self.secret,
        }.items():
            text = text.replace(f"@{name}@", str(value))
        return text.encode()

    def contents(self) -> dict[str, bytes]:
        """Return the contents of all files, including those in shared memory."""
        paths = [*self.folder.rglob("*"), *SHARED.glob(f"*{self.secret}*")]
        return {str(p): p.read_bytes() for p in paths if p.is_file()}


@contextlib.contextmanager
def set_up_targets(folder: Path) -> Iterator[Targets]:
    """Create the targets, and clean up after the cheat."""
    targets = Targets(folder)
    for name, text in {
        "report.json": "{}",
        "run.sh": "exit 1",
        "tests/test_grader.py": "assert False",
        "students/other.py": f"told {targets.secret}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    local = socket.socket(socket.AF_UNIX)
    with victim, socket.create_server(("127.0.0.1", 0)) as server, local:
        targets.port, targets.victim = server.getsockname()[1], victim.pid
        local.bind(str(folder / "listener"))
        local.listen()
        done = threading.Event()
        listeners = [
            threading.Thread(target=listen, args=(each, targets, done)) for each in (server, local)
        ]
        for listener in listeners:
            listener.start()
        try:
            yield targets
        finally:
            done.set()
            for listener in listeners:
                listener.join()
            victim.kill()
            for file in SHARED.glob(f"*{targets.secret}*"):
                file.unlink()
            left = folder / "pid.txt"
            if left.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(left.read_text()), signal.SIGKILL)


def listen(server: socket.socket, targets: Targets, done: threading.Event) -> None:
    """Record every connection."""
    server.settimeout(0.1)
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _address = server.accept()
            with connection:
                connection.settimeout(1)
                with contextlib.suppress(TimeoutError, OSError):
                    targets.connections.append(connection.recv(100))


def succeeded(
    kind: str, targets: Targets, before: dict[str, bytes], result: ExerciseResult
) -> bool:
    """Return whether the evidence shows that a cheat succeeded."""
    told = targets.secret in result.output or "told" in result.output
    return {
        "changed": targets.contents() != before,
        "connected": bool(targets.connections),
        "killed": not living({targets.victim}),
        "told": told,
        "never told": told,
        "harmless": targets.contents() != before or bool(targets.connections),
    }[kind]


@pytest.fixture(scope="session")
def unconfined_launcher(launcher: Launcher) -> Iterator[Launcher]:
    """Start workers without confinement."""
    with launcher.with_config(WorkerConfig(limit=LIMIT, confine=False)) as unconfined:
        yield unconfined


def grade_cheat(cheat: Cheat, launcher: Launcher, targets: Targets, seed: int) -> ExerciseResult:
    """Grade a cheat."""
    exercise = COURSE.one(cheat.field("Exercise"))
    submission = Submission(source=targets.fill(cheat.text), file=exercise.stub_path.name)
    if limit := cheat.field("Limit"):
        launcher = launcher.with_config(replace(launcher.config, limit=float(limit)))
    return grade_one(exercise, submission, launcher, Settings(seed=seed))


CHEATS = [Cheat(file, file.read_text(encoding="utf-8")) for file in FILES]


@pytest.mark.parametrize(
    ("cheat", "mode"),
    [
        pytest.param(cheat, mode, id=f"{cheat.file.stem}-{mode}")
        for cheat in CHEATS
        for mode in cheat.modes
    ],
)
def test_cheat(
    cheat: Cheat, mode: str, hasty: Launcher, unconfined_launcher: Launcher, tmp_path: Path
):
    """A cheat has the verdict of its docstring, and confinement denies its attack."""
    state, _, axis = cheat.field(mode).partition(" ")
    kind = cheat.field("Evidence")
    seed = random_seed()  # pytest prints it if an assertion fails
    launcher = hasty if mode == "Confined" else unconfined_launcher
    with set_up_targets(tmp_path) as targets:
        before = targets.contents()
        result = grade_cheat(cheat, launcher, targets, seed)
        failures = [(check.id, str(check.message)) for check in result.failed]

        assert result.state == state, (seed, str(result.message), failures, result.output)
        assert max((len(message) for _, message in failures), default=0) < MOST_TEXT
        if axis:
            assert axis in {check.axis for check in result.failed}, (seed, failures)
        if kind:
            expected = mode == "Unconfined" and kind not in ("harmless", "never told")
            assert succeeded(kind, targets, before, result) is expected, result.output[:500]
        left = tmp_path / "pid.txt"
        if left.exists():
            assert not living({int(left.read_text())}), "a process outlived its worker"


def test_docstrings_of_cheats_are_complete():
    """Each file has its expected verdicts, and none passes except those named here."""
    assert len(CHEATS) > 60
    for cheat in CHEATS:
        number = re.match(r'"""Cheat (\d+), ([\w-]+): ', cheat.text)
        assert number, cheat.file
        assert cheat.file.stem == f"{int(number[1]):02d}_{number[2].replace('-', '_')}"
        if cheat.file.stem not in PASSES:
            assert State(cheat.field("Confined").split()[0]) in REJECTED
        assert cheat.field("Evidence") in EVIDENCE
    assert {c.file.stem for c in CHEATS if c.field("Unconfined") == "passed"} == UNCONFINED_PASSES


def test_an_honest_submission_passes_after_the_cheats(launcher: Launcher):
    """The cheats have no effect on the next submission."""
    exercise = COURSE.one("row_sum_fast")
    honest = Submission(source=exercise.solution_path.read_bytes(), file=exercise.stub_path.name)

    assert grade_one(exercise, honest, launcher, Settings(seed=3)).state is State.PASSED
