"""`kata doctor`: what is missing or limited on a machine, and what that costs."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from torchkata.cli import doctor
from torchkata.cli import main as command_line
from torchkata.i18n import verbatim
from torchkata.learner import machine
from torchkata.learner.machine import Finding, Status
from torchkata.worker.confinement.confine import Confinement

Usage = namedtuple("Usage", "free")  # noqa: PYI024 - stands in for that of shutil


def completed(returncode: int = 0, out: str = '["2.13.0", 0, false]', err: str = "") -> Callable:
    """Return a stand-in for `subprocess.run` that imports torch."""
    return lambda *_words, **_options: subprocess.CompletedProcess([], returncode, out, err)


def raising(error: BaseException) -> Callable:
    """Return a function that raises."""

    def raised(*_arguments: object, **_options: object) -> None:
        raise error

    return raised


def test_versions(monkeypatch: pytest.MonkeyPatch):
    """PyTorch is missing, broken, untested or fine; Python is fine or untested."""
    monkeypatch.setattr(machine, "version", raising(PackageNotFoundError("torch")))
    missing = machine._torch()
    assert missing.status is Status.MISSING
    assert "-m pip install 'torch" in str(missing.cost)  # quoted: `<` would be a redirection

    monkeypatch.setattr(machine, "version", lambda _name: "2.13.0+cpu")
    monkeypatch.setattr(machine, "_torch_range", lambda: "torch>=2.13,<2.14")
    monkeypatch.setattr(machine.subprocess, "run", completed(1, "", "x\nImportError: libcudart"))
    assert machine._torch().status is Status.MISSING
    assert "ImportError: libcudart" in str(machine._torch().found)

    monkeypatch.setattr(machine.subprocess, "run", completed(out='note\n["2.13.0", 2, false]'))
    assert (machine._torch().status, str(machine._torch().found)) == (
        Status.OK,
        "2.13.0, cuda x 2",
    )
    monkeypatch.setattr(machine, "version", lambda _name: "2.9.1")
    assert machine._torch().status is Status.LIMITED
    assert "with torch>=2.13,<2.14 only" in str(machine._torch().cost)

    assert machine._python().status is Status.OK
    monkeypatch.setattr(machine, "_NEWEST_PYTHON", (3, 10))
    assert machine._python().status is Status.LIMITED


@pytest.mark.parametrize(
    ("platform", "status", "words"),
    [
        ("linux", Status.OK, ""),
        ("darwin", Status.LIMITED, "Grade only your own code here."),
        ("win32", Status.MISSING, "use WSL2"),
    ],
)
def test_systems(monkeypatch: pytest.MonkeyPatch, platform, status, words):
    """Where grading is limited or impossible, the finding says what follows."""
    monkeypatch.setattr(machine.sys, "platform", platform)
    assert machine._system().status is status
    assert words in str(machine._system().cost)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="confinement exists on Linux only")
def test_confinement_is_tried_in_a_child():
    """The finding is what a process really got; this process stays as it is."""
    got = machine._in_child(lambda: machine.confine(machine.Limits()))

    assert "rlimits" in got.measures
    assert Path(__file__).read_text()
    assert machine._in_child(raising(RuntimeError())).level == "none"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "missing", "folder", "words"),
    [
        ("full", (), False, ""),
        ("partial", ("a ban on Unix sockets with a path, which data loaders use",), True, ""),
        ("partial", ("private folders: [Errno 1]",), True, "can leave files for each other."),
        ("partial", ("seccomp: [Errno 1]",), False, "confined less than elsewhere. Missing: secc"),
        ("none", ("Landlock: no", "seccomp: no"), False, "are not confined. Grade only your own"),
    ],
)
def test_missing_measures_have_a_cost(monkeypatch, level, missing, folder, words):
    """Every measure that is missing is named with what follows from that."""
    got = Confinement(level=level, measures=("rlimits",), missing=missing)
    monkeypatch.setattr(machine, "_in_child", lambda _work: got)

    finding = machine._confinement(folder=folder)

    assert (finding.status is Status.OK) == (not words)
    assert words in str(finding.cost)


def test_clock_memory_disk_and_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Busy cores, little memory, a full or read-only disk and few descriptors are limits."""
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    assert machine._clock().status is Status.OK
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (1e3, 0.0, 0.0))
    assert "The machine is busy" in str(machine._clock().cost)
    inexact = type("Clock", (), {"__init__": lambda _self, _pid: None, "exact": False})
    monkeypatch.setattr(machine, "CpuClock", inexact)
    assert "unmeasurable" in str(machine._clock().cost)

    for available, status in ((None, Status.OK), (1 << 30, Status.LIMITED), (9 << 30, Status.OK)):
        monkeypatch.setattr(machine, "_available_memory", lambda available=available: available)
        assert machine._memory().status is status

    assert machine._folder(tmp_path).status is Status.OK
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: Usage(1000))
    assert "almost full" in str(machine._folder(tmp_path).cost)
    monkeypatch.setattr(machine.os, "access", lambda _path, _mode: False)
    assert "cannot write here" in str(machine._folder(tmp_path).cost)

    resource = pytest.importorskip("resource")
    for limit, status in ((64, Status.LIMITED), (4096, Status.OK), (-1, Status.OK)):
        monkeypatch.setattr(resource, "getrlimit", lambda _which, limit=limit: (limit, limit))
        assert machine._files().status is status


