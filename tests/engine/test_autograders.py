"""Autograders: their files run in an empty folder, as each platform would run them."""

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
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from helpers import python, torchkata

from torchkata.cli import autograder as autograder_command
from torchkata.cli.main import main
from torchkata.course.catalogue import Course
from torchkata.course.translations import Translations
from torchkata.errors import KataError, UsageError
from torchkata.grading.grade import result_for
from torchkata.i18n import verbatim
from torchkata.instructor.autograders import formats, runner
from torchkata.instructor.autograders.bundle import WORKFLOWS, autograder_zip, write_workflow
from torchkata.instructor.autograders.exercise_scores import ExerciseScore, score_exercise
from torchkata.instructor.autograders.export import write_exports
from torchkata.instructor.feedback.owned_folder import file_name
from torchkata.instructor.gradebook.db import Gradebook, stored_result
from torchkata.instructor.gradebook.task import Outcome, Task, score_result
from torchkata.instructor.intake.submissions import LearnerSubmission, Problem, collect_one
from torchkata.instructor.kit.wheel import build_wheel
from torchkata.result import CheckResult, State, Verdict
from torchkata.worker.confinement.confine import available_confinement

MINI = Path(__file__).parent / "course"
CHEATS = Path(__file__).resolve().parents[1] / "cheats"
NO_LANDLOCK = Path(__file__).parent / "scripts" / "no_landlock.py"
HALVE, SHIFT, COUNTER = "01_mini/02_halve", "02_more/01_mend_shift", "02_more/02_counter"
NAMES = [HALVE, SHIFT, COUNTER]
SOLUTION = {name: (MINI / f"solutions/{name}.py").read_text() for name in NAMES}
STUB = {name: (MINI / f"exercises/{name}.py").read_text() for name in NAMES}
TRAP = "def halve(x):\n    print(x.tolist())\n    return x * x\n"

ENGLISH = Translations(MINI)
DEADLINE = datetime.fromisoformat("2026-05-01T23:59+02:00")

confined = pytest.mark.skipif(
    available_confinement().level != "full",
    reason="grading a class needs full confinement",
)


def run(*words: str | Path, cwd: Path, **environment: object) -> subprocess.CompletedProcess[str]:
    """Run a command as a platform does, without this test's own module paths."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**inherited, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a course of three exercises without speed checks, so that points never vary."""
    copy = tmp_path_factory.mktemp("small") / "course"
    shutil.copytree(MINI, copy, ignore=shutil.ignore_patterns(".torchkata", "__pycache__"))
    for path in copy.rglob("*01_row_total.py"):
        path.unlink()
    return copy


@pytest.fixture(scope="module")
def zip_file(small: Path) -> Path:
    """Make the zip with the command."""
    file = small.parent / "autograder.zip"
    done = torchkata(small, "gradescope", "--out", str(file))
    assert done.returncode == 0, done.stderr
    assert "3 exercises, 3 points" in done.stdout
    return file


@pytest.fixture(scope="module")
def image(zip_file: Path) -> Path:
    """Build what is in Gradescope's image: the zip, unpacked and set up."""
    root = zip_file.parent / "image"
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(root / "source")
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
    done = run("bash", root / "source/setup.sh", cwd=root, TORCHKATA_PYTHON=python())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Ready: torch ")
    shutil.copy(root / "source/run_autograder", root)
    return root


@pytest.fixture
def autograder(image: Path) -> Iterator[Path]:
    """Return that folder without a submission."""
    for name in ("submission", "results"):
        shutil.rmtree(image / name, ignore_errors=True)
        (image / name).mkdir()
    (image / "source/python").write_text(f"{python()}\n")
    (image / "results/results.json").write_text('{"score": 99}')  # of an earlier run
    yield image
    shutil.rmtree(image / "submission")


def submit(folder: Path, **files: str | bytes) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)


def run_autograder(root: Path, *words: str) -> dict[str, object]:
    """Run the autograder and return its results and its output."""
    done = run("bash", root / "run_autograder", *words, cwd=root, AUTOGRADER_ROOT=root)
    results = json.loads((root / "results/results.json").read_text())
    assert done.returncode == (0 if "tests" in results else 1), done.stderr
    return {**results, "printed": done.stdout + done.stderr}


