"""Kits: complete, reproducible, without solutions in the clear, and useful to a learner."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import math
import os
import stat
import subprocess
import sys
import tarfile
import tomllib
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
import torch
from helpers import commit, python, torchkata
from terminals import watching

from torchkata.cli.main import main
from torchkata.course import archive, open_examples, sealing
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.files import OPEN, SEALED, open_course_files
from torchkata.course.stub_digest import digest
from torchkata.errors import CourseError, KataError, UsageError
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.instructor.kit import build
from torchkata.instructor.kit.build import Kit, build_kit
from torchkata.instructor.kit.make_examples import example_data
from torchkata.instructor.kit.wheel import build_wheel, engine_files
from torchkata.instructor.kit.writer import require_empty, write_kit
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[2]
HALVE = "exercises/01_mini/02_halve.py"
RIGHT = "def halve(x):\n    return x / 2\n"
PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
HINT = "An operator with a number acts on each entry."
CALL = "`x / 2`."


# Kits of the miniature course, and commands that run in one


def copy_course(folder: Path, mini: Path) -> Path:
    """Copy the miniature course, with a license, and hints in Chinese."""
    for part in ("exercises", "solutions", "tests"):
        for file in (mini / part).rglob("*.py"):
            copy = folder / file.relative_to(mini)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (folder / "LICENSE").write_text("MIT\n")
    hints = folder / "solutions/01_mini/zh-CN/02_halve.po"
    hints.parent.mkdir()
    text = f'msgid "{HINT}"\nmsgstr "逐项运算。"\n\nmsgid "{CALL}"\nmsgstr "写 `x / 2`。"\n'
    hints.write_text(PO + text, encoding="utf-8")
    statement = folder / "exercises/01_mini/zh-CN/02_halve.po"
    statement.parent.mkdir()
    statement.write_text(PO + 'msgid "Rules\\n    Leave x as it is."\nmsgstr "规则：x 不变。"\n')
    return folder


@pytest.fixture(scope="module")
def source(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the course from which kits are built."""
    return copy_course(tmp_path_factory.mktemp("course"), mini)


def build_for(course: Path, launcher: Launcher, *chapters: str, open_only: bool = False) -> Kit:
    exercises = Course(course)
    return build_kit(exercises, exercises.select((), chapters), launcher, open_only=open_only)


@pytest.fixture(scope="module")
def kits(source: Path, launcher: Launcher) -> dict[str, Kit]:
    """Build both kinds of kit."""
    return {kind: build_for(source, launcher, open_only=kind == OPEN) for kind in (SEALED, OPEN)}


@pytest.fixture
def sealed(kits: dict[str, Kit], tmp_path: Path) -> Path:
    """Write a kit with sealed graders."""
    write_kit(kits[SEALED].files, tmp_path / "kit")
    return tmp_path / "kit"


@pytest.fixture
def open_(kits: dict[str, Kit], tmp_path: Path) -> Path:
    """Write a kit with open examples only."""
    write_kit(kits[OPEN].files, tmp_path / "kit")
    return tmp_path / "kit"