def test_terminal_browser_and_editor(monkeypatch: pytest.MonkeyPatch):
    """What is missing for reading and editing is told, and named if it is there."""
    assert "needs a terminal" in str(machine._terminal().cost)
    monkeypatch.setattr(machine.webbrowser, "get", raising(machine.webbrowser.Error()))
    assert machine._browser().status is Status.LIMITED
    monkeypatch.setattr(machine.webbrowser, "get", object)
    assert machine._browser().status is Status.OK
    monkeypatch.setenv("EDITOR", "ed")
    monkeypatch.delenv("VISUAL", raising=False)
    assert str(machine._editor().found) == "ed"
    monkeypatch.delenv("EDITOR")
    monkeypatch.setattr(machine.shutil, "which", lambda _name: None)
    assert "Any editor works" in str(machine._editor().cost)


@pytest.mark.parametrize(
    ("status", "code", "symbol", "summary"),
    [
        (Status.OK, 0, "✓", "Grading works here without limits."),
        (Status.LIMITED, 0, "~", "Grading works here, with these limits."),
        (Status.MISSING, 1, "✗", "Grading does not work here. Fix what is marked ✗ first."),
    ],
)
def test_doctor_prints_findings_and_a_summary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys, status, code, symbol, summary
):
    """It runs in any folder, exits with 1 if grading cannot work, and names shadowing files."""
    cost = verbatim("It costs this.") if status is not Status.OK else verbatim("")
    finding = Finding(topic=verbatim("Thing"), found=verbatim("7"), status=status, cost=cost)
    monkeypatch.setattr(doctor, "examine", lambda _folder: iter([finding]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random.py").write_text("")
    monkeypatch.setattr(sys, "argv", ["kata", "doctor"])

    assert command_line.kata() == code

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{symbol} Thing: 7"
    assert (lines[1] == "    It costs this.") == (status is not Status.OK)
    assert lines[-1] == summary
    assert any(line.startswith("Rename random.py in") for line in lines)


def test_every_topic_is_examined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Each finding has a topic; none of them raises on this machine."""
    monkeypatch.setattr(machine.subprocess, "run", completed())
    topics = [str(finding.topic) for finding in machine.examine(tmp_path)]

    assert topics[:3] == ["Python", "PyTorch", "System"]
    assert topics[-5:] == ["Open files", "Folder", "Terminal", "Browser", "Editor"]


def test_doctor_needs_no_torch():
    """It starts where PyTorch is missing."""
    code = "import sys; sys.modules['torch'] = None; import torchkata.cli.doctor"
    package = Path(machine.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
