"""The command line: exit codes, messages, files that it writes and files that it must keep."""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import commit, git

from torchkata.cli import grade
from torchkata.cli.commands import COMMANDS
from torchkata.cli.main import ExitCode, main
from torchkata.course.catalogue import Course
from torchkata.errors import UsageError
from torchkata.learner.case_script import CaseCall, write_case_script
from torchkata.learner.identity import learner_name
from torchkata.sandbox.launcher import Launcher

RIGHT = "def halve(x):\n    return x / 2\n"
WRONG = "def halve(x):\n    return x * 3\n"


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    course: Path, launcher: Launcher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Run:
    """Return a function that runs a command on a copy of the miniature course."""
    monkeypatch.setattr("torchkata.cli.main.start_zygote", lambda: None)
    monkeypatch.setattr(
        grade, "open_launcher", lambda _options: launcher.with_config(launcher.config)
    )
    monkeypatch.setattr(
        "torchkata.cli.case.open_launcher", lambda _options: launcher.with_config(launcher.config)
    )
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")
    monkeypatch.setenv("COLUMNS", "100")

    def ran(*words: str, root: Path = course) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["--course", str(root), *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return ran


@pytest.fixture
def halve(course: Path) -> Path:
    """Return the file that a learner edits."""
    return course / "exercises/01_mini/02_halve.py"


# Exit codes and messages


def test_untouched_course_fails_nothing(run: Run):
    """Before anything is started everything is todo: exit 0, or 1 with --complete."""
    assert run("grade")[0] == 0
    code, printed = run("grade", "--complete")
    assert code == 1
    assert "4 todo" in printed


@pytest.mark.parametrize(("source", "code", "complete"), [(RIGHT, 0, 0), (WRONG, 1, 1)])
def test_exit_code_follows_the_submission(run: Run, halve: Path, source, code, complete):
    """A correct submission exits with 0, a wrong one with 1, with --complete or not."""
    halve.write_text(source)

    assert run("grade", "halve")[0] == code
    assert run("grade", "halve", "--complete")[0] == complete


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grade", "halv"], "Did you mean halve"),
        (["grade", "7"], "There is no chapter '7'"),
        (["grade", "1/7"], "There is no exercise '1/7'"),
        (["case", "halve", "n"], "'n' matches several cases: one (n=1); many (n=20)."),
        (["case", "halve", "mani"], "Did you mean many (n=20)?"),
        (["case", "counter"], "are no simple calls of a function"),
        (["grade", "--chapter", "7"], "01_mini, 02_more"),
        (["grade", "zzz"], "nox -s list"),
        (["grade", "--devise", "x"], "--devise"),
        (["grade", "--seed", "x"], "seed"),
        (["grade", "--device", "abacus"], "There is no device 'abacus' here"),
        (["grade", "--exercises", "nowhere"], "There is no folder nowhere"),
        (["grade", "halve", "--json", "no/such/folder.json"], "existing folder"),
        (["grad"], "grad"),
        ([], "VERB"),
        (["hint"], "NAME"),
        (["hint", "halve", "4"], "there is no level 4"),
        (["hint", "halve", "0"], "there is no level 0"),
        (["new", "Some/Thing"], "CHAPTER/NN_name"),
    ],
)
def test_usage_error_exits_with_2(run: Run, words, message):
    """A usage error exits with 2 and one line that says what would be right."""
    code, printed = run(*words)

    assert code == 2
    assert message in printed
    assert printed.startswith("torchkata: ")
    assert "Traceback" not in printed


def test_unknown_language_is_a_usage_error(run: Run):
    """The message names the languages that exist."""
    code, printed = run("list", "--lang", "tlh")

    assert code == ExitCode.USAGE
    assert printed == "torchkata: There is no language 'tlh'. Available languages: en, zh-CN.\n"