@pytest.fixture(scope="module")
def engine(kits: dict[str, Kit], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the engine from the kit's wheel."""
    folder = tmp_path_factory.mktemp("engine")
    name = next(name for name in kits[SEALED].files if name.endswith(".whl"))
    (folder / name).write_bytes(kits[SEALED].files[name])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    target = folder / "site"
    subprocess.run([*pip, "--target", str(target), str(folder / name)], check=True, timeout=60)
    return target


def run_in_kit(kit: Path, engine: Path, *words: str) -> tuple[int, str]:
    """Run a command in the kit, with the engine that its wheel installs and without the course."""
    done = torchkata(kit, *words, PYTHONPATH=str(engine))
    return done.returncode, done.stdout + done.stderr


# Contents


def test_kit_contains_what_learners_need(kits: dict[str, Kit]):
    """Stubs, their translations, pages, the engine, examples, one packed file, and nothing else."""
    wheel, _content = build_wheel()
    common = {
        *(f"exercises/{name}.py" for name in ("01_mini/01_row_total", "01_mini/02_halve")),
        *(f"exercises/{name}.py" for name in ("02_more/01_mend_shift", "02_more/02_counter")),
        "exercises/01_mini/zh-CN/02_halve.po",
        *(f"examples/01_mini/{name}.json" for name in ("01_row_total", "02_halve")),
        "examples/02_more/01_mend_shift.json",
        *("README.md", "noxfile.py", "pyproject.toml", ".gitignore", "LICENSE", wheel),
    }
    assert set(kits[SEALED].files) == common | {SEALED}
    assert set(kits[OPEN].files) == common | {OPEN, "examples/02_more/02_counter.json"}
    assert (kits[OPEN].exercises, kits[OPEN].examples) == (4, 3)


def test_kit_of_one_chapter(source: Path, launcher: Launcher):
    """A kit of one chapter contains nothing of another, sealed or not."""
    kit = build_for(source, launcher, "more")
    hidden = sealing.unseal(kit.files[SEALED])

    assert {path.split("/")[1] for path in hidden} == {"02_more"}
    assert not [path for path in kit.files if "01_mini" in path]


def test_wheel_contains_the_engine(engine: Path):
    """The wheel is the package that runs here, file by file, and installs its command."""
    files = engine_files()

    assert "torchkata/i18n/translations/zh-CN.po" in files
    assert "torchkata/instructor/kit/template/noxfile.py" in files
    assert {path: (engine / path).read_bytes() for path in files} == files
    names = {path.name for path in engine.glob("torchkata-*.dist-info/*")}
    assert {"METADATA", "RECORD", "WHEEL", "entry_points.txt"} <= names
    assert (engine / "bin/torchkata").exists()


def test_wheel_has_the_metadata_of_the_project_file(engine: Path):
    """It has the project file's dependencies, and the installed engine builds the same wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (known,) = distributions(name="torchkata", path=[str(engine)])

    assert [text for text in known.requires or [] if "extra ==" not in text] == project[
        "dependencies"
    ]
    assert {point.name for point in known.entry_points} == {"kata", "torchkata"}
    code = (
        "import hashlib\nfrom torchkata.instructor.kit.wheel import build_wheel\n"
        "print(hashlib.sha256(build_wheel()[1]).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(engine)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == hashlib.sha256(build_wheel()[1]).hexdigest()


def test_pages_agree_with_the_kit(kits: dict[str, Kit]):
    """README, project file and noxfile agree with the kit and with the course's own noxfile."""
    files = kits[SEALED].files
    readme = files["README.md"].decode()
    noxfile = files["noxfile.py"].decode()
    own = (ROOT / "noxfile.py").read_text(encoding="utf-8")

    assert "nox -s grade -- row_total" in readme
    assert "| `01_mini` | 2 |" in readme
    assert "It is not a lock:" in readme
    assert "No hidden" not in readme
    assert "open examples alone" in kits[OPEN].files["README.md"].decode()
    assert "graders.sealed" not in kits[OPEN].files["README.md"].decode()
    wheel, _content = build_wheel()
    assert wheel in files["pyproject.toml"].decode()
    for pinned in ("TORCH = ", "OLDEST = ", "torchkata needs Python", '"Install nox with'):
        assert [line for line in noxfile.splitlines() if pinned in line] == [
            line for line in own.splitlines() if pinned in line
        ]
    for session in ("grade", "watch", "hint", "reset", "list", "show"):
        assert f'torchkata(session, "{session}")' in noxfile


# Nothing in the clear


def texts_of(kit: Kit) -> Iterator[tuple[str, str]]:
    """Yield every file of a kit as text, with archives unpacked."""
    for path, data in kit.files.items():
        if path.endswith(".whl"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = archive.namelist()
                yield from ((name, archive.read(name).decode(errors="replace")) for name in names)
        elif path.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for entry in archive:
                    file = archive.extractfile(entry)
                    assert file is not None
                    yield entry.name, file.read().decode()
        else:
            yield path, data.decode(errors="replace")


def secret_lines(exercises: tuple[Exercise, ...]) -> dict[str, str]:
    """Return the substantial lines of references and graders, with their files.

    These are lines of more than a dozen characters that are neither comments nor imports and occur
    in no stub. Hints, which a kit may contain, have a separate test.
    """
    public = "\n".join(exercise.stub_path.read_text(encoding="utf-8") for exercise in exercises)
    secrets: dict[str, str] = {}
    for exercise in exercises:
        for path in (exercise.solution_path, exercise.grader_path):
            text = path.read_text(encoding="utf-8")
            hints = {
                number
                for node in ast.parse(text).body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HINTS"
                for number in range(node.lineno, (node.end_lineno or 0) + 1)
            }
            for number, line in enumerate(map(str.strip, text.splitlines()), 1):
                imported = line.removesuffix(",").isidentifier()  # a name in a list of imports
                trivial = len(line) <= 12 or imported or line.startswith(("#", "import ", "from "))
                if not trivial and number not in hints and line not in public:
                    secrets[line] = f"{path.parent.name}/{path.name}"
    return secrets


def leaks(kit: Kit, secrets: dict[str, str]) -> list[str]:
    """Return the secret lines that a kit contains in the clear.

    In the engine, a single line is a coincidence (`return result`), but three of one file are not.
    """
    leaked = []
    for path, text in texts_of(kit):
        here = {line.strip() for line in text.splitlines()} & set(secrets)
        if path.startswith("torchkata"):
            common = {file for file, n in Counter(secrets[line] for line in here).items() if n < 3}
            leaked += [f"{path}: {line}" for line in here if secrets[line] not in common]
        else:
            within = {line for line in secrets if len(line) > 20 and line in text}
            leaked += [f"{path}: {secrets[line]}: {line}" for line in here | within]
    return leaked


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_no_secret_is_in_the_clear(source: Path, kits: dict[str, Kit], kind):
    """No file of either kit, archives unpacked, contains a line of a reference or a grader."""
    secrets = secret_lines(Course(source).exercises)

    assert len(secrets) > 60
    assert leaks(kits[kind], secrets) == []


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_no_secret_of_the_course_is_in_the_clear(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch, kind
):
    """The same holds for the whole course, here without examples, which take long to make."""
    monkeypatch.setattr(build, "example_data", lambda _exercise, _launcher: {"functions": []})
    kit = build_for(ROOT, launcher, open_only=kind == OPEN)
    secrets = secret_lines(Course(ROOT).exercises)

    assert len(secrets) > 5000
    assert leaks(kit, secrets) == []


def test_leaks_are_detected(source: Path, kits: dict[str, Kit]):
    """A reference in a page, an archive or the engine is detected."""
    secrets = secret_lines(Course(source).exercises)
    reference = (source / "solutions/02_more/01_mend_shift.py").read_bytes()
    grader = (source / "tests/01_mini/test_02_halve.py").read_bytes()
    slips = {
        "README.md": reference,
        "examples/x.json": json.dumps({"a": grader.decode()}).encode(),
        OPEN: archive.create({"solutions/02_more/01_mend_shift.py": reference}),
        "torchkata/i18n/quantities.py": b"x = 1\n" + reference,
    }
    for path, data in slips.items():
        kit = Kit(files={path: data}, exercises=1, examples=0, uncommitted=())
        assert leaks(kit, secrets), path


def test_open_kit_has_no_hidden_material(kits: dict[str, Kit]):
    """It has hints up to the second level from the solutions, and nothing from the graders."""
    files = archive.read(kits[OPEN].files[OPEN])

    assert [path for path in files if path.startswith("tests/")] == []
    for path, data in files.items():
        if path.startswith("solutions/") and path.endswith(".py"):
            (statement,) = ast.parse(data).body
            assert isinstance(statement, ast.Assign)
            assert len(ast.literal_eval(statement.value)) <= 2
    text = files["solutions/01_mini/zh-CN/02_halve.po"].decode()
    assert "逐项运算。" in text
    assert CALL not in text


def test_hint_that_quotes_the_solution_is_left_out(course: Path, launcher: Launcher):
    """The levels end before the one that quotes code of the reference."""
    solution = course / "solutions/02_more/01_mend_shift.py"
    text = solution.read_text()
    idea = "Every such op has a twin without the underscore."
    assert idea in text
    solution.write_text(text.replace(idea, "Write `x  - x.mean( )`, no underscore."))

    files = archive.read(build_for(course, launcher, "more", open_only=True).files[OPEN])

    assert files["solutions/02_more/01_mend_shift.py"].decode().count("underscore") == 1


# Grading in a kit


def test_sealed_kit_grades(sealed: Path, engine: Path):
    """Right code passes on hidden inputs and is compared with the reference; wrong code fails."""
    (sealed / HALVE).write_text(RIGHT)
    (sealed / "exercises/02_more/01_mend_shift.py").write_text("def shift(x):\n    return x\n")
    code, text = run_in_kit(sealed, engine, "grade", "halve")

    assert code == 0, text
    assert "1 exercise: 1 passed" in text
    assert "Yours              Reference" in text
    code, text = run_in_kit(sealed, engine, "grade", "--lang", "zh-CN", "--json", "report.json")
    assert code == 1
    assert "示例" not in text
    states = {
        each["name"]: (each["state"], {check["axis"] for check in each["checks"]})
        for each in json.loads((sealed / "report.json").read_text())["exercises"]
    }
    assert states["mend_shift"][0] == "failed"
    assert states["halve"][0] == "passed"
    assert {"device", "gradient", "ops", "purity"} <= states["halve"][1]
    assert [name for name, (state, _) in states.items() if state == "todo"] == [
        "row_total",
        "counter",
    ]


def test_sealed_kit_has_every_command(sealed: Path, capsys):
    """List, hint, show and completion work in English and Chinese, without git and the course."""

    def output(*words: str) -> str:
        assert main(["--course", str(sealed), *words]) == 0
        return capsys.readouterr().out

    assert "4 exercises, 0 passed" in output("list")
    assert "An operator with a number acts on each entry." in output("hint", "halve")
    assert "逐项运算。" in output("hint", "halve", "2", "--lang", "zh-CN")
    assert CALL in output("hint", "halve", "3")
    assert "规则：x 不变。" in output("show", "halve", "--lang", "zh-CN")
    assert "mend_shift" in output("complete", "--", "grade", "me")


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_reset_keeps_the_learners_file(kits: dict[str, Kit], tmp_path: Path, kind, capsys):
    """The stub comes from the kit's own file, and the learner's file is kept."""
    kit = tmp_path / "kit"
    write_kit(kits[kind].files, kit)
    (kit / HALVE).write_text(RIGHT)
    (kit / "exercises/01_mini/01_row_total.py").unlink()

    assert main(["--course", str(kit), "reset", "halve", "row_total"]) == 0

    assert (kit / HALVE).read_bytes() == kits[kind].files[HALVE]
    assert (kit / "exercises/01_mini/01_row_total.py").exists()
    (kept,) = (kit / ".torchkata/kept/01_mini").iterdir()
    assert kept.read_text() == RIGHT
    assert str(kept.relative_to(kit)) in capsys.readouterr().out


def test_grading_writes_only_progress(sealed: Path, engine: Path):
    """While a kit grades, the judge opens no file for writing but the learner's progress."""
    (sealed / HALVE).write_text(RIGHT)
    code = (
        "import sys\n"
        "def hook(event, args):\n"
        "    if event == 'open' and isinstance(args[0], str) and args[2] & 3:\n"
        "        print('WROTE', args[0])\n"
        "    if event in ('os.mkdir', 'os.rename', 'os.link', 'os.symlink'):\n"
        "        print('WROTE', args[0])\n"
        "sys.addaudithook(hook)\n"
        "from torchkata.cli.main import main\n"
        "main(['grade', 'halve', 'row_total'])\n"
        "main(['hint', 'halve'])\n"
        "open('probe', 'w').close()\n"
    )
    done = subprocess.run(
        [python(), "-B", "-c", code],
        cwd=sealed,
        env={**os.environ, "PYTHONPATH": str(engine)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    wrote = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("WROTE")}

    assert "1 passed" in done.stdout
    assert "probe" in wrote
    assert {path for path in wrote if ".torchkata" not in path and "/dev/" not in path} == {"probe"}


def test_tracebacks_show_no_sealed_lines(sealed: Path):
    """An error of a sealed grader shows a line number but not the line."""
    (naive,) = (function.naive for function in Course(sealed).one("halve").spec.functions)
    try:
        naive(None)
    except Exception:  # noqa: BLE001 - whatever it raises on None
        text = traceback.format_exc()

    frame = text.splitlines()[-2]
    assert "<sealed test_02_halve.py>" in frame, text
    assert "x" not in frame.split(", in ")[1].split(naive.__name__)[1]


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix terminal")
def test_watch_in_a_kit(kits: dict[str, Kit], tmp_path: Path, engine: Path):
    """Both kinds grade at every save; only the sealed kit shows the solution."""
    for kind, text, solution in (
        (SEALED, "Passed. Press n", "HINTS = ("),
        (OPEN, "The open examples pass.", "does not contain the reference"),
    ):
        kit = tmp_path / kind
        write_kit(kits[kind].files, kit)
        with watching(kit, "halve", PYTHONPATH=str(engine)) as terminal:
            terminal.wait("Divide each entry")
            (kit / HALVE).write_text("def halve(x):\n    return x * 2\n")
            terminal.wait("VALUES")
            (kit / HALVE).write_text(RIGHT)
            terminal.wait(text)
            terminal.send("s")
            terminal.wait(solution)
            terminal.send("r")
            terminal.wait("Reset halve")
            terminal.send("y")
            terminal.wait("Your version is kept in")
            terminal.send("q")
            assert terminal.ended() == 0
        assert (kit / HALVE).read_bytes() == kits[kind].files[HALVE]


# The kit's noxfile


class Session:
    """A nox session that records what it would run."""

    name = "grade"

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.ran: list[tuple[str, ...]] = []
        self.posargs = ["halve"]

    def run(self, *words: str, **_: object) -> None:
        self.venv.mkdir(parents=True, exist_ok=True)
        self.ran.append(words)

    def log(self, _text: str) -> None:
        pass

    def error(self, text: str) -> None:
        raise RuntimeError(text)


def test_noxfile_installs_once(sealed: Path):
    """PyTorch and the engine are installed once, and again for another engine; old Python fails."""
    spec = importlib.util.spec_from_file_location("kits_noxfile", sealed / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    noxfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noxfile)
    session = Session(sealed / ".nox/kata")
    (wheel,) = sealed.glob("*.whl")

    noxfile.torchkata(session, "grade")
    first, session.ran = session.ran, []
    noxfile.torchkata(session, "grade")
    second, session.ran = session.ran, []
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    noxfile.install(session)

    assert [words[-2:] for words in first] == [
        ("--clear", str(sealed / ".nox/kata")),
        (noxfile.TORCH, str(wheel)),
        ("--no-deps", str(wheel)),
        ("grade", "halve"),
    ]
    assert first[0][1:4] == ("-I", "-m", "venv")
    assert second == first[-1:]
    assert session.ran == first[:-1]
    noxfile.OLDEST = (99, 0)
    wheel.write_bytes(b"other")
    with pytest.raises(RuntimeError, match=r"torchkata needs Python 3\.11 or newer"):
        noxfile.install(session)
    wheel.unlink()
    with pytest.raises(RuntimeError, match="Download the kit again"):
        noxfile.install(session)


def test_noxfile_heals_the_environment(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """An environment without pip is made anew; an installed torch is used if it is requested."""
    monkeypatch.setattr("nox.registry._REGISTRY", {})  # of other noxfiles in this process
    for name in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    spec = importlib.util.spec_from_file_location("kits_noxfile", sealed / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    noxfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noxfile)
    venv = sealed / ".nox/kata"
    session, logged = Session(venv), []
    monkeypatch.setattr(session, "log", logged.append)
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    noxfile.PYTHON.write_text("#!/bin/sh\nexit 1\n")
    noxfile.PYTHON.chmod(0o755)

    noxfile.make_environment(session)
    assert [words[-2:] for words in session.ran] == [("--clear", str(venv))]
    assert sys.platform != "linux" or "4.9 GB on disk" in logged[-1]

    session.ran.clear()
    noxfile.PYTHON.write_text("#!/bin/sh\n")
    noxfile.make_environment(session)
    assert session.ran == []

    monkeypatch.setattr(noxfile, "INSTALLED_TORCH", True)
    noxfile.install(session)
    assert "--system-site-packages" in session.ran[0]
    assert noxfile.TORCH not in session.ran[1]


# Open examples


def test_open_kit_grades_with_examples(open_: Path, engine: Path):
    """Right code passes, and the summary says what was checked and what was not."""
    (open_ / HALVE).write_text(RIGHT)
    (open_ / "exercises/02_more/02_counter.py").write_text(
        "from torch import nn\nclass Counter(nn.Module):\n    def forward(self, x): return x\n"
    )
    code, text = run_in_kit(open_, engine, "grade", "--json", "report.json")

    assert code == 0, text
    flat = " ".join(text.split())
    assert "This kit checks open examples only; 3 of 4 exercises have some." in flat
    assert "that grade counts" in flat
    assert "This exercise has no open example" in flat
    assert "less busy" not in flat
    report = json.loads((open_ / "report.json").read_text())
    by_name = {each["name"]: each for each in report["exercises"]}
    assert by_name["counter"]["state"] == "unmeasurable"
    assert by_name["halve"]["state"] == "passed"
    assert "The open examples pass." in by_name["halve"]["message"]
    assert by_name["halve"]["comparison"] is None
    assert {check["axis"] for check in by_name["halve"]["checks"]} == {
        *("contract", "shape", "values", "dtype", "purity"),
    }
    chinese = run_in_kit(open_, engine, "grade", "halve", "--lang", "zh-CN")[1]
    assert "公开示例" in chinese


@pytest.mark.parametrize(
    ("code", "axis", "text"),
    [
        ("def halve(x):\n    return x / 3\n", "values", "open example"),
        ("def halve(x):\n    return (x / 2)[:1]\n", "shape", "shape"),
        ("def halve(x):\n    return x.double() / 2\n", "dtype", "float64"),
        ("def halve(y):\n    return y / 2\n", "contract", "to take (x), got (y)"),
    ],
)
def test_open_examples_find_errors(open_: Path, grade_in, code, axis, text):
    """The comparison is the same as on hidden inputs: names, shape, dtype, values."""
    result = grade_in(open_, "halve", code)

    assert result.state == "failed"
    messages = {check.axis: f"{check.message} {check.case}" for check in result.failed}
    assert text in messages[axis]


@pytest.fixture
def grade_in(launcher: Launcher):
    """Return a function that grades source text as an exercise of a kit."""

    def grade(kit: Path, name: str, source: str):
        exercise = Course(kit).one(name)
        submission = Submission(source=source.encode(), file=exercise.stub_path.name)
        return grade_one(exercise, submission, launcher, Settings(seed=1))

    return grade


def test_untouched_stubs_are_todo(open_: Path, grade_in):
    """An untouched stub is todo, and so is one whose only change is a comment."""
    stub = (open_ / HALVE).read_text()

    assert grade_in(open_, "halve", stub).state == "todo"
    assert grade_in(open_, "halve", stub + "# mine\n").state == "todo"


def test_examples_reveal_no_hidden_case(launcher: Launcher, course: Path):
    """If inputs are not random, the sizes of hidden cases make no example; others do."""
    grader = course / "tests/01_mini/test_02_halve.py"
    text = grader.read_text()
    drawn = 'inputs={"x": normal("n")}'
    assert drawn in text
    fixed = text.replace(drawn, 'inputs={"x": lambda sizes, _: torch.arange(float(sizes.n))}')
    grader.write_text(f"import torch\n{fixed}")
    exercise = Course(course).one("halve")
    hidden = [case.sizes["n"] for case in exercise.spec.functions[0].cases]

    functions = example_data(exercise, launcher)["functions"]

    examples = functions[0]["examples"] if functions else []
    sizes = [example["arguments"]["x"]["shape"][0] for example in examples]
    assert sizes
    assert not set(sizes) & set(hidden)


def test_open_kit_has_no_third_hint_and_no_reference(open_: Path, capsys):
    """The hint with the call is not in the kit, and neither is the reference."""
    assert main(["--course", str(open_), "hint", "halve", "2"]) == 0
    assert HINT in capsys.readouterr().out
    assert main(["--course", str(open_), "hint", "halve", "3"]) == 2
    assert "has hints 1 to 2" in capsys.readouterr().err
    with pytest.raises(CourseError, match="does not contain the reference"):
        _ = Course(open_).one("halve").reference_source


def test_examples_contain_the_references_results(open_: Path, mini: Path):
    """Arguments and results are data, and the results are what the reference returns."""
    data = json.loads((open_ / "examples/01_mini/01_row_total.json").read_text())
    (function,) = data["functions"]

    assert len(function["examples"]) == 2
    for example in function["examples"]:
        x = open_examples.from_json(example["arguments"]["x"])
        assert x.dtype is torch.float32
        assert x.shape[0] > 1
        torch.testing.assert_close(open_examples.from_json(example["result"]), x.sum(0))
    assert data["shipped"] == Course(mini).one("row_total").spec.stub_digest


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([[1.5, -0.1], [math.nan, math.inf]]),
        torch.tensor([0.1, -math.inf], dtype=torch.float64),
        torch.tensor([1 / 3, 2.0], dtype=torch.bfloat16),
        torch.tensor([True, False]),
        torch.tensor(2**62),
        torch.empty(0, 3),
        (torch.ones(1), [2, "a  b\n[1,\n2]", None], math.inf, {1: {"a": 0.5}}, -0.0),
    ],
)
def test_values_survive_json(value):
    """Values are read back unchanged: dtype, shape, every value, every container."""
    text = open_examples.dump({"value": open_examples.to_json(value)})
    back = open_examples.from_json(json.loads(text)["value"])

    torch.testing.assert_close(back, value, rtol=0, atol=0, equal_nan=True) if isinstance(
        value, torch.Tensor
    ) else None
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": object()},
        torch.ones(1, dtype=torch.complex64),
        torch.ones(1).requires_grad_(),
        object(),
    ],
)
def test_values_outside_json_make_no_example(value):
    """Functions with such values have no example."""
    with pytest.raises(open_examples.NotPlainError):
        open_examples.to_json(value)


