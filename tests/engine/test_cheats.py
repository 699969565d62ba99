"""Cheats: none passes, each fails where it should, and what reaches out of the worker is stopped.

Each file of `tests/cheats` is a submission; its head names the exercise, the verdict expected of
it with confinement and without (a state, and an axis on which it fails), and, where it reaches for
something outside, the evidence by which a success would show:

    changed     a file of the stage has changed, or a new one is there, in shared memory too
    connected   somebody has connected to the stage's port, or to its socket `listener`
    killed      the stage's process has ended
    told        the submission has printed what it must not know
    never told  the same, but it must not succeed without confinement either
    harmless    nothing of all that may happen, with or without

A cheat that plays for time names in `Limit` the seconds that one of its requests may take.

A host probe has to succeed without confinement, else its failure with it would prove nothing.
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
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher, WorkerConfig
from torchkata.worker.confinement.confine import available_confinement

COURSE = Course(Path(__file__).resolve().parents[2])
FILES = sorted((COURSE.root / "tests" / "cheats").glob("*.py"))
EVIDENCE = {"changed", "connected", "killed", "told", "never told", "harmless", ""}
SHARED = Path("/dev/shm")
PASSES = {"97_false_meters_alone"}  # what nothing stops; docs/security.md says why
FREE_PASSES = {"24_read_solutions", "68_call_the_reference"} | PASSES
MOST_TEXT = 4100  # characters of a message
HONEST = {State.FAILED, State.ERROR, State.TIMEOUT}

pytestmark = pytest.mark.skipif(
    available_confinement().level != "full", reason="cheats are let loose only where confinement is complete"
)


@dataclass(frozen=True)
class Cheat:
    """A cheat's file: what it says of itself."""

    file: Path
    text: str

    def word(self, name: str) -> str:
        """What stands behind a name in the head."""
        found = re.search(rf"^{name} +(\S.*)$", self.text, re.MULTILINE)
        return found[1] if found else ""


@dataclass
class Stage:
    """What a cheat may reach for: files, a port, a process, a secret; made for one judgement."""

    folder: Path
    port: int = 0
    victim: int = 0
    secret: str = field(default_factory=lambda: secrets.token_hex(8))
    connections: list[bytes] = field(default_factory=list)

    def fill(self, text: str) -> bytes:
        """The cheat's text with the places it looks for."""
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
        """Every file of the stage, and what was left for it in shared memory."""
        paths = [*self.folder.rglob("*"), *SHARED.glob(f"*{self.secret}*")]
        return {str(p): p.read_bytes() for p in paths if p.is_file()}


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Set the stage, and clear away whatever a cheat has left on it."""
    stage = Stage(folder)
    for name, text in {
        "report.json": "{}",
        "run.sh": "exit 1",
        "tests/test_grader.py": "assert False",
        "students/other.py": f"told {stage.secret}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    local = socket.socket(socket.AF_UNIX)
    with victim, socket.create_server(("127.0.0.1", 0)) as server, local:
        stage.port, stage.victim = server.getsockname()[1], victim.pid
        local.bind(str(folder / "listener"))
        local.listen()
        done = threading.Event()
        listeners = [
            threading.Thread(target=listen, args=(each, stage, done)) for each in (server, local)
        ]
        for listener in listeners:
            listener.start()
        try:
            yield stage
        finally:
            done.set()
            for listener in listeners:
                listener.join()
            victim.kill()
            for file in SHARED.glob(f"*{stage.secret}*"):
                file.unlink()
            left = folder / "pid.txt"
            if left.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(left.read_text()), signal.SIGKILL)


def listen(server: socket.socket, stage: Stage, done: threading.Event) -> None:
    """Note every connection."""
    server.settimeout(0.1)
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _address = server.accept()
            with connection:
                connection.settimeout(1)
                with contextlib.suppress(TimeoutError, OSError):
                    stage.connections.append(connection.recv(100))


def succeeded(kind: str, stage: Stage, before: dict[str, bytes], result: ExerciseResult) -> bool:
    """Whether a cheat got what it reached for."""
    told = stage.secret in result.output or "told" in result.output
    return {
        "changed": stage.contents() != before,
        "connected": bool(stage.connections),
        "killed": not living({stage.victim}),
        "told": told,
        "never told": told,
        "harmless": stage.contents() != before or bool(stage.connections),
    }[kind]


@pytest.fixture(scope="session")
def free(launcher: Launcher) -> Iterator[Launcher]:
    """Start workers without confinement."""
    loose = Launcher(WorkerConfig(limit=LIMIT, confine=False), launcher._zygote)
    yield loose
    for worker in loose._workers:
        worker.close()


def judged(cheat: Cheat, launcher: Launcher, stage: Stage) -> ExerciseResult:
    exercise = COURSE.one(cheat.word("Exercise"))
    submission = Submission(source=stage.fill(cheat.text), file=exercise.stub_path.name)
    if limit := cheat.word("Limit"):
        launcher = Launcher(replace(launcher.config, limit=float(limit)), launcher._zygote)
    return grade_one(exercise, submission, launcher, Settings(seed=secrets.randbelow(1 << 32)))


CHEATS = [Cheat(file, file.read_text(encoding="utf-8")) for file in FILES]


@pytest.mark.parametrize("way", ["Confined", "Unconfined"])
@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.file.stem)
def test_cheat(cheat: Cheat, way: str, hasty: Launcher, free: Launcher, tmp_path: Path):
    """It has the verdict that its head says, and gets nothing that confinement forbids."""
    state, _, axis = cheat.word(way).partition(" ")
    kind = cheat.word("Evidence")
    with staged(tmp_path) as stage:
        before = stage.contents()
        result = judged(cheat, hasty if way == "Confined" else free, stage)
        story = [(check.id, check.message) for check in result.failed]

        assert result.state == state, (result.message, story, result.output)
        assert max((len(message) for _, message in story), default=0) < MOST_TEXT
        if axis:
            assert axis in {check.axis for check in result.failed}, story
        if kind:
            expected = way == "Unconfined" and kind not in ("harmless", "never told")
            assert succeeded(kind, stage, before, result) is expected, result.output[:500]
        left = tmp_path / "pid.txt"
        if left.exists():
            assert not living({int(left.read_text())}), "a process outlived its worker"


def test_heads_are_complete():
    """Each file says what is expected of it; none passes but those that are named."""
    assert len(CHEATS) > 60
    for cheat in CHEATS:
        number = re.match(r'"""Cheat (\d+), ([\w-]+): ', cheat.text)
        assert number, cheat.file
        assert cheat.file.stem == f"{int(number[1]):02d}_{number[2].replace('-', '_')}"
        if cheat.file.stem not in PASSES:
            assert State(cheat.word("Confined").split()[0]) in HONEST
        assert cheat.word("Evidence") in EVIDENCE
    assert {c.file.stem for c in CHEATS if c.word("Unconfined") == "passed"} == FREE_PASSES


def test_an_honest_answer_passes_after_them(launcher: Launcher):
    """Whatever they did, the next submission is judged as ever."""
    exercise = COURSE.one("row_sum_fast")
    honest = Submission(source=exercise.solution_path.read_bytes(), file=exercise.stub_path.name)

    assert grade_one(exercise, honest, launcher, Settings(seed=3)).state is State.PASSED