def test_errors_are_in_the_language_of_the_command(run: Run, course: Path):
    """An error is translated when it is printed."""
    english, chinese = (run("hint", "halve", "9", "--lang", lang)[1] for lang in ("en", "zh-CN"))

    assert english.startswith("torchkata: ")
    assert "halve" in chinese


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_function(command):
    """The command table names functions that exist."""
    module, _, name = command.function.partition(":")

    assert callable(getattr(importlib.import_module(module), name))


def test_folder_without_course(run: Run, tmp_path: Path):
    """Outside of a course, the message says where to go; nothing is created."""
    empty = tmp_path / "empty"
    empty.mkdir()

    code, printed = run("grade", root=empty)

    assert code == 1
    assert "is no course" in printed
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "halve", "HALVE", "02_halve", "01_mini/02_halve", "exercises/01_mini/02_halve.py",
        "1/2", "01/02", "1.2", "mini/2", "1", "01", "mini", "01_mini/", "exercises/01_mini",
        "./exercises/01_mini/02_halve.py",
    ],
)  # fmt: skip
def test_exercises_are_named_in_many_ways(course: Path, name):
    """An exercise has several names: the short name, id, number or file; so has a chapter."""
    selected = [exercise.name for exercise in Course(course).select((name,))]

    whole = name.rstrip("/").endswith(("1", "mini"))
    assert selected == (["row_total", "halve"] if whole else ["halve"])


def test_exercises_are_named_by_paths(course: Path, monkeypatch: pytest.MonkeyPatch):
    """A path may be absolute, or relative to the folder in which the learner is."""
    monkeypatch.chdir(course / "exercises/01_mini")
    exercises = Course(course)

    for name in (str(course / "exercises/01_mini/02_halve.py"), "02_halve.py", "./02_halve.py"):
        assert [exercise.name for exercise in exercises.select((name,))] == ["halve"]
    assert [exercise.chapter for exercise in exercises.select(("../02_more",))] == ["02_more"] * 2