# Reproducibility


def test_kit_is_reproducible(source: Path, kits: dict[str, Kit], tmp_path: Path):
    """Another process, umask, locale, time zone and time of day give the same files."""
    write_kit(kits[SEALED].files, tmp_path / "first")
    script = "import os, sys; os.umask(63); from torchkata.cli.main import main; sys.exit(main())"
    words = [sys.executable, "-c", script, "--course", str(source), "kit", "--out"]
    done = subprocess.run(
        [*words, str(tmp_path / "second")],
        env={**os.environ, "LC_ALL": "zh_CN.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return modes and bytes of everything below a folder."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


# Mistakes of an instructor


def test_edited_stubs_are_replaced_by_the_original(course: Path, launcher: Launcher):
    """If the instructor has edited a stub, the kit has the original one."""
    shipped = (course / HALVE).read_bytes()
    commit(course)
    (course / HALVE).write_text(RIGHT)
    commit(course, "solved")
    row_total = course / "exercises/01_mini/01_row_total.py"
    row_total.unlink()

    kit = build_for(course, launcher, "1")

    assert kit.files[HALVE] == shipped
    assert sealing.unseal(kit.files[SEALED])[HALVE] == shipped
    assert digest(kit.files["exercises/01_mini/01_row_total.py"]) == digest(
        sealing.unseal(kit.files[SEALED])["exercises/01_mini/01_row_total.py"]
    )
    assert kit.uncommitted == ()


def test_edited_stub_without_history_is_an_error(course: Path, launcher: Launcher):
    """If the original stub cannot be found, there is no kit."""
    (course / HALVE).write_text(RIGHT)

    with pytest.raises(KataError, match="02_halve"):
        build_for(course, launcher, "1")


def test_uncommitted_files_are_reported(course: Path, launcher: Launcher):
    """A kit with uncommitted changes cannot be built again, so they are reported."""
    commit(course)
    solution = course / "solutions/02_more/02_counter.py"
    solution.write_text(solution.read_text() + "\n# more\n")

    kit = build_for(course, launcher, "more")

    assert kit.uncommitted == ("solutions/02_more/02_counter.py",)


def test_missing_files_are_named(course: Path, launcher: Launcher):
    """Without a solution there is no kit of its chapter, but there is one of another chapter."""
    (course / "solutions/02_more/02_counter.py").unlink()

    with pytest.raises(CourseError, match=r"solutions/02_more/02_counter\.py"):
        build_for(course, launcher)
    assert build_for(course, launcher, "mini").exercises == 2


def test_nothing_is_overwritten(kits: dict[str, Kit], tmp_path: Path):
    """A kit does not overwrite a file, a folder with something in it, or another kit."""
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    (tmp_path / "empty").mkdir()
    write_kit(kits[OPEN].files, tmp_path / "kit")

    for name, why in (("file", "is a file"), ("full", "is not empty"), ("kit", "kit already")):
        with pytest.raises(UsageError, match=why):
            require_empty(tmp_path / name)
    require_empty(tmp_path / "new")
    require_empty(tmp_path / "empty")
    write_kit(kits[OPEN].files, tmp_path / "empty")
    assert tree(tmp_path / "empty") == tree(tmp_path / "kit")


def test_no_partial_kit_is_left(tmp_path: Path):
    """A kit that cannot be written completely is not written at all."""
    with pytest.raises(KataError, match="cannot be written"):
        write_kit({"a": b"", "a/b": b""}, tmp_path / "kit")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("kit",), 2, "--out"),
        (
            ("kit", "--out", "{tmp}/x", "--chapters", "mini", "nine"),
            2,
            "There is no chapter 'nine'",
        ),
        (("kit", "--out", "{tmp}"), 2, "is not empty"),
    ],
)
def test_usage_errors_are_reported_first(source: Path, tmp_path: Path, capsys, words, code, text):
    """Usage errors are reported before anything is built."""
    (tmp_path / "mine").touch()
    filled = [word.format(tmp=tmp_path) for word in words]

    assert main(["--course", str(source), *filled]) == code
    assert text in capsys.readouterr().err


