"""Harnesses: the produced files are run in an empty directory, as each harness would run them."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from helpers import torchkata

from torchkata.cli.main import main as cli
from torchkata.course.catalogue import Course
from torchkata.errors import KataError, UsageError
from torchkata.instructor.autograders import formats, runner
from torchkata.instructor.autograders.bundle import WORKFLOWS, grading_pack, write_workflow
from torchkata.instructor.autograders.exercise_scores import Item, judged
from torchkata.instructor.autograders.export import write_exports
from torchkata.instructor.feedback.filenames import file_name
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.task import Outcome, Task, outcome
from torchkata.instructor.intake.submissions import HandIn, collect_one
from torchkata.instructor.kit.wheel import wheel
from torchkata.result import CheckResult, ExerciseResult, State, Verdict
from torchkata.worker.confinement.confine import available_confinement

MINI = Path(__file__).parent / "course"
CHEATS = Path(__file__).resolve().parents[1] / "cheats"
NO_LANDLOCK = Path(__file__).parent / "scripts" / "no_landlock.py"
HALVE, SHIFT, COUNTER = "01_mini/02_halve", "02_more/01_mend_shift", "02_more/02_counter"
NAMES = [HALVE, SHIFT, COUNTER]
SOLUTION = {name: (MINI / f"solutions/{name}.py").read_text() for name in NAMES}
STUB = {name: (MINI / f"exercises/{name}.py").read_text() for name in NAMES}
TRAP = "def halve(x):\n    print(x.tolist())\n    return x * x\n"

DEADLINE = datetime.fromisoformat("2026-05-01T23:59+02:00")

confined = pytest.mark.skipif(
    available_confinement().level != "full", reason="classes are graded only where confinement is complete"
)


def run(*words: str | Path, cwd: Path, **environment: object) -> subprocess.CompletedProcess[str]:
    """Run a command as a harness does, with nothing of this test's own paths to modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**kept, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of three exercises without a clock, so that all points are the same in any run."""
    copy = tmp_path_factory.mktemp("small") / "course"
    shutil.copytree(MINI, copy, ignore=shutil.ignore_patterns(".torchkata", "__pycache__"))
    for path in copy.rglob("*01_row_total.py"):
        path.unlink()
    return copy