def test_course_is_found_from_its_folders(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """Commands work in every folder of the course."""
    monkeypatch.chdir(course / "exercises/01_mini")

    assert main(["list"]) == 0
    assert "02  halve" in capsys.readouterr().out


def test_file_that_hides_a_module_is_named(run: Run, course: Path, monkeypatch):
    """A report names files such as random.py, in the course's folder or the current one."""
    monkeypatch.chdir(course / "exercises")
    assert "Rename" not in run("grade", "halve")[1]
    (course / "random.py").write_text("")
    (course / "exercises/torch.py").write_text("")

    printed = " ".join(run("grade", "halve")[1].split())

    assert f"Rename random.py in {course}. Scripts in that folder import" in printed
    assert f"Rename torch.py in {course / 'exercises'}." in printed


def test_only_started_exercises_are_listed(run: Run, halve: Path):
    """Without names, exercises that are not started are only counted; named ones have a line."""
    halve.write_text(WRONG)

    every, named = run("grade")[1], run("grade", "row_total", "counter")[1]

    assert "01_mini/02_halve" in every
    assert "row_total" not in every
    assert "4 exercises: 1 failed, 3 todo" in every
    assert "01_mini/01_row_total" in named


def test_show_prints_the_code_to_fix(run: Run, course: Path):
    """Code that is handed out is shown as it was; other exercises show signatures only."""
    commit(course)
    (course / "exercises/02_more/01_mend_shift.py").write_text("def shift(x):\n    return 7\n")

    shown = run("show", "mend_shift", "--no-color")[1]

    assert "def shift(x: Tensor) -> Tensor:\n    return x.sub_(x.mean())  # TODO: find" in shown
    assert "return 7" not in shown
    assert "def halve(x: Tensor) -> Tensor\n\nEdit" in run("show", "halve")[1]


# One case as a script


def test_cases_are_listed_with_numbers(run: Run):
    """Without a case, the command lists what it could write."""
    assert run("case", "halve") == (0, "  1  one (n=1)\n  2  many (n=20)\n")


@pytest.mark.parametrize("wanted", ["2", "many", "many (n=20)", "MA"])
def test_case_is_written_as_a_script(
    run: Run, halve: Path, tmp_path: Path, capsys: pytest.CaptureFixture, wanted
):
    """The script calls the learner's file with the inputs of grading and shows what is expected."""
    halve.write_text(WRONG)
    file = tmp_path / "there" / "try.py"
    file.parent.mkdir()

    code, printed = run("case", "halve", wanted, "--seed", "5", "--out", str(file))
    text = file.read_text()
    capsys.readouterr()
    runpy.run_path(str(file))
    lines = capsys.readouterr().out.splitlines()

    assert code == 0, printed
    assert f"Wrote {file}." in printed
    assert "many (n=20) (seed 5)" in text
    assert "return x / 2" not in text
    got, expected = (eval(part, {"tensor": torch.tensor}) for part in results(lines))
    torch.testing.assert_close(got / 3, expected * 2, rtol=1e-3, atol=1e-3)


def results(lines: list[str]) -> list[str]:
    """Return the two tensors that a script prints."""
    return [part.partition(":")[2] for part in " ".join(lines).split("expected", 1)]


def test_script_is_not_overwritten(run: Run, tmp_path: Path):
    """A file that exists is kept; the message says how to name another one."""
    file = tmp_path / "try.py"
    file.write_text("mine")

    code, printed = run("case", "halve", "1", "--out", str(file))

    assert code == 2
    assert "try.py exists already" in printed
    assert "--out FILE.py" in printed
    assert file.read_text() == "mine"


def case_call(**arguments: object) -> CaseCall:
    return CaseCall(entry="f", case="one", seed=1, arguments=arguments)


def inputs_of(call: CaseCall, folder: Path) -> dict[str, object]:
    """Return the inputs that the script of a call passes to the learner's function."""
    submission = folder / "01_f.py"
    submission.write_text("def f(**passed):\n    return passed\n")
    write_case_script(call, submission, folder / "case.py")
    script = (folder / "case.py").read_text()
    names = ", ".join(f"{name}={name}" for name in call.arguments)
    (folder / "case.py").write_text(
        script.replace(f"f({', '.join(call.arguments)})", f"f({names})")
    )
    passed: dict[str, object] = runpy.run_path(str(folder / "case.py"))["result"]
    return passed


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor([0.1, 1 / 3, float("nan"), -torch.inf]),
        torch.tensor([0.1, 1e-300], dtype=torch.float64),
        torch.tensor([0.1, 3.0], dtype=torch.bfloat16),
        torch.tensor([[1, 2**53 + 1]]),
        torch.tensor([True]),
        torch.tensor(2.5),
        torch.zeros(0, 3, dtype=torch.int16),
        torch.tensor([0.5], requires_grad=True),
        torch.arange(100.0).reshape(10, 10).T,
        torch.zeros(1).expand(5),
        [torch.ones(2), (3, None)],
        {"a": torch.ones(1)},
        np.array([0.1, 2.0], dtype=np.float32),
        float("inf"),
        "text",
        torch.float16,
    ],
    ids=range(16),
)
def test_inputs_of_a_script_are_exact(tmp_path: Path, value):
    """Values, dtypes and layouts survive, as literals or in a file beside the script."""
    read = inputs_of(case_call(x=value), tmp_path)["x"]

    torch.testing.assert_close(read, value, rtol=0, atol=0, equal_nan=True) if isinstance(
        value, torch.Tensor | list | dict
    ) else np.testing.assert_equal(read, value)
    if isinstance(value, torch.Tensor):
        assert isinstance(read, torch.Tensor)
        assert (read.stride(), read.requires_grad) == (value.stride(), value.requires_grad)


def test_generators_of_a_script_are_seeded(tmp_path: Path):
    """A generator draws the same numbers as in grading."""
    made = inputs_of(case_call(g=torch.Generator().manual_seed(7)), tmp_path)["g"]

    assert isinstance(made, torch.Generator)
    assert torch.equal(
        torch.rand(3, generator=made), torch.rand(3, generator=torch.Generator().manual_seed(7))
    )