def test_instructor_commands_need_the_course(sealed: Path, capsys):
    """In a kit, commands for instructors say that they need the course."""
    for words in (
        ("check",),
        ("solutions",),
        ("kit", "--out", "x"),
        ("gradebook", "a", "--out", "b"),
    ):
        assert main(["--course", str(sealed), *words]) == 2
        assert "learner's kit" in capsys.readouterr().err


# Damaged kits


@pytest.mark.parametrize("kind", [SEALED, OPEN])
@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 40), slice(0, -1), slice(1, None)])
def test_damaged_files_are_reported(kits: dict[str, Kit], tmp_path: Path, capsys, kind, cut):
    """Whatever is missing, one sentence says what to do."""
    write_kit(kits[kind].files, tmp_path / "kit")
    (tmp_path / "kit" / kind).write_bytes(kits[kind].files[kind][cut])

    assert main(["--course", str(tmp_path / "kit"), "list"]) == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "Download the kit again" in text


def test_flipped_bits_are_detected(kits: dict[str, Kit], tmp_path: Path):
    """A changed byte after the header is detected."""
    data = kits[SEALED].files[SEALED]
    for place in (30, 60, len(data) // 2, len(data) - 1):
        (tmp_path / SEALED).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        os.utime(tmp_path / SEALED, ns=(place, place))
        with pytest.raises(CourseError, match="Download the kit again"):
            open_course_files(tmp_path)


def test_another_engine_is_reported(tmp_path: Path):
    """The seal says which engine can open it."""
    (tmp_path / SEALED).write_bytes(sealing.seal({}, "9.9"))

    with pytest.raises(CourseError, match=r"belongs to torchkata 9\.9"):
        open_course_files(tmp_path)


def test_damaged_examples_are_reported(open_: Path, grade_in):
    """Damaged examples are the kit's fault, not the learner's."""
    path = open_ / "examples/01_mini/02_halve.json"
    whole = path.read_text()
    for broken in ("", "{}", whole.replace('"values"', '"x"'), whole.replace("float32", "float31")):
        path.write_text(broken)
        result = grade_in(open_, "halve", RIGHT)
        assert result.state == "error"
        assert "fresh download" in str(result.message)
    path.unlink()
    assert "is missing" in str(grade_in(open_, "halve", RIGHT).message)