@pytest.fixture(scope="module")
def pack(small: Path) -> Path:
    """The zip, made by the command."""
    file = small.parent / "autograder.zip"
    done = torchkata(small, "gradescope", "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert "3 exercises, 3 points" in done.stdout
    return file


@pytest.fixture(scope="module")
def image(pack: Path) -> Path:
    """What Gradescope keeps once the image is built: the zip unpacked, and set up."""
    root = pack.parent / "image"
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(root / "source")
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
    done = run("bash", root / "source/setup.sh", cwd=root, TORCHKATA_PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Ready: torch ")
    shutil.copy(root / "source/run_autograder", root)
    return root


@pytest.fixture
def autograder(image: Path) -> Iterator[Path]:
    """That folder with nothing handed in."""
    for name in ("submission", "results"):
        shutil.rmtree(image / name, ignore_errors=True)
        (image / name).mkdir()
    (image / "results/results.json").write_text('{"score": 99}')  # of an earlier run
    yield image
    shutil.rmtree(image / "submission")


def hand_in(folder: Path, **files: str | bytes) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)


def graded(root: Path, *words: str) -> dict[str, object]:
    """Run the autograder, and read what it leaves."""
    done = run("bash", root / "run_autograder", *words, cwd=root, AUTOGRADER_ROOT=root)
    found = json.loads((root / "results/results.json").read_text())
    assert done.returncode == (0 if "tests" in found else 1), done.stderr
    return {**found, "printed": done.stdout + done.stderr}


def by_name(found: dict[str, object]) -> dict[str, dict[str, object]]:
    return {test["name"]: test for test in found["tests"]}  # type: ignore[attr-defined]


# The pack


def test_pack_has_the_same_bytes_each_time(small: Path, pack: Path):
    """The same course and engine give the same zip, without the disk's order or times."""
    course = Course(small)
    again = grading_pack(course, course.exercises)

    assert again == pack.read_bytes()
    assert grading_pack(course, course.exercises[:1]) != again
    os.utime(small / "solutions/01_mini/02_halve.py", (1, 1))
    assert grading_pack(course, course.exercises) == again


def test_pack_holds_what_the_specification_asks(pack: Path):
    """Both scripts lie in the root; the waiver stands in the script, and only where asked for."""
    with zipfile.ZipFile(pack) as archive:
        assert {"setup.sh", "run_autograder", "course.tar.gz"} <= set(archive.namelist())
        assert "unconfined" not in archive.read("run_autograder").decode()
        assert "@" not in archive.read("run_autograder").decode().replace('"$@"', "")
    course = Course(MINI)
    waived = grading_pack(course, course.exercises[:1], unconfined=True)
    with zipfile.ZipFile(io.BytesIO(waived)) as archive:
        assert "--allow-unconfined" in archive.read("run_autograder").decode()


def test_engine_in_the_pack_is_whole():
    """What the engine takes from files beside its code is in its wheel."""
    _name, data = wheel()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()

    assert "torchkata/instructor/autograders/templates/setup.sh" in names
    assert "torchkata/i18n/translations/zh-CN.po" in names
    assert not [entry for entry in names if "__pycache__" in entry]


# The autograder, as Gradescope runs it


@confined
def test_solutions_get_the_full_score(autograder: Path):
    """Right answers in whatever layout get all points, in the documented form."""
    hand_in(
        autograder / "submission",
        **{
            "02_halve.py": SOLUTION[HALVE],
            "exercises/02_more/01_mend_shift.py": SOLUTION[SHIFT],
            "02_more/02_counter.py": SOLUTION[COUNTER],
            "torchkata/__init__.py": "raise SystemExit('imported from the submission')",
            "torch.py": "raise SystemExit('imported from the submission')",
        },
    )

    found = graded(autograder)

    assert found["score"] == 3
    assert found["stdout_visibility"] == "hidden"
    assert isinstance(found["execution_time"], int)
    assert found["output"] == "3 of 3 exercises pass."
    assert [test["name"] for test in found["tests"]] == NAMES  # type: ignore[attr-defined]
    for test in by_name(found).values():
        assert test["score"] == test["max_score"] == 1
        assert test["status"] == "passed"
        assert test["visibility"] == "visible"
        assert test["output"] == "Everything holds."


@confined
def test_wrong_answers_get_nothing(autograder: Path):
    """A cheat forges nothing, a stub is not started, a wrong answer fails with its axis."""
    forged = (CHEATS / "08_results_file_write.py").read_text()
    for old, new in {
        "row_sum": "halve",
        "x[0] if len(x) else x.sum(0)": "x",
        "@FOLDER@/report.json": str(autograder / "results/results.json"),
    }.items():
        assert old in forged
        forged = forged.replace(old, new)
    hand_in(
        autograder / "submission",
        **{
            "02_halve.py": forged,
            "01_mend_shift.py": STUB[SHIFT],
            "02_counter.py": SOLUTION[COUNTER].replace("self.calls += 1", "print(self.calls)"),
        },
    )

    found = graded(autograder)

    assert found["score"] == 0
    tests = by_name(found)
    assert {test["status"] for test in tests.values()} == {"failed"}
    assert str(tests[HALVE]["output"]).startswith("Failed on values")
    assert tests[SHIFT]["output"] == "Not started, or not finished."
    told = str(tests[COUNTER]["output"]).splitlines()
    assert told[1] == "- values[count]: Some values are wrong."


@confined
def test_traps_duplicates_and_refusals_are_told(autograder: Path):
    """Of two files one counts, and the text says which; what cannot be taken is named."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("02_counter.py", "#" * ((1 << 20) + 1))
    hand_in(
        autograder / "submission",
        **{
            "exercises/01_mini/02_halve.py": TRAP,
            "old/02_halve.py": SOLUTION[HALVE],
            "more.zip": packed.getvalue(),
            "broken.zip": b"PK\3\4 no archive",
        },
    )

    found = graded(autograder)

    tests = by_name(found)
    assert found["score"] == 0
    lines = str(tests[HALVE]["output"]).splitlines()
    assert lines[0].startswith("Failed on values, device, gradient, ops. First: Some values are")
    assert lines[1] == (
        "There are several files for it. Judged was exercises/01_mini/02_halve.py, not: "
        "old/02_halve.py."
    )
    assert "- values[one]: Some values are wrong." in lines
    assert not re.search(r"\d\.\d{3}", json.dumps(found["tests"]))  # it printed hidden inputs
    assert tests[SHIFT]["output"] == "Not handed in."
    assert tests[COUNTER]["output"] == "02_counter.py was not taken: It is larger than 1 MiB."
    assert "Not taken: broken.zip is damaged, or not what its name says" in str(found["output"])


@confined
def test_nothing_counts_without_confinement(autograder: Path):
    """On a kernel without Landlock it refuses in plain words, unless the risk was taken."""
    hand_in(autograder / "submission", **{"02_halve.py": SOLUTION[HALVE]})
    lacking = [sys.executable, NO_LANDLOCK, "bash", autograder / "run_autograder"]

    refused = run(*lacking, cwd=autograder, AUTOGRADER_ROOT=autograder)
    found = json.loads((autograder / "results/results.json").read_text())
    assert refused.returncode == 1
    assert not {"score", "tests"} & set(found)
    assert found["output"].startswith("NOT GRADED: Classes are graded only where submissions can")
    assert "Landlock" in found["output"]

    waived = run(*lacking, "--allow-unconfined", cwd=autograder, AUTOGRADER_ROOT=autograder)
    assert waived.returncode == 0, waived.stderr
    assert json.loads((autograder / "results/results.json").read_text())["score"] == 1


@pytest.mark.parametrize("program", ["exit 1", "kill -9 $$", "exit 0"])
def test_an_end_before_time_is_no_grade(autograder: Path, program):
    """Whatever ends the runner, the results say that nothing was graded; an old score is gone."""
    python = autograder / "source/python"
    kept = python.read_text()
    fake = autograder / "fake"
    fake.write_text(f"#!/bin/bash\n{program}\n")
    fake.chmod(0o755)
    python.write_text(str(fake))
    try:
        run("bash", autograder / "run_autograder", cwd=autograder, AUTOGRADER_ROOT=autograder)
    finally:
        python.write_text(kept)

    found = json.loads((autograder / "results/results.json").read_text())
    assert not {"score", "tests"} & set(found)
    assert found["output"].startswith("NOT GRADED: grading ended before it was done")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("at line 7: expected 3.14"), "the grading itself broke (RuntimeError)"),
        (KataError("No worker could be started."), "No worker could be started."),
    ],
)
def test_a_crash_is_no_grade(small: Path, tmp_path: Path, monkeypatch, error, told):
    """A fault of the engine leaves results that say so, without what the fault was about."""

    def broken(*_words: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(runner, "grade_hand_in", broken)
    file = tmp_path / "results.json"
    words = ["--course", str(small), "handin", str(tmp_path), "--results", str(file)]

    assert cli.main(words) == 1
    found = json.loads(file.read_text())
    assert not {"score", "tests"} & set(found)
    assert told in found["output"]
    assert "3.14" not in found["output"]


@confined
@pytest.mark.parametrize("how", ["unmeasurable", "breaks"])
def test_what_is_undecided_is_never_a_silent_zero(small: Path, tmp_path: Path, monkeypatch, how):
    """Without a decision there is neither score nor status, and the whole text begins with that."""

    def undecided(course: Course, _launcher: object, task: Task) -> Outcome:
        exercise = course.one(task.exercise_id)
        if task.exercise_id != HALVE:
            state = State.PASSED
        elif how == "breaks":
            raise ValueError("the judge's own fault")
        else:
            state = State.UNMEASURABLE
        result = ExerciseResult(id=exercise.id, name=exercise.name, chapter="x", state=state)
        return outcome(exercise, task, result, tries=3)

    monkeypatch.setattr(runner, "grade_task", undecided)
    hand_in(tmp_path / "in", **{f"{Path(name).name}.py": SOLUTION[name] for name in NAMES})
    file = tmp_path / "results.json"
    words = ["--course", str(small), "handin", str(tmp_path / "in"), "--results", str(file)]

    assert cli.main(words) == 0
    assert cli.main([*words, "--strict"]) == 1
    found = json.loads(file.read_text())
    test = found["tests"][0]
    assert not {"score", "status"} & set(test)
    assert test["name"] == f"{HALVE} (not decided)"
    assert "your instructor has to look" in test["output"]
    assert found["score"] == 2
    assert found["output"].startswith("THE SCORE IS NOT FINAL: 1 of 3 points are not decided")
    assert found["extra_data"]["torchkata"]["undecided"] == [HALVE]


def test_setup_asks_for_a_python(image: Path, tmp_path: Path):
    """Where the image has none that is new enough, its package manager is asked for one."""
    shutil.copytree(image / "source", tmp_path / "source")
    tools = tmp_path / "bin"
    tools.mkdir()
    asked = tmp_path / "asked"
    for name in ("tar", "gzip", "dirname", "rm", "mkdir"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, text in {
        "python3": "exit 1",  # too old
        "apt-get": f'echo "apt-get $*" >>{asked}; [[ "$*" != *python3.1* ]]',
        "add-apt-repository": f'echo "add-apt-repository $*" >>{asked}; exit 1',
    }.items():
        (tools / name).write_text(f"#!{shutil.which('bash')}\n{text}\n")
        (tools / name).chmod(0o755)

    bash = shutil.which("bash") or "bash"
    done = run(bash, tmp_path / "source/setup.sh", cwd=tmp_path, PATH=tools, TORCHKATA_PYTHON="")

    assert done.returncode == 1
    assert "No Python from 3.11 on could be installed" in done.stderr
    wanted = [line.split()[-2] for line in asked.read_text().splitlines() if "python3.1" in line]
    assert wanted == ["python3.12", "python3.11"]
    assert "add-apt-repository -y ppa:deadsnakes/ppa" in asked.read_text()


def test_setup_makes_an_environment_of_its_own(image: Path, tmp_path: Path):
    """Without the seam, PyTorch comes of the CPU's index, else of the usual one; then the wheel."""
    shutil.copytree(image / "source", tmp_path / "source")
    tools = tmp_path / "bin"
    tools.mkdir()
    asked = tmp_path / "asked"
    for name in ("tar", "gzip", "dirname", "rm", "mkdir", "cp", "bash"):
        (tools / name).symlink_to(shutil.which(name) or name)
    fake = tools / "python3.12"
    fake.write_text(
        f"""#!{shutil.which("bash")}
        echo "$*" >>{asked}
        case "$*" in
          *"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
          *--index-url*) exit 1 ;;
        esac
        """
    )
    fake.chmod(0o755)

    bash = shutil.which("bash") or "bash"
    done = run(bash, tmp_path / "source/setup.sh", cwd=tmp_path, PATH=tools, TORCHKATA_PYTHON="")

    assert done.returncode == 0, done.stderr
    installs = [line for line in asked.read_text().splitlines() if "pip install" in line]
    assert [line.split()[-1] for line in installs[:2]] == ["torch==2.13.0", "torch==2.13.0"]
    assert ["--index-url" in line for line in installs] == [True, False, False]
    assert installs[2].endswith(".whl")
    assert (tmp_path / "source/python").read_text().strip().endswith("source/venv/bin/python")


# GitHub Classroom and GitLab CI


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A learner's: an answer right, one wrong, a stub, and files that catch a careless judge."""
    root = tmp_path / "repository"
    hand_in(
        root,
        **{
            "exercises/01_mini/02_halve.py": SOLUTION[HALVE],
            "exercises/02_more/01_mend_shift.py": STUB[SHIFT],
            "exercises/02_more/02_counter.py": SOLUTION[COUNTER].replace("self.calls += 1", "pass"),
            "tests/01_mini/test_02_halve.py": "# made easy by the learner",
            "torchkata.py": "raise SystemExit('imported from the repository')",
            "zipfile.py": "raise SystemExit('imported from the repository')",
        },
    )
    return root


@confined
def test_github_workflow(repository: Path, pack: Path, tmp_path: Path):
    """Each step of the workflow, run by bash in the learner's repository, and what it reports."""
    done = torchkata(pack.parent, "harness", "github", "--out", str(repository))
    assert done.returncode == 0, done.stderr
    text = (repository / WORKFLOWS["github"]).read_text()
    job = yaml.safe_load(text)["jobs"]["run-autograding-tests"]
    temp = tmp_path / "temp"
    temp.mkdir()
    output, summary = tmp_path / "output", tmp_path / "summary"
    environment = {
        "RUNNER_TEMP": temp, "GITHUB_WORKSPACE": repository, "GITHUB_OUTPUT": output,
        "GITHUB_STEP_SUMMARY": summary, "TORCHKATA_PACK": pack.as_uri(), "TORCHKATA_TOKEN": "",
        "TORCHKATA_PYTHON": sys.executable,
    }  # fmt: skip
    steps = [step for step in job["steps"] if "run" in step]
    assert [step["name"] for step in steps] == ["Fetch the pack", "Set up", "Grade"]

    codes = []
    for step in steps:
        done = run("bash", "-e", "-c", step["run"], cwd=repository, **environment)
        codes.append(done.returncode)

    assert codes == [0, 0, 1], done.stderr  # red: an answer fails
    results = json.loads(base64.b64decode(output.read_text().removeprefix("result=").strip()))
    assert results["max_score"] == 3
    assert results["status"] == "fail"
    assert [test["score"] for test in results["tests"]] == [1, 0, 0]
    assert [test["status"] for test in results["tests"]] == ["pass", "fail", "fail"]
    assert "## 1 of 3 points" in summary.read_text()
    assert f"| {SHIFT} | todo | 0 / 1 | Not started, or not finished. |" in summary.read_text()

    reporter = job["steps"][-1]
    assert reporter["uses"] == "classroom-resources/autograding-grading-reporter@v1"
    assert reporter["env"]["TORCHKATA_RESULTS"] == "${{ steps.grade.outputs.result }}"


@pytest.mark.parametrize("harness", ["github", "gitlab"])
def test_workflow_says_which_secret_is_missing(repository: Path, tmp_path: Path, harness):
    """Without the address of the pack the run ends at once, in plain words."""
    file = write_workflow(harness, repository)
    steps = bash_of(yaml.safe_load(file.read_text()))
    environment = {"TORCHKATA_PACK": "", "RUNNER_TEMP": tmp_path, "CI_PROJECT_DIR": repository}

    done = run("bash", "-e", "-c", steps[0], cwd=repository, **environment)

    assert done.returncode == 1
    assert "TORCHKATA_PACK is not set" in done.stdout


def bash_of(workflow: dict[str, object]) -> list[str]:
    """The steps of either workflow."""
    if "grade" in workflow:
        return workflow["grade"]["script"]  # type: ignore[index,no-any-return]
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]  # type: ignore[index]
    return [step["run"] for step in steps if "run" in step]