def by_name(results: dict[str, object]) -> dict[str, dict[str, object]]:
    return {test["name"]: test for test in results["tests"]}  # type: ignore[attr-defined]


# The zip


def test_zip_is_reproducible(small: Path, zip_file: Path):
    """The same course and engine give the same bytes, whatever the order and times on disk."""
    course = Course(small)
    again = autograder_zip(course, course.exercises, localize=ENGLISH)

    assert again == zip_file.read_bytes()
    assert autograder_zip(course, course.exercises[:1], localize=ENGLISH) != again
    os.utime(small / "solutions/01_mini/02_halve.py", (1, 1))
    assert autograder_zip(course, course.exercises, localize=ENGLISH) == again


def test_zip_meets_the_specification(zip_file: Path):
    """Both scripts are at the root; the waiver is in the script only if it was given."""
    with zipfile.ZipFile(zip_file) as archive:
        assert {"setup.sh", "run_autograder", "course.tar.gz"} <= set(archive.namelist())
        assert "unconfined" not in archive.read("run_autograder").decode()
        assert "@" not in archive.read("run_autograder").decode().replace('"$@"', "")
    course = Course(MINI)
    waived = autograder_zip(course, course.exercises[:1], unconfined=True, localize=ENGLISH)
    with zipfile.ZipFile(io.BytesIO(waived)) as archive:
        assert "--allow-unconfined" in archive.read("run_autograder").decode()


def test_wheel_contains_data_files():
    """The wheel contains the files beside the code that the engine reads."""
    _name, data = build_wheel()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()

    assert "torchkata/instructor/autograders/templates/setup.sh" in names
    assert "torchkata/i18n/translations/zh-CN.po" in names
    assert not [entry for entry in names if "__pycache__" in entry]


# The autograder, as Gradescope runs it


@confined
def test_solutions_get_the_full_score(autograder: Path):
    """Right submissions in any layout get all points, in the documented format."""
    submit(
        autograder / "submission",
        **{
            "02_halve.py": SOLUTION[HALVE],
            "exercises/02_more/01_mend_shift.py": SOLUTION[SHIFT],
            "02_more/02_counter.py": SOLUTION[COUNTER],
            "torchkata/__init__.py": "raise SystemExit('imported from the submission')",
            "torch.py": "raise SystemExit('imported from the submission')",
        },
    )

    results = run_autograder(autograder)

    assert results["score"] == 3
    assert results["stdout_visibility"] == "hidden"
    assert isinstance(results["execution_time"], int)
    assert results["output"] == "3 of 3 exercises passed."
    assert [test["name"] for test in results["tests"]] == NAMES  # type: ignore[attr-defined]
    for test in by_name(results).values():
        assert test["score"] == test["max_score"] == 1
        assert test["status"] == "passed"
        assert test["visibility"] == "visible"
        assert test["output"] == "All checks passed."


@confined
def test_wrong_submissions_get_no_points(autograder: Path):
    """A cheat forges nothing, a stub is not started, a wrong submission fails on its axis."""
    forged = (CHEATS / "08_results_file_write.py").read_text()
    for old, new in {
        "row_sum": "halve",
        "x[0] if len(x) else x.sum(0)": "x",
        "@FOLDER@/report.json": str(autograder / "results/results.json"),
    }.items():
        assert old in forged
        forged = forged.replace(old, new)
    submit(
        autograder / "submission",
        **{
            "02_halve.py": forged,
            "01_mend_shift.py": STUB[SHIFT],
            "02_counter.py": SOLUTION[COUNTER].replace("self.calls += 1", "print(self.calls)"),
        },
    )

    results = run_autograder(autograder)

    assert results["score"] == 0
    tests = by_name(results)
    assert {test["status"] for test in tests.values()} == {"failed"}
    assert str(tests[HALVE]["output"]).startswith("Failed on values")
    assert tests[SHIFT]["output"] == "Not started, or not finished."
    lines = str(tests[COUNTER]["output"]).splitlines()
    assert lines[1] == "- values[count]: Some values are wrong."


