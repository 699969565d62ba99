"""`torchkata init`: from a wheel to the first verdict, and an author's course."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from torchkata.cli import commands
from torchkata.cli import main as command_line
from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.errors import KataError
from torchkata.instructor.authoring.new_course import course_files
from torchkata.instructor.authoring.validate import Validator
from torchkata.instructor.kit import starter
from torchkata.instructor.kit.starter import starter_kit
from torchkata.instructor.kit.wheel import engine_files
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = ROOT / "solutions/01_basics/01_make_tensors.py"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Run:
    """Return a function that runs a program."""

    def ran(program: str, *words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", [program, *map(str, words)])
        code = getattr(command_line, program)()
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return ran


def test_init_writes_the_learners_folder(run: Run, tmp_path: Path):
    """The folder has stubs and sealed graders, and the message and the README say what is next."""
    out = tmp_path / "my kata"
    code, printed = run("kata", "init", out)

    assert code == 0, printed
    assert f"Wrote 62 exercises to {out}. Next:\n  cd {out}\n  kata watch\n" in printed
    assert "Then open exercises/01_basics/01_make_tensors.py" in printed
    course = Course(out)
    assert len(course.exercises) == 62
    assert course.one("row_sum_fast").spec.names == ("row_sum",)
    assert not any((out / folder).exists() for folder in ("solutions", "tests"))
    readme = (out / "README.md").read_text()
    assert "Run `kata` in this folder" in readme
    assert "| `kata hint NAME` |" in readme
    assert "nox -s" not in readme
    assert (out / "noxfile.py").is_file()

    code, printed = run("kata", "init", out)
    assert code == 2
    assert "already contains a kit" in printed


def test_engine_in_the_folder_carries_no_course():
    """Kits of other courses do not contain torchkata's own."""
    assert not [path for path in engine_files() if path.endswith("course.tar.gz")]


def test_installation_without_a_course_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither in a wheel nor beside the engine: the message says how to get it."""
    monkeypatch.setattr(starter, "_REPOSITORY", tmp_path)
    with pytest.raises(KataError, match="was installed without its course"):
        starter_kit(tmp_path / "out", "kata")
    (tmp_path / "course.tar.gz").write_bytes(archive.create({"exercises/01_a/01_b.py": b""}))
    monkeypatch.setattr(starter, "_PACKED", tmp_path / "course.tar.gz")
    assert starter_kit(tmp_path / "out", "kata")[1][0].id == "01_a/01_b"


# An author's course


def test_new_course_is_sound(run: Run, tmp_path: Path, launcher: Launcher):
    """The sample exercise passes the gate, mutants included; the message says what is next."""
    out = tmp_path / "mine"
    code, printed = run("torchkata", "init", "--course", out)

    assert code == 0, printed
    assert f"cd {out}\n  torchkata check\n" in printed
    assert "`torchkata new 01_start/02_my_exercise`" in printed
    (exercise,) = Course(out).exercises
    findings = Validator(launcher, seed=1).findings(exercise, 20, "0")
    assert findings.problems == []
    assert findings.warnings == []


def test_new_course_has_every_part(monkeypatch: pytest.MonkeyPatch):
    """Settings, helpers, sessions and workflow are there, and agree with the engine."""
    files = {path: content.decode() for path, content in course_files().items()}

    settings = tomllib.loads(files["course.toml"])
    assert settings["title"] == "My course"
    assert "tests/course_helpers/inputs.py" in files
    assert ".gitignore" in files
    assert "nox -s check" in files[".github/workflows/check.yml"]
    noxfile = files["noxfile.py"]
    monkeypatch.setattr("nox.registry._REGISTRY", {})  # of other noxfiles in this process
    scope: dict[str, object] = {"__file__": str(ROOT / "noxfile.py"), "__name__": "course_noxfile"}
    exec(compile(noxfile, "noxfile.py", "exec"), scope)
    verbs = {command.name for command in commands.COMMANDS if command.needs_course and command.help}
    assert set(scope["VERBS"]) == verbs - {"handin", "completion"}  # type: ignore[call-overload]
    assert f'"{scope["TORCH"]}"' in (ROOT / "noxfile.py").read_text()
    assert "@" not in noxfile.replace("@nox", "")


# From a wheel


def python(folder: Path, *words: object, packages: str) -> subprocess.CompletedProcess[str]:
    """Run an interpreter that sees these packages first."""
    return subprocess.run(
        [sys.executable, "-P", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


BUILD = (
    "import os, sys; os.chdir(sys.argv[1]); "
    "import hatchling.build as b; print(b.build_wheel(sys.argv[2]))"
)


def test_from_the_wheel_to_the_first_verdict(tmp_path: Path):
    """The built wheel alone writes the folder and grades in it; so it does for an author."""
    pytest.importorskip("hatchling")
    path = os.environ.get("PYTHONPATH", "")
    built = python(tmp_path, "-c", BUILD, ROOT, tmp_path, packages=path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
        points = next(name for name in packed.namelist() if name.endswith("entry_points.txt"))
        assert "kata = torchkata.cli.main:kata" in packed.read(points).decode()
    assert not (ROOT / "dist/course.tar.gz").exists()
    kata = "import sys; from torchkata.cli.main import kata; sys.exit(kata())"

    done = python(tmp_path, "-c", kata, "init", "out", packages=str(site))
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "out/exercises/01_basics/01_make_tensors.py").write_bytes(SOLUTION.read_bytes())
    done = python(tmp_path / "out/exercises", "-c", kata, "make_tensors", packages=str(site))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout

    done = python(tmp_path, "-c", kata, "init", "--course", "mine", packages=str(site))
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (["new", "01_start/02_more"], ["check", "scale_rows", "--mutants", "0"],
                  ["--exercises", "solutions", "scale_rows", "--complete"],
                  ["kit", "--out", "../kit", "--chapters", "01_start"],
                  ["gradebook", "../class", "--out", "../results"]):  # fmt: skip
        if words[0] == "kit":  # the new exercise is unfinished, and a kit needs references
            for file in (tmp_path / "mine").rglob("*02_more.py"):
                file.unlink()
        if words[0] == "gradebook":
            (tmp_path / "class/ada/01_start").mkdir(parents=True)
            source = (tmp_path / "mine/solutions/01_start/01_scale_rows.py").read_bytes()
            (tmp_path / "class/ada/01_start/01_scale_rows.py").write_bytes(source)
        done = python(tmp_path / "mine", "-c", kata, *words, packages=str(site))
        assert done.returncode == 0, (words, done.stdout + done.stderr)
    assert "course_helpers" not in " ".join(map(str, (tmp_path / "kit").rglob("*")))
    assert "ada" in (tmp_path / "results/gradebook.csv").read_text()