def test_functions_cannot_be_written(tmp_path: Path):
    """The message names the input and says what to do."""
    with pytest.raises(UsageError, match=r"The input f of the case 'one' is no data.*another case"):
        inputs_of(case_call(f=torch.relu, x=torch.ones(100)), tmp_path)
    assert not (tmp_path / "case.pt").exists()


def test_other_folder_is_graded(run: Run, course: Path, tmp_path: Path):
    """`--exercises` grades another folder with the same layout; missing files are todo."""
    other = tmp_path / "other folder"
    (other / "01_mini").mkdir(parents=True)
    (other / "01_mini/02_halve.py").write_text(RIGHT)

    code, printed = run("grade", "--exercises", str(other))

    assert code == 0
    assert "1 passed" in printed
    assert "3 todo" in printed
    assert run("grade", "halve", "--exercises", str(course / "solutions"), "--complete")[0] == 0
    assert not (course / ".torchkata").exists(), "results of another folder are not recorded"


# Reports


def grade_halve(run: Run, file: Path, *words: str) -> dict[str, object]:
    """Return the exercise from the JSON report."""
    run("grade", "halve", "--json", str(file), *words)
    report: dict[str, object] = json.loads(file.read_text())["exercises"][0]
    return report


def test_seed_repeats_the_inputs(run: Run, halve: Path, tmp_path: Path):
    """The same seed gives the same hidden inputs and messages; another seed gives others."""
    halve.write_text(WRONG)
    file = tmp_path / "report.json"

    first, second, other = (
        grade_halve(run, file, "--seed", seed)["checks"] for seed in ("11", "11", "12")
    )

    assert first == second
    assert first != other
    code, printed = run("grade", "halve")
    assert re.search(r"To repeat this run, add --seed \d+", " ".join(printed.split()))
    assert code == 1


def test_reports_are_written(run: Run, halve: Path, tmp_path: Path):
    """JSON and JUnit contain the exercise, its state and its checks."""
    halve.write_text(RIGHT)
    file, junit = tmp_path / "report.json", tmp_path / "report.xml"

    exercise = grade_halve(run, file, "--junit", str(junit))

    assert exercise["state"] == "passed"
    ids = [check["id"] for check in exercise["checks"]]  # type: ignore[attr-defined]
    assert "halve::ops[at most 1 op, not counting views]" in ids
    assert json.loads(file.read_text())["summary"]["passed"] == 1
    assert "halve" in junit.read_text()