@confined
def test_duplicates_and_rejections_are_explained(autograder: Path):
    """Of two files one counts, and the text says which; rejected files are named."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("02_counter.py", "#" * ((1 << 20) + 1))
    submit(
        autograder / "submission",
        **{
            "exercises/01_mini/02_halve.py": TRAP,
            "old/02_halve.py": SOLUTION[HALVE],
            "more.zip": packed.getvalue(),
            "broken.zip": b"PK\3\4 no archive",
        },
    )

    results = run_autograder(autograder)

    tests = by_name(results)
    assert results["score"] == 0
    lines = str(tests[HALVE]["output"]).splitlines()
    assert lines[0].startswith("Failed on values, gradient, ops. First: Some values are")
    assert lines[1] == (
        "There are several files for this exercise. Graded exercises/01_mini/02_halve.py; ignored "
        "old/02_halve.py."
    )
    assert "- values[one]: Some values are wrong." in lines
    assert not re.search(r"\d\.\d{3}", json.dumps(results["tests"]))  # it printed hidden inputs
    assert tests[SHIFT]["output"] == "Not submitted."
    assert tests[COUNTER]["output"] == "02_counter.py was rejected: It is larger than 1 MiB."
    assert "Rejected: broken.zip is damaged, or is not what its name says" in str(results["output"])


@confined
def test_nothing_counts_without_confinement(autograder: Path):
    """Without Landlock, grading is refused with an explanation, unless the risk is accepted."""
    submit(autograder / "submission", **{"02_halve.py": SOLUTION[HALVE]})
    (autograder / "source/python").write_text(f"{sys.executable}\n")  # inherits the restriction
    lacking = [sys.executable, NO_LANDLOCK, "bash", autograder / "run_autograder"]

    refused = run(*lacking, cwd=autograder, AUTOGRADER_ROOT=autograder)
    results = json.loads((autograder / "results/results.json").read_text())
    assert refused.returncode == 1
    assert not {"score", "tests"} & set(results)
    assert results["output"].startswith("NOT GRADED: Classes are graded only where submissions can")
    assert "Landlock" in results["output"]

    waived = run(*lacking, "--allow-unconfined", cwd=autograder, AUTOGRADER_ROOT=autograder)
    assert waived.returncode == 0, waived.stderr
    assert json.loads((autograder / "results/results.json").read_text())["score"] == 1


@pytest.mark.parametrize("program", ["exit 1", "kill -9 $$", "exit 0"])
def test_an_aborted_run_is_not_a_grade(autograder: Path, program):
    """However the runner ends, the results say that nothing was graded; an old score is gone."""
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

    results = json.loads((autograder / "results/results.json").read_text())
    assert not {"score", "tests"} & set(results)
    assert results["output"].startswith("NOT GRADED: grading was aborted")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("at line 7: expected 3.14"), "internal error (RuntimeError)"),
        (KataError("No worker could be started."), "No worker could be started."),
    ],
)
def test_an_internal_error_is_not_a_grade(small: Path, tmp_path: Path, monkeypatch, error, text):
    """The results report an error of the engine, but not the text of the exception."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(autograder_command, "grade_submission", broken)
    file = tmp_path / "results.json"
    words = ["--course", str(small), "handin", str(tmp_path), "--results", str(file)]

    assert main(words) == 1
    results = json.loads(file.read_text())
    assert not {"score", "tests"} & set(results)
    assert text in results["output"]
    assert "3.14" not in results["output"]


@confined
@pytest.mark.parametrize("how", ["unmeasurable", "breaks"])
def test_an_undecided_exercise_is_not_a_silent_zero(small: Path, tmp_path: Path, monkeypatch, how):
    """It has neither score nor status, and the text of the submission begins with a warning."""

    def undecided(course: Course, _launcher: object, task: Task) -> Outcome:
        exercise = course.one(task.exercise_id)
        if task.exercise_id != HALVE:
            state = State.PASSED
        elif how == "breaks":
            raise ValueError("an internal error")
        else:
            state = State.UNMEASURABLE
        return score_result(exercise, task, result_for(exercise, state), tries=3)

    monkeypatch.setattr(runner, "grade_task", undecided)
    submit(tmp_path / "in", **{f"{Path(name).name}.py": SOLUTION[name] for name in NAMES})
    file = tmp_path / "results.json"
    words = ["--course", str(small), "handin", str(tmp_path / "in"), "--results", str(file)]

    assert main(words) == 0
    assert main([*words, "--strict"]) == 1
    results = json.loads(file.read_text())
    test = results["tests"][0]
    assert not {"score", "status"} & set(test)
    assert test["name"] == f"{HALVE} (undecided)"
    assert "your instructor has to review" in test["output"]
    assert results["score"] == 2
    assert results["output"].startswith("THE SCORE IS NOT FINAL: 1 of 3 points are undecided")
    assert results["extra_data"]["torchkata"]["undecided"] == [HALVE]