@confined
def test_gitlab_pipeline(repository: Path, pack: Path):
    """The script, run by bash in the learner's project: each check as JUnit, without values."""
    file = write_workflow("gitlab", repository)
    job = yaml.safe_load(file.read_text())["grade"]
    done = run(
        "bash", "-eo", "pipefail", "-c", "\n".join(job["script"]), cwd=repository,
        CI_PROJECT_DIR=repository, TORCHKATA_PACK=pack.as_uri(), TORCHKATA_PYTHON=sys.executable,
        TMPDIR=repository.parent,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr  # one answer fails
    assert job["artifacts"]["reports"]["junit"] == "junit.xml"
    suites = {suite.get("name"): suite for suite in ET.parse(repository / "junit.xml").getroot()}
    assert suites[HALVE].get("failures") == "0"
    (failure,) = suites[COUNTER].iter("failure")
    assert failure.get("message") == "Some values are wrong."
    assert json.loads((repository / "results.json").read_text())["score"] == 1


def test_workflow_of_another_is_kept(tmp_path: Path):
    """A workflow that differs is not overwritten; the same one is fine."""
    file = write_workflow("gitlab", tmp_path)
    assert write_workflow("gitlab", tmp_path) == file
    file.write_text("stages: [mine]\n")

    with pytest.raises(KataError, match="differs"):
        write_workflow("gitlab", tmp_path)
    assert file.read_text() == "stages: [mine]\n"


# Forms


ITEMS = [
    Item(exercise_id="1/a", state="passed", points=2.0, weight=2.0, text="Everything holds."),
    Item(exercise_id="1/b", state="failed", points=0.0, weight=1.0, text="Failed on a|b.\n- more"),
    Item(exercise_id="1/c", state="unmeasurable", points=None, weight=3.0, text="Look."),
    Item(exercise_id="1/d", state="missing", points=0.0, weight=1.0, text="Not handed in."),
]


def test_costs_are_told():
    """A check that counts or times says what was found and what was asked for."""
    checks = [
        {"id": "f::ops[at most 1 op]", "axis": "ops", "figures": {"ops": 1001, "ops_allowed": 2}},
        {"id": "f::speed[50 x]", "axis": "speed", "figures": {"ratio": 0.868, "threshold": 50.0}},
        {"id": "f::values[one]", "axis": "values", "figures": {"worst": 3.14}},
    ]
    result = {
        "checks": [
            {"case": "", "device": "cpu", "verdict": "failed", "message": "got 3.14", **check}
            for check in checks
        ]
    }
    lines = judged("1/a", "failed", 0.0, 1.0, result).text.splitlines()

    assert lines[1].startswith("- ops[at most 1 op]: It takes more operations")
    assert lines[1].endswith("ops: 1,001, allowed are 2.")
    assert lines[2].endswith("It is 0.87 x as fast; asked for are 50 x.")
    assert lines[3] == "- values[one]: Some values are wrong."


def test_points_in_the_forms():
    """Each form counts the same points, and shows what is open as open."""
    assert formats.results(ITEMS)["score"] == 2
    assert formats.classroom(ITEMS)["status"] == "fail"
    assert formats.classroom([ITEMS[0], ITEMS[2]])["status"] == "error"
    assert sum(test["score"] for test in formats.classroom(ITEMS)["tests"]) == 2
    table = formats.markdown(ITEMS)
    assert "## 2 of 7 points" in table
    assert r"| 1/b | failed | 0 / 1 | Failed on a\|b. |" in table
    assert "| 1/c | unmeasurable | open | Look. |" in table
    assert "1 more exercises were not handed in." in table


def test_a_faulty_course_costs_no_points(mini: Path):
    """An error without a failed check is the course's fault: somebody has to look."""
    exercise = Course(mini).one("halve")
    task = Task(learner="a", exercise_id=exercise.id, source=b"", file="x.py", seed=1, key="k")
    fault = ExerciseResult(id=exercise.id, name="halve", chapter="x", state=State.ERROR)
    died = CheckResult(id="halve::values", axis="values", verdict=Verdict.FAILED)
    learners = ExerciseResult(
        id=exercise.id, name="halve", chapter="x", state=State.ERROR, checks=(died,)
    )

    assert outcome(exercise, task, fault).points is None
    assert outcome(exercise, task, learners).points == 0


def test_a_gradebook_in_other_forms(mini: Path, tmp_path: Path):
    """A results file per learner, and nbgrader's table; those who left are cleared away."""
    course, out, long = Course(mini), tmp_path / "out", "x" * 250
    exercise = course.one("halve")
    book = Book(tmp_path / "gradebook.sqlite")

    def exported(*learners: str) -> set[str]:
        book.enrol(HandIn(learner=learner) for learner in learners)
        write_exports(book, [exercise], out, DEADLINE)
        return {path.stem for path in (out / "results").glob("[!.]*")}

    (out / "results").mkdir(parents=True)
    (out / "results/mine.json").write_text("{}")
    problem = "big.zip is larger than 64 MiB."
    book.enrol([HandIn(learner="=ann", problems=[problem], handed_in=DEADLINE)])
    task = Task(learner="=ann", exercise_id=exercise.id, source=b"", file="x.py", seed=77, key="k")
    result = ExerciseResult(id=exercise.id, name="halve", chapter="x", state=State.PASSED)
    book.write(outcome(exercise, task, result), 1.0)
    write_exports(book, [exercise], out, DEADLINE)

    found = json.loads((out / f"results/{file_name('=ann')}.json").read_text())
    assert found["score"] == 1
    assert found["tests"][0]["status"] == "passed"
    assert found["output"].startswith(problem)
    assert "77" not in json.dumps(found)  # the seed of a gradebook stays with the instructor
    (row,) = csv.DictReader((out / "nbgrader.csv").read_text().splitlines())
    assert list(row) == list(formats.NBGRADER)
    assert row["assignment"] == HALVE
    assert row["student_id"] == "'=ann"
    assert row["timestamp"] == "2026-05-01 21:59:00"
    assert (row["score"], row["max_score"], row["duedate"]) == ("1", "1", "2026-05-01 21:59:00")
    assert exported("bob", long) == {"mine", "bob", file_name(long)}
    assert exported("bob") == {"mine", "bob"}
    book.close()


def test_one_hand_in_needs_a_folder(mini: Path, tmp_path: Path):
    """A hand-in that is not there is told, not taken for an empty one."""
    with pytest.raises(UsageError, match="no folder"):
        collect_one(Course(mini), tmp_path / "nowhere")
