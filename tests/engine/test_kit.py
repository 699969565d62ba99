"""The kit: whole, the same each time, silent about answers, and of use to a learner."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

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
from helpers import commit, torchkata
from terminals import watching

from torchkata.cli.main import main
from torchkata.course import open_examples, sealing
from torchkata.course.archive import contents, pack
from torchkata.course.catalogue import Course, Exercise, digest
from torchkata.course.files import OPEN, SEALED, open_course_files
from torchkata.errors import CourseError, KataError, UsageError
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.instructor.kit import build as building
from torchkata.instructor.kit.build import Kit, build
from torchkata.instructor.kit.make_examples import facts_of
from torchkata.instructor.kit.wheel import engine_files, wheel
from torchkata.instructor.kit.writer import require_free, write
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[2]
HALVE = "exercises/01_mini/02_halve.py"
RIGHT = "def halve(x):\n    return x / 2\n"
PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
HINT = "An operator with a number acts on each entry."
CALL = "`x / 2`."


# Kits of the miniature course, and a learner who works in one


def made_course(folder: Path, mini: Path) -> Path:
    """Copy the miniature course, with a licence, and hints in Chinese."""
    for part in ("exercises", "solutions", "tests"):
        for file in (mini / part).rglob("*.py"):
            place = folder / file.relative_to(mini)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    (folder / "LICENSE").write_text("MIT\n")
    told = folder / "solutions/01_mini/zh-CN/02_halve.po"
    told.parent.mkdir()
    text = f'msgid "{HINT}"\nmsgstr "逐项运算。"\n\nmsgid "{CALL}"\nmsgstr "写 `x / 2`。"\n'
    told.write_text(PO + text, encoding="utf-8")
    statement = folder / "exercises/01_mini/zh-CN/02_halve.po"
    statement.parent.mkdir()
    statement.write_text(PO + 'msgid "Rules\\n    Leave x as it is."\nmsgstr "规则：x 不变。"\n')
    return folder


@pytest.fixture(scope="module")
def source(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the course that kits are made of."""
    return made_course(tmp_path_factory.mktemp("course"), mini)


def built(course: Path, launcher: Launcher, *chapters: str, open_only: bool = False) -> Kit:
    found = Course(course)
    return build(found, found.select((), chapters), launcher, open_only=open_only)


@pytest.fixture(scope="module")
def kits(source: Path, launcher: Launcher) -> dict[str, Kit]:
    """Build a kit of either kind."""
    return {kind: built(source, launcher, open_only=kind == OPEN) for kind in (SEALED, OPEN)}


@pytest.fixture
def sealed(kits: dict[str, Kit], tmp_path: Path) -> Path:
    """Write a kit with sealed graders, to work in."""
    write(kits[SEALED].files, tmp_path / "kit")
    return tmp_path / "kit"


@pytest.fixture
def open_(kits: dict[str, Kit], tmp_path: Path) -> Path:
    """Write a kit with open examples only, to work in."""
    write(kits[OPEN].files, tmp_path / "kit")
    return tmp_path / "kit"