def test_setup_installs_python(image: Path, tmp_path: Path):
    """If the image has no recent Python, its package manager is used."""
    shutil.copytree(image / "source", tmp_path / "source")
    tools = tmp_path / "bin"
    tools.mkdir()
    calls = tmp_path / "calls"
    for name in ("tar", "gzip", "dirname", "rm", "mkdir"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, text in {
        "python3": "exit 1",  # too old
        "apt-get": f'echo "apt-get $*" >>{calls}; [[ "$*" != *python3.1* ]]',
        "add-apt-repository": f'echo "add-apt-repository $*" >>{calls}; exit 1',
    }.items():
        (tools / name).write_text(f"#!{shutil.which('bash')}\n{text}\n")
        (tools / name).chmod(0o755)

    bash = shutil.which("bash") or "bash"
    done = run(bash, tmp_path / "source/setup.sh", cwd=tmp_path, PATH=tools, TORCHKATA_PYTHON="")

    assert done.returncode == 1
    assert "Cannot install Python 3.11 or newer" in done.stderr
    wanted = [line.split()[-2] for line in calls.read_text().splitlines() if "python3.1" in line]
    assert wanted == ["python3.12", "python3.11"]
    assert "add-apt-repository -y ppa:deadsnakes/ppa" in calls.read_text()


def test_setup_creates_a_virtual_environment(image: Path, tmp_path: Path):
    """PyTorch comes from the CPU index, or else from the usual one; then comes the wheel."""
    shutil.copytree(image / "source", tmp_path / "source")
    tools = tmp_path / "bin"
    tools.mkdir()
    calls = tmp_path / "calls"
    for name in ("tar", "gzip", "dirname", "rm", "mkdir", "cp", "bash"):
        (tools / name).symlink_to(shutil.which(name) or name)
    fake = tools / "python3.12"
    fake.write_text(
        f"""#!{shutil.which("bash")}
        echo "$*" >>{calls}
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
    installs = [line for line in calls.read_text().splitlines() if "pip install" in line]
    assert [line.split()[-1] for line in installs[:2]] == ["torch==2.13.0", "torch==2.13.0"]
    assert ["--index-url" in line for line in installs] == [True, False, False]
    assert installs[2].endswith(".whl")
    assert (tmp_path / "source/python").read_text().strip().endswith("source/venv/bin/python")


# GitHub Classroom and GitLab CI


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a learner's repository: one right file, one wrong, a stub, and files to ignore."""
    root = tmp_path / "repository"
    submit(
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
def test_github_workflow(repository: Path, zip_file: Path, tmp_path: Path):
    """Each step of the workflow runs in bash in the learner's repository and reports points."""
    done = torchkata(zip_file.parent, "harness", "github", "--out", str(repository))
    assert done.returncode == 0, done.stderr
    text = (repository / WORKFLOWS["github"]).read_text()
    job = yaml.safe_load(text)["jobs"]["run-autograding-tests"]
    temp = tmp_path / "temp"
    temp.mkdir()
    output, summary = tmp_path / "output", tmp_path / "summary"
    environment = {
        "RUNNER_TEMP": temp, "GITHUB_WORKSPACE": repository, "GITHUB_OUTPUT": output,
        "GITHUB_STEP_SUMMARY": summary, "TORCHKATA_PACK": zip_file.as_uri(), "TORCHKATA_TOKEN": "",
        "TORCHKATA_PYTHON": python(),
    }  # fmt: skip
    steps = [step for step in job["steps"] if "run" in step]
    assert [step["name"] for step in steps] == ["Download the autograder", "Set up", "Grade"]

    codes = []
    for step in steps:
        done = run("bash", "-e", "-c", step["run"], cwd=repository, **environment)
        codes.append(done.returncode)

    assert codes == [0, 0, 1], done.stderr  # an exercise fails
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


@pytest.mark.parametrize("platform", ["github", "gitlab"])
def test_workflow_names_a_missing_secret(repository: Path, tmp_path: Path, platform):
    """Without the address of the zip, the run ends immediately with an explanation."""
    file = write_workflow(platform, repository)
    steps = bash_steps(yaml.safe_load(file.read_text()))
    environment = {"TORCHKATA_PACK": "", "RUNNER_TEMP": tmp_path, "CI_PROJECT_DIR": repository}

    done = run("bash", "-e", "-c", steps[0], cwd=repository, **environment)

    assert done.returncode == 1
    assert "TORCHKATA_PACK is not set" in done.stdout


def bash_steps(workflow: dict[str, object]) -> list[str]:
    """Return the shell scripts of either workflow."""
    if "grade" in workflow:
        return workflow["grade"]["script"]  # type: ignore[index,no-any-return]
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]  # type: ignore[index]
    return [step["run"] for step in steps if "run" in step]


@confined
def test_gitlab_pipeline(repository: Path, zip_file: Path):
    """The script runs in bash in the learner's project; JUnit has each check, without values."""
    file = write_workflow("gitlab", repository)
    job = yaml.safe_load(file.read_text())["grade"]
    done = run(
        "bash", "-eo", "pipefail", "-c", "\n".join(job["script"]), cwd=repository,
        CI_PROJECT_DIR=repository, TORCHKATA_PACK=zip_file.as_uri(),
        TORCHKATA_PYTHON=python(), TMPDIR=repository.parent,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr  # one exercise fails
    assert job["artifacts"]["reports"]["junit"] == "junit.xml"
    suites = {suite.get("name"): suite for suite in ET.parse(repository / "junit.xml").getroot()}
    assert suites[HALVE].get("failures") == "0"
    (failure,) = suites[COUNTER].iter("failure")
    assert failure.get("message") == "Some values are wrong."
    assert json.loads((repository / "results.json").read_text())["score"] == 1


def test_a_different_workflow_is_not_overwritten(tmp_path: Path):
    """A different workflow is not overwritten; the same one is accepted."""
    file = write_workflow("gitlab", tmp_path)
    assert write_workflow("gitlab", tmp_path) == file
    file.write_text("stages: [mine]\n")

    with pytest.raises(KataError, match="is different"):
        write_workflow("gitlab", tmp_path)
    assert file.read_text() == "stages: [mine]\n"


# Formats


def make_score(
    name: str, state: str, points: float | None, weight: float, *lines: str
) -> ExerciseScore:
    return ExerciseScore(
        exercise_id=name, state=state, points=points, weight=weight,
        lines=tuple(map(verbatim, lines)),
    )  # fmt: skip


SCORES = [
    make_score("1/a", "passed", 2.0, 2.0, "All checks passed."),
    make_score("1/b", "failed", 0.0, 1.0, "Failed on a|b.", "- more"),
    make_score("1/c", "unmeasurable", None, 3.0, "Review."),
    make_score("1/d", "missing", 0.0, 1.0, "Not submitted."),
]


def test_costs_are_in_the_text(mini: Path):
    """A check of a budget reports the cost and the limit."""
    checks = (
        failed_check("f::ops[at most 1 op]", "ops", ops=1001, ops_allowed=2),
        failed_check("f::speed[50x]", "speed", ratio=0.868, threshold=50.0),
        failed_check("f::values[one]", "values", worst=3.14),
    )
    exercise = Course(mini).one("halve")
    result = replace(result_for(exercise, State.FAILED), checks=checks)

    score = score_exercise(exercise.id, "failed", 0.0, 1.0, stored_result(result))

    lines = score.text(ENGLISH).splitlines()
    assert lines[1] == (
        "- ops[at most 1 op]: It uses more ops or more host synchronizations than allowed. "
        "ops: 1,001, limit 2."
    )
    assert lines[2] == "- speed[50x]: It is slower than required. Speedup: 0.87x, required 50x."
    assert lines[3] == "- values[one]: Some values are wrong."


def failed_check(id_: str, axis: str, **metrics: float) -> CheckResult:
    message = verbatim("got 3.14")
    return CheckResult(id=id_, axis=axis, verdict=Verdict.FAILED, message=message, metrics=metrics)


def test_formats_agree_on_points():
    """Every format counts the same points and marks undecided exercises."""
    decided = [SCORES[0], SCORES[2]]
    classroom = formats.github_classroom(SCORES, localize=ENGLISH)

    assert formats.gradescope_results(SCORES, localize=ENGLISH)["score"] == 2
    assert classroom["status"] == "fail"
    assert formats.github_classroom(decided, localize=ENGLISH)["status"] == "error"
    assert sum(test["score"] for test in classroom["tests"]) == 2
    table = formats.markdown(SCORES, localize=ENGLISH)
    assert "## 2 of 7 points" in table
    assert r"| 1/b | failed | 0 / 1 | Failed on a\|b. |" in table
    assert "| 1/c | unmeasurable | undecided | Review. |" in table
    assert "1 exercise was not submitted." in table


def test_a_course_error_leaves_points_undecided(mini: Path):
    """An error without a failed check is the course's fault, so a person has to decide."""
    exercise = Course(mini).one("halve")
    task = Task(learner="a", exercise_id=exercise.id, source=b"", file="x.py", seed=1, key="k")
    course_error = result_for(exercise, State.ERROR)
    died = CheckResult(id="halve::values", axis="values", verdict=Verdict.FAILED)
    own_error = replace(course_error, checks=(died,))

    assert score_result(exercise, task, course_error).points is None
    assert score_result(exercise, task, own_error).points == 0


def test_gradebook_export(mini: Path, tmp_path: Path):
    """There is a results file per learner and nbgrader's table; stale files are deleted."""
    course, out, long = Course(mini), tmp_path / "out", "x" * 250
    exercise = course.one("halve")
    gradebook = Gradebook(tmp_path / "gradebook.sqlite")

    def write() -> None:
        write_exports(gradebook, [exercise], out, DEADLINE, localize=ENGLISH)

    def files_for(*learners: str) -> set[str]:
        gradebook.sync_learners(LearnerSubmission(learner=learner) for learner in learners)
        write()
        return {path.stem for path in (out / "results").glob("[!.]*")}

    (out / "results").mkdir(parents=True)
    (out / "results/mine.json").write_text("{}")
    problem = "big.zip is larger than 64 MiB."
    problems = [Problem(message=verbatim(problem))]
    gradebook.sync_learners(
        [LearnerSubmission(learner="=ann", problems=problems, handed_in=DEADLINE)]
    )
    task = Task(learner="=ann", exercise_id=exercise.id, source=b"", file="x.py", seed=77, key="k")
    gradebook.store(score_result(exercise, task, result_for(exercise, State.PASSED)), 1.0)
    write()

    results = json.loads((out / f"results/{file_name('=ann')}.json").read_text())
    assert results["score"] == 1
    assert results["tests"][0]["status"] == "passed"
    assert results["output"].startswith(problem)
    assert "77" not in json.dumps(results)  # only the instructor knows the gradebook's seed
    (row,) = csv.DictReader((out / "nbgrader.csv").read_text().splitlines())
    assert list(row) == list(formats.NBGRADER_COLUMNS)
    assert row["assignment"] == HALVE
    assert row["student_id"] == "'=ann"
    assert row["timestamp"] == "2026-05-01 21:59:00"
    assert (row["score"], row["max_score"], row["duedate"]) == ("1", "1", "2026-05-01 21:59:00")
    assert files_for("bob", long) == {"mine", "bob", file_name(long)}
    assert files_for("bob") == {"mine", "bob"}
    gradebook.close()


def test_a_missing_submission_is_a_usage_error(mini: Path, tmp_path: Path):
    """A missing folder is an error rather than an empty submission."""
    with pytest.raises(UsageError, match="no folder"):
        collect_one(Course(mini), tmp_path / "nowhere")