def test_colors_can_be_turned_off(run: Run, halve: Path, monkeypatch: pytest.MonkeyPatch):
    """On a terminal, NO_COLOR and --no-color turn off colors."""
    halve.write_text(WRONG)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def colored(*words: str) -> bool:
        return bool(re.search(r"\x1b\[[0-9;]*3[0-9]", run(*words)[1]))

    assert colored("grade", "halve")
    assert colored("list")
    assert not colored("grade", "halve", "--no-color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored("grade", "halve")
    assert not colored("list")


def test_list_shows_states(run: Run, halve: Path):
    """The list shows states, untouched files, and files that changed since they were graded."""

    def state() -> str:
        line = next(line for line in run("list")[1].splitlines() if " halve" in line)
        return line.partition(" 02  halve")[0].strip()

    assert state() == "todo"
    halve.write_text(RIGHT)
    assert state() == "not graded yet"
    run("grade", "halve")
    assert state() == "passed"
    halve.write_text(WRONG)
    assert state() == "not graded yet"
    run("grade", "halve")
    assert state() == "failed"
    halve.unlink()
    assert state() == "todo"


def test_hints_come_one_by_one(run: Run):
    """Each level shows its hint and names the next one; the last one says that it is the last."""
    shown = [run("hint", "halve", *level)[1] for level in (["1"], ["2"], ["3", "--no-color"])]

    assert "Tensors know arithmetic." in shown[0]
    assert "x / 2" not in shown[0]
    assert "hint -- halve 2" in shown[0]
    assert "An operator" in shown[1]
    assert "`x / 2`" in shown[2]
    assert "last hint" in shown[2]


def test_hint_in_the_stub_is_not_repeated(run: Run, halve: Path):
    """The first call shows what the statement does not, unless the learner has deleted it."""
    assert "hint 2 of 3" in run("hint", "halve")[1]
    halve.write_text(RIGHT)
    assert "hint 1 of 3" in run("hint", "row_total", "1")[1]


def test_hints_continue_after_the_last_one_seen(run: Run, halve: Path):
    """Without a level, each call shows the next hint; the last one is repeated."""
    halve.write_text(RIGHT)  # without the statement, which has the first hint
    shown = [run("hint", "halve")[1] for _ in range(4)]

    for level, text in zip((1, 2, 3, 3), shown, strict=True):
        assert f"hint {level} of 3" in text
    assert "one level more than last time" not in shown[0]
    assert "one level more than last time" in shown[1]
    assert "To see hint 1 again, run `nox -s hint -- halve 1`." in shown[1]
    assert "You have seen all hints. This is the last one again." in shown[3]
    assert "hint 1 of 3" in run("hint", "halve", "1")[1]
    assert "hint 3 of 3" in run("hint", "halve")[1], "an earlier level changes nothing"
    assert run("hint", "halve", "9")[0] == 2


# Reset


def kept(course: Path) -> list[str]:
    return [path.read_text() for path in sorted((course / ".torchkata/kept").rglob("*.py"))]


def test_reset_leaves_untouched_files(run: Run, course: Path, halve: Path):
    """An untouched file is not written."""
    commit(course)
    before = halve.read_bytes()

    code, printed = run("reset", "halve")

    assert code == 0
    assert "nothing to reset" in printed
    assert halve.read_bytes() == before
    assert not (course / ".torchkata").exists()


@pytest.mark.parametrize("where", ["work tree", "committed", "staged", "in a subfolder"])
def test_reset_restores_and_keeps(run: Run, course: Path, halve: Path, where):
    """The original is restored, even after commits; the learner's file is kept each time."""
    original = halve.read_bytes()
    repository = course.parent if where == "in a subfolder" else course
    commit(repository)
    halve.write_text(RIGHT)
    if where == "committed":
        commit(course, "my answer")
    if where == "staged":
        git(course, "add", "--all")

    code, printed = run("reset", "halve")

    assert code == 0
    assert halve.read_bytes() == original
    assert kept(course) == [RIGHT]
    assert ".torchkata/kept/01_mini/02_halve." in printed
    halve.write_text(WRONG)
    run("reset", "halve")
    assert sorted(kept(course)) == sorted([RIGHT, WRONG])


def test_reset_restores_a_deleted_file(run: Run, course: Path, halve: Path):
    """A file whose deletion was committed is restored."""
    original = halve.read_bytes()
    commit(course)
    halve.unlink()
    commit(course, "gone")

    assert run("reset", "halve")[0] == 0
    assert halve.read_bytes() == original


@pytest.mark.parametrize("history", ["no repository", "no commit", "other history"])
def test_reset_without_the_original_loses_nothing(
    run: Run, course: Path, halve: Path, monkeypatch: pytest.MonkeyPatch, history
):
    """If the original cannot be found, the learner's file stays, and the message gives advice."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(course.parent))
    halve.write_text(RIGHT)
    if history == "no commit":
        git(course, "init", "--quiet")
    if history == "other history":
        commit(course)

    code, printed = run("reset", "halve")

    assert code == 1
    assert "fresh download" in printed
    assert halve.read_text() == RIGHT


# The branch of solutions


def test_solutions_branch(run: Run, course: Path, halve: Path, tmp_path: Path):
    """The branch has solutions instead of stubs, and passes; work tree and index stay unchanged."""
    head = commit(course)
    halve.write_text(WRONG)
    (course / "notes.txt").write_text("mine")
    git(course, "add", "notes.txt")
    status = git(course, "status", "--porcelain")

    code, printed = run("solutions")

    assert code == 0
    assert "git switch solutions" in printed
    assert git(course, "status", "--porcelain") == status
    assert git(course, "rev-parse", "HEAD") == head
    assert halve.read_text() == WRONG
    solution = (course / "solutions/01_mini/02_halve.py").read_text()
    assert git(course, "show", "solutions:exercises/01_mini/02_halve.py") == solution.strip()
    changed = git(course, "diff", "--name-only", "main", "solutions", "--").splitlines()
    assert len(changed) == 4
    assert all(name.startswith("exercises/") for name in changed)

    git(course, "worktree", "add", "--quiet", str(tmp_path / "there"), "solutions")
    names = ["halve", "mend_shift", "counter"]
    assert run("grade", *names, "--complete", root=tmp_path / "there")[0] == 0


def test_solutions_branch_is_kept_up(run: Run, course: Path):
    """A second run changes nothing; after a commit it adds one, and earlier ones stay."""
    commit(course)
    run("solutions")
    first = git(course, "rev-parse", "solutions")

    assert "up to date" in run("solutions")[1]
    assert git(course, "rev-parse", "solutions") == first
    (course / "README.md").write_text("new")
    head = commit(course)
    assert "Updated" in run("solutions")[1]
    git(course, "merge-base", "--is-ancestor", first, "solutions")
    git(course, "merge-base", "--is-ancestor", head, "solutions")
    assert git(course, "show", "solutions:README.md") == "new"


def test_solutions_branch_is_not_changed_while_checked_out(run: Run, course: Path):
    """On the branch itself, or without a commit, the command refuses and says what to do."""
    git(course, "init", "--quiet", "--initial-branch=main")
    code, printed = run("solutions")
    assert (code, "Commit the course first" in printed) == (1, True)

    commit(course)
    run("solutions")
    git(course, "switch", "--quiet", "solutions")
    before = git(course, "rev-parse", "solutions")
    code, printed = run("solutions")
    assert (code, "git switch main" in printed) == (1, True)
    assert git(course, "rev-parse", "solutions") == before


# New exercises


def test_new_exercise_is_unfinished(run: Run, course: Path):
    """A new exercise has three files, is listed, and is unsound until it is filled in."""
    code, printed = run("new", "03_fresh/01_gather_rows")

    assert code == 0
    assert all(Path(course, line.strip()).is_file() for line in printed.splitlines()[1:4])
    code, printed = run("check", "gather_rows")
    assert code == 1
    assert printed.count("has parts marked UNFINISHED") == 3
    assert "1 todo" in run("grade", "gather_rows")[1]
    assert run("new", "03_fresh/01_gather_rows")[0] == 2


def test_check_reports_unsound_exercises(run: Run, course: Path):
    """`check` exits with 0 if all exercises are sound, else with 1, and counts the problems."""
    code, printed = run("check", "halve", "--mutants", "0")
    assert (code, printed.split()[:2]) == (0, ["sound", "01_mini/02_halve"])
    (course / "solutions/01_mini/02_halve.py").unlink()
    code, printed = run("check", "halve")
    assert code == 1
    assert "UNSOUND" in printed
    assert "solutions/01_mini/02_halve.py is missing" in printed


# Who is learning


def test_learner_is_named_as_in_git(course: Path, monkeypatch: pytest.MonkeyPatch):
    """Reports carry the name of git's settings, else of the account, else none."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setattr("getpass.getuser", lambda: "account")
    assert learner_name(course) == "account"

    git(course, "init", "--quiet")
    git(course, "config", "user.name", "Ada L")
    assert learner_name(course) == "Ada L"

    def unknown() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", unknown)
    git(course, "config", "--unset", "user.name")
    assert learner_name(course) == ""