@pytest.fixture(scope="module")
def engine(kits: dict[str, Kit], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the kit's engine from its wheel."""
    folder = tmp_path_factory.mktemp("engine")
    name = next(name for name in kits[SEALED].files if name.endswith(".whl"))
    (folder / name).write_bytes(kits[SEALED].files[name])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    target = folder / "site"
    subprocess.run([*pip, "--target", str(target), str(folder / name)], check=True, timeout=60)
    return target


def learn(kit: Path, engine: Path, *words: str) -> tuple[int, str]:
    """Run a verb in the kit, with the engine that its wheel installs and nothing of the course."""
    done = torchkata(kit, *words, PYTHONPATH=str(engine))
    return done.returncode, done.stdout + done.stderr


# What is in it


def test_kit_holds_what_learners_need(kits: dict[str, Kit]):
    """Stubs, their texts, pages, the engine, examples, one sealed file, and nothing else."""
    whl, _ = wheel()
    common = {
        *(f"exercises/{name}.py" for name in ("01_mini/01_row_total", "01_mini/02_halve")),
        *(f"exercises/{name}.py" for name in ("02_more/01_mend_shift", "02_more/02_counter")),
        "exercises/01_mini/zh-CN/02_halve.po",
        *(f"examples/01_mini/{name}.json" for name in ("01_row_total", "02_halve")),
        "examples/02_more/01_mend_shift.json",
        *("README.md", "noxfile.py", "pyproject.toml", ".gitignore", "LICENSE", whl),
    }
    assert set(kits[SEALED].files) == common | {SEALED}
    assert set(kits[OPEN].files) == common | {OPEN, "examples/02_more/02_counter.json"}
    assert (kits[OPEN].exercises, kits[OPEN].examples) == (4, 3)


def test_chapters_are_chosen(source: Path, launcher: Launcher):
    """A kit of one chapter has nothing of another, sealed or not."""
    kit = built(source, launcher, "more")
    hidden = sealing.unseal(kit.files[SEALED])

    assert {path.split("/")[1] for path in hidden} == {"02_more"}
    assert not [path for path in kit.files if "01_mini" in path]


def test_wheel_holds_the_engine(engine: Path):
    """The wheel is the package that runs here, file by file; its command is installed."""
    files = engine_files()

    assert "torchkata/i18n/translations/zh-CN.po" in files
    assert "torchkata/instructor/kit/template/noxfile.py" in files
    assert {path: (engine / path).read_bytes() for path in files} == files
    names = {path.name for path in engine.glob("torchkata-*.dist-info/*")}
    assert {"METADATA", "RECORD", "WHEEL", "entry_points.txt"} <= names
    assert (engine / "bin/torchkata").exists()


def test_wheel_asks_for_what_the_project_file_lists(engine: Path):
    """Whatever this environment was installed from; installed, the engine makes the same wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (known,) = distributions(name="torchkata", path=[str(engine)])

    assert [text for text in known.requires or [] if "extra ==" not in text] == project[
        "dependencies"
    ]
    assert {point.name for point in known.entry_points} == {"torchkata"}
    code = (
        "import hashlib\nfrom torchkata.instructor.kit.wheel import wheel\n"
        "print(hashlib.sha256(wheel()[1]).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(engine)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == hashlib.sha256(wheel()[1]).hexdigest()


def test_pages_name_real_things(kits: dict[str, Kit]):
    """README, project file and noxfile agree with the kit and with the course's own noxfile."""
    files = kits[SEALED].files
    readme = files["README.md"].decode()
    noxfile = files["noxfile.py"].decode()
    own = (ROOT / "noxfile.py").read_text(encoding="utf-8")

    assert "nox -s grade -- row_total" in readme
    assert "| `01_mini` | 2 |" in readme
    assert "It is no lock." in readme
    assert "No hidden" not in readme
    assert "open examples alone" in kits[OPEN].files["README.md"].decode()
    assert "graders.sealed" not in kits[OPEN].files["README.md"].decode()
    whl, _ = wheel()
    assert whl in files["pyproject.toml"].decode()
    for pinned in ("TORCH = ", "OLDEST = ", "torchkata needs Python", '"Install nox with'):
        assert [line for line in noxfile.splitlines() if pinned in line] == [
            line for line in own.splitlines() if pinned in line
        ]
    for session in ("grade", "watch", "hint", "reset", "list", "show"):
        assert f'torchkata(session, "{session}")' in noxfile


# Nothing in the clear


def texts_of(kit: Kit) -> Iterator[tuple[str, str]]:
    """Every file of a kit as text, archives opened."""
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


def secrets_of(exercises: tuple[Exercise, ...]) -> dict[str, str]:
    """The lines of substance of references and graders, and where each stands.

    Those are lines of more than a dozen characters that are neither comments nor imports and stand
    in no stub; hints, which a kit may tell, have a test of their own.
    """
    public = "\n".join(exercise.stub_path.read_text(encoding="utf-8") for exercise in exercises)
    found: dict[str, str] = {}
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
                dull = len(line) <= 12 or line.startswith(("#", "import ", "from "))
                if not dull and number not in hints and line not in public:
                    found[line] = f"{path.parent.name}/{path.name}"
    return found


def leaks(kit: Kit, secrets: dict[str, str]) -> list[str]:
    """Which secrets stand in the clear.

    In the engine a single line is chance (`return result`); three of one file are none.
    """
    found = []
    for path, text in texts_of(kit):
        here = {line.strip() for line in text.splitlines()} & set(secrets)
        if path.startswith("torchkata"):
            common = {file for file, n in Counter(secrets[line] for line in here).items() if n < 3}
            found += [f"{path}: {line}" for line in here if secrets[line] not in common]
        else:
            within = {line for line in secrets if len(line) > 20 and line in text}
            found += [f"{path}: {secrets[line]}: {line}" for line in here | within]
    return found


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_no_secret_is_in_the_clear(source: Path, kits: dict[str, Kit], kind):
    """No file of either kit, archives opened, holds a line of a reference or a grader."""
    secrets = secrets_of(Course(source).exercises)

    assert len(secrets) > 60
    assert leaks(kits[kind], secrets) == []


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_no_secret_of_the_course_is_in_the_clear(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch, kind
):
    """The same of the whole course; its examples, which take long, are left out here."""
    monkeypatch.setattr(building, "facts_of", lambda _lesson, _launcher: {"functions": []})
    kit = built(ROOT, launcher, open_only=kind == OPEN)
    secrets = secrets_of(Course(ROOT).exercises)

    assert len(secrets) > 5000
    assert leaks(kit, secrets) == []


def test_leaks_are_found(source: Path, kits: dict[str, Kit]):
    """A reference that slips into a page, an archive or the engine is noticed."""
    secrets = secrets_of(Course(source).exercises)
    reference = (source / "solutions/02_more/01_mend_shift.py").read_bytes()
    grader = (source / "tests/01_mini/test_02_halve.py").read_bytes()
    slips = {
        "README.md": reference,
        "examples/x.json": json.dumps({"a": grader.decode()}).encode(),
        OPEN: pack({"solutions/02_more/01_mend_shift.py": reference}),
        "torchkata/i18n/units.py": b"x = 1\n" + reference,
    }
    for path, data in slips.items():
        kit = Kit(files={path: data}, exercises=1, examples=0, uncommitted=())
        assert leaks(kit, secrets), path


def test_open_kit_has_no_hidden_material(kits: dict[str, Kit]):
    """Of solutions there are hints alone, up to the second level; of graders nothing."""
    files = contents(kits[OPEN].files[OPEN])

    assert [path for path in files if path.startswith("tests/")] == []
    for path, data in files.items():
        if path.startswith("solutions/") and path.endswith(".py"):
            (statement,) = ast.parse(data).body
            assert isinstance(statement, ast.Assign)
            assert len(ast.literal_eval(statement.value)) <= 2
    told = files["solutions/01_mini/zh-CN/02_halve.po"].decode()
    assert "逐项运算。" in told
    assert CALL not in told


def test_hint_that_quotes_the_answer_stays_out(course: Path, launcher: Launcher):
    """The levels end before the one that quotes code of the reference."""
    solution = course / "solutions/02_more/01_mend_shift.py"
    text = solution.read_text()
    idea = "Every such op has a twin without the underscore."
    assert idea in text
    solution.write_text(text.replace(idea, "Write `x  - x.mean( )`, no underscore."))

    files = contents(built(course, launcher, "more", open_only=True).files[OPEN])

    assert files["solutions/02_more/01_mend_shift.py"].decode().count("underscore") == 1


# Judging in a kit


def test_sealed_kit_judges(sealed: Path, engine: Path):
    """A right answer passes on hidden inputs and meets the reference; a wrong one is told why."""
    (sealed / HALVE).write_text(RIGHT)
    (sealed / "exercises/02_more/01_mend_shift.py").write_text("def shift(x):\n    return x\n")
    code, told = learn(sealed, engine, "grade", "halve")

    assert code == 0, told
    assert "1 exercise: 1 passed" in told
    assert "Yours              Reference" in told
    code, told = learn(sealed, engine, "grade", "--lang", "zh-CN", "--json", "report.json")
    assert code == 1
    assert "示例" not in told
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


def test_sealed_kit_has_every_verb(sealed: Path, capsys):
    """List, hint, show, completion, in English and Chinese, without git and without the course."""

    def told(*words: str) -> str:
        assert main(["--course", str(sealed), *words]) == 0
        return capsys.readouterr().out

    assert "4 exercises, 0 passed" in told("list")
    assert "Tensors know arithmetic." in told("hint", "halve")
    assert "逐项运算。" in told("hint", "halve", "--lang", "zh-CN")
    assert CALL in told("hint", "halve", "3")
    assert "规则：x 不变。" in told("show", "halve", "--lang", "zh-CN")
    assert "mend_shift" in told("complete", "--", "grade", "me")


@pytest.mark.parametrize("kind", [SEALED, OPEN])
def test_reset_keeps_the_learners_file(kits: dict[str, Kit], tmp_path: Path, kind, capsys):
    """The stub comes back from the kit's own file; what was there is kept."""
    kit = tmp_path / "kit"
    write(kits[kind].files, kit)
    (kit / HALVE).write_text(RIGHT)
    (kit / "exercises/01_mini/01_row_total.py").unlink()

    assert main(["--course", str(kit), "reset", "halve", "row_total"]) == 0

    assert (kit / HALVE).read_bytes() == kits[kind].files[HALVE]
    assert (kit / "exercises/01_mini/01_row_total.py").exists()
    (kept,) = (kit / ".torchkata/kept/01_mini").iterdir()
    assert kept.read_text() == RIGHT
    assert str(kept.relative_to(kit)) in capsys.readouterr().out


def test_judging_writes_nothing_down(sealed: Path, engine: Path):
    """While a kit judges, its judge opens no file for writing but the learner's progress."""
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
        [sys.executable, "-B", "-c", code],
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


def test_tracebacks_have_no_sealed_lines(sealed: Path):
    """A grader that fails in the judge shows where, and not what stands there."""
    grader = Course(sealed).one("halve").graded
    (naive,) = (function.naive for function in grader.exercise.functions)
    try:
        naive(None)
    except Exception:  # noqa: BLE001 - whatever it raises on None
        told = traceback.format_exc()

    frame = told.splitlines()[-2]
    assert "<sealed test_02_halve.py>" in frame, told
    assert "x" not in frame.split(", in ")[1].split(naive.__name__)[1]


@pytest.mark.skipif(os.name == "nt", reason="needs a Unix terminal")
def test_watching_a_kit(kits: dict[str, Kit], tmp_path: Path, engine: Path):
    """The loop judges saves in both kinds, and shows the solution where there is one."""
    for kind, told, solution in (
        (SEALED, "Passed. Press n", "HINTS = ("),
        (OPEN, "The open examples pass.", "is not in this kit"),
    ):
        kit = tmp_path / kind
        write(kits[kind].files, kit)
        with watching(kit, "halve", PYTHONPATH=str(engine)) as terminal:
            terminal.wait("Divide each entry")
            (kit / HALVE).write_text("def halve(x):\n    return x * 2\n")
            terminal.wait("VALUES")
            (kit / HALVE).write_text(RIGHT)
            terminal.wait(told)
            terminal.send("s")
            terminal.wait(solution)
            terminal.send("r")
            terminal.wait("Bring halve back")
            terminal.send("y")
            terminal.wait("Your version is kept in")
            terminal.send("q")
            assert terminal.ended() == 0
        assert (kit / HALVE).read_bytes() == kits[kind].files[HALVE]


# The kit's noxfile


class Session:
    """Stands for nox: notes what it is asked to run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ran: list[tuple[str, ...]] = []
        self.posargs = ["halve"]

    def run(self, *words: str, **_: object) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.ran.append(words)

    def log(self, _text: str) -> None:
        pass

    def error(self, text: str) -> None:
        raise RuntimeError(text)


def test_noxfile_installs_once(sealed: Path):
    """PyTorch and the engine from the kit, once; again for another engine; no old Python."""
    spec = importlib.util.spec_from_file_location("kits_noxfile", sealed / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    noxfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(noxfile)
    session = Session(sealed / ".nox/kata")
    (whl,) = sealed.glob("*.whl")

    noxfile.torchkata(session, "grade")
    first, session.ran = session.ran, []
    noxfile.torchkata(session, "grade")
    second, session.ran = session.ran, []
    whl.write_bytes(whl.read_bytes() + b"\0")
    noxfile.install(session)

    assert [words[-2:] for words in first] == [
        ("venv", str(sealed / ".nox/kata")),
        (noxfile.TORCH, str(whl)),
        ("--no-deps", str(whl)),
        ("grade", "halve"),
    ]
    assert second == first[-1:]
    assert session.ran == first[:-1]
    noxfile.OLDEST = (99, 0)
    whl.write_bytes(b"other")
    with pytest.raises(RuntimeError, match=r"torchkata needs Python 3\.11 or newer"):
        noxfile.install(session)
    whl.unlink()
    with pytest.raises(RuntimeError, match="Download the kit again"):
        noxfile.install(session)


# Open examples


def test_open_kit_judges_examples(open_: Path, engine: Path):
    """Right answers pass, and the summary says what was judged and what was not."""
    (open_ / HALVE).write_text(RIGHT)
    (open_ / "exercises/02_more/02_counter.py").write_text(
        "from torch import nn\nclass Counter(nn.Module):\n    def forward(self, x): return x\n"
    )
    code, told = learn(open_, engine, "grade", "--json", "report.json")

    assert code == 0, told
    flat = " ".join(told.split())
    assert "Only open examples were judged here, and 3 of 4 exercises have some." in flat
    assert "that grade is binding" in flat
    assert "There is no open example for this exercise" in flat
    assert "calm machine" not in flat
    report = json.loads((open_ / "report.json").read_text())
    by_name = {each["name"]: each for each in report["exercises"]}
    assert by_name["counter"]["state"] == "unmeasurable"
    assert by_name["halve"]["state"] == "passed"
    assert "The open examples pass." in by_name["halve"]["message"]
    assert by_name["halve"]["comparison"] is None
    assert {check["axis"] for check in by_name["halve"]["checks"]} == {
        *("contract", "shape", "values", "dtype"),
    }
    chinese = learn(open_, engine, "grade", "halve", "--lang", "zh-CN")[1]
    assert "这里只评判了公开示例" in chinese


@pytest.mark.parametrize(
    ("answer", "axis", "told"),
    [
        ("def halve(x):\n    return x / 3\n", "values", "Case: open example"),
        ("def halve(x):\n    return (x / 2)[:1]\n", "shape", "shape"),
        ("def halve(x):\n    return x.double() / 2\n", "dtype", "float64"),
        ("def halve(y):\n    return y / 2\n", "contract", "(x) was asked for"),
    ],
)
def test_open_examples_find_faults(open_: Path, judged, answer, axis, told):
    """The same comparison as on hidden inputs: names, shape, dtype, values."""
    result = judged(open_, "halve", answer)

    assert result.state == "failed"
    found = {check.axis: check.message for check in result.failed}
    assert told in found[axis]


@pytest.fixture
def judged(launcher: Launcher):
    """Judge source text as an exercise of a kit."""

    def judge(kit: Path, name: str, source: str):
        exercise = Course(kit).one(name)
        submission = Submission(source=source.encode(), file=exercise.stub_path.name)
        return grade_one(exercise, submission, launcher, Settings(seed=1))

    return judge


def test_untouched_stubs_are_todo(open_: Path, judged):
    """As everywhere, and so is one whose only change is a comment."""
    stub = (open_ / HALVE).read_text()

    assert judged(open_, "halve", stub).state == "todo"
    assert judged(open_, "halve", stub + "# mine\n").state == "todo"


def test_examples_make_no_hidden_case_known(launcher: Launcher, course: Path):
    """Where nothing is drawn, sizes that a hidden case has make no example; others do."""
    grader = course / "tests/01_mini/test_02_halve.py"
    text = grader.read_text()
    drawn = 'inputs={"x": normal("n")}'
    assert drawn in text
    fixed = text.replace(drawn, 'inputs={"x": lambda sizes, _: torch.arange(float(sizes.n))}')
    grader.write_text(f"import torch\n{fixed}")
    exercise = Course(course).one("halve")
    hidden = [case.sizes["n"] for case in exercise.grader.spec.functions[0].cases]

    facts = facts_of(exercise, launcher)

    found = facts["functions"][0]["examples"] if facts["functions"] else []
    sizes = [example["arguments"]["x"]["shape"][0] for example in found]
    assert sizes
    assert not set(sizes) & set(hidden)


def test_hints_of_an_open_kit_end_early(open_: Path, capsys):
    """The call itself is not there, and the reference is not either."""
    assert main(["--course", str(open_), "hint", "halve", "2"]) == 0
    assert HINT in capsys.readouterr().out
    assert main(["--course", str(open_), "hint", "halve", "3"]) == 2
    assert "has hints 1 to 2" in capsys.readouterr().err
    with pytest.raises(CourseError, match="not in this kit"):
        _ = Course(open_).one("halve").reference


def test_examples_are_the_references(open_: Path, mini: Path):
    """Arguments and results are data; results are what the reference returns for them."""
    data = json.loads((open_ / "examples/01_mini/01_row_total.json").read_text())
    (function,) = data["functions"]

    assert len(function["examples"]) == 2
    for example in function["examples"]:
        x = open_examples.value_of(example["arguments"]["x"])
        assert x.dtype is torch.float32
        assert x.shape[0] > 1
        torch.testing.assert_close(open_examples.value_of(example["result"]), x.sum(0))
    assert data["shipped"] == Course(mini).one("row_total").grader.spec.stub_digest


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
    """What is written comes back: dtype, shape, every value, every container."""
    text = open_examples.written({"value": open_examples.plain(value)})
    back = open_examples.value_of(json.loads(text)["value"])

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
def test_what_is_not_plain_makes_no_example(value):
    """Such functions have none, rather than half of one."""
    with pytest.raises(open_examples.NotPlainError):
        open_examples.plain(value)


# The same bytes


def test_same_course_same_bytes(source: Path, kits: dict[str, Kit], tmp_path: Path):
    """Another process, umask, locale, time zone and time of day: the same tree."""
    write(kits[SEALED].files, tmp_path / "first")
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
    """Modes and bytes of everything below a folder."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


# What an instructor may do wrong


def test_finished_stubs_do_not_slip_in(course: Path, launcher: Launcher):
    """An answer in the instructor's work tree is left there; the stub as shipped goes out."""
    shipped = (course / HALVE).read_bytes()
    commit(course)
    (course / HALVE).write_text(RIGHT)
    commit(course, "solved")
    row_total = course / "exercises/01_mini/01_row_total.py"
    row_total.unlink()

    kit = built(course, launcher, "1")

    assert kit.files[HALVE] == shipped
    assert sealing.unseal(kit.files[SEALED])[HALVE] == shipped
    assert digest(kit.files["exercises/01_mini/01_row_total.py"]) == digest(
        sealing.unseal(kit.files[SEALED])["exercises/01_mini/01_row_total.py"]
    )
    assert kit.uncommitted == ()


def test_finished_stub_without_history_is_refused(course: Path, launcher: Launcher):
    """Where the stub as shipped is not to be had, there is no kit."""
    (course / HALVE).write_text(RIGHT)

    with pytest.raises(KataError, match="02_halve"):
        built(course, launcher, "1")


def test_uncommitted_files_are_told(course: Path, launcher: Launcher):
    """A kit of what no commit holds cannot be made again, so the instructor is told."""
    commit(course)
    solution = course / "solutions/02_more/02_counter.py"
    solution.write_text(solution.read_text() + "\n# more\n")

    kit = built(course, launcher, "more")

    assert kit.uncommitted == ("solutions/02_more/02_counter.py",)


def test_missing_files_are_named(course: Path, launcher: Launcher):
    """A course that lacks a solution makes no kit of that chapter, but one of another."""
    (course / "solutions/02_more/02_counter.py").unlink()

    with pytest.raises(CourseError, match=r"solutions/02_more/02_counter\.py"):
        built(course, launcher)
    assert built(course, launcher, "mini").exercises == 2


def test_place_has_to_be_free(kits: dict[str, Kit], tmp_path: Path):
    """A kit is written over nothing: no file, no folder with something in it, no other kit."""
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    (tmp_path / "empty").mkdir()
    write(kits[OPEN].files, tmp_path / "kit")

    for name, why in (("file", "is a file"), ("full", "is not empty"), ("kit", "kit already")):
        with pytest.raises(UsageError, match=why):
            require_free(tmp_path / name)
    require_free(tmp_path / "new")
    require_free(tmp_path / "empty")
    write(kits[OPEN].files, tmp_path / "empty")
    assert tree(tmp_path / "empty") == tree(tmp_path / "kit")


def test_half_a_kit_is_not_left(tmp_path: Path):
    """What cannot be written whole is not written."""
    with pytest.raises(KataError, match="cannot be written"):
        write({"a": b"", "a/b": b""}, tmp_path / "kit")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
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
def test_wrong_words_are_told(source: Path, tmp_path: Path, capsys, words, code, told):
    """Before anything is built."""
    (tmp_path / "mine").touch()
    filled = [word.format(tmp=tmp_path) for word in words]

    assert main(["--course", str(source), *filled]) == code
    assert told in capsys.readouterr().err


def test_instructors_verbs_need_the_course(sealed: Path, capsys):
    """In a kit they say so, instead of stumbling over missing files."""
    for words in (
        ("check",),
        ("solutions",),
        ("kit", "--out", "x"),
        ("gradebook", "a", "--out", "b"),
    ):
        assert main(["--course", str(sealed), *words]) == 2
        assert "learner's kit" in capsys.readouterr().err


# A kit that was damaged


@pytest.mark.parametrize("kind", [SEALED, OPEN])
@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 40), slice(0, -1), slice(1, None)])
def test_damaged_files_are_told(kits: dict[str, Kit], tmp_path: Path, capsys, kind, cut):
    """Whatever is missing, one sentence says what to do."""
    write(kits[kind].files, tmp_path / "kit")
    (tmp_path / "kit" / kind).write_bytes(kits[kind].files[kind][cut])

    assert main(["--course", str(tmp_path / "kit"), "list"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Download the kit again" in told


def test_flipped_bits_are_told(kits: dict[str, Kit], tmp_path: Path):
    """A changed byte anywhere behind the head is noticed."""
    data = kits[SEALED].files[SEALED]
    for place in (30, 60, len(data) // 2, len(data) - 1):
        (tmp_path / SEALED).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        os.utime(tmp_path / SEALED, ns=(place, place))
        with pytest.raises(CourseError, match="Download the kit again"):
            open_course_files(tmp_path)


def test_another_engine_is_told(tmp_path: Path):
    """A seal says which engine opens it."""
    (tmp_path / SEALED).write_bytes(sealing.seal({}, "9.9"))

    with pytest.raises(CourseError, match=r"belongs to torchkata 9\.9"):
        open_course_files(tmp_path)


def test_damaged_examples_are_told(open_: Path, judged):
    """They are the kit's fault, not the learner's."""
    path = open_ / "examples/01_mini/02_halve.json"
    whole = path.read_text()
    for broken in ("", "{}", whole.replace('"values"', '"x"'), whole.replace("float32", "float31")):
        path.write_text(broken)
        result = judged(open_, "halve", RIGHT)
        assert result.state == "error"
        assert "fresh download" in result.message
    path.unlink()
    assert "is missing" in judged(open_, "halve", RIGHT).message
