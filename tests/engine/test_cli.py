"""The command line: exit codes, words, files that it writes and files that it must not lose."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import commit, git

from torchkata.cli import grade
from torchkata.cli.main import main
from torchkata.sandbox.launcher import Launcher

RIGHT = "def halve(x):\n    return x / 2\n"
WRONG = "def halve(x):\n    return x * 3\n"


class _Lent(Launcher):
    """A launcher whose zygote belongs to somebody else."""

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    course: Path, launcher: Launcher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Run:
    """Give a function that runs a verb on a copy of the miniature course."""
    monkeypatch.setattr(grade, "_launcher", lambda **_: _Lent(launcher.config, launcher._zygote))
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
    """Name the file that a learner of this exercise edits."""
    return course / "exercises/01_mini/02_halve.py"


# Exit codes and words


def test_untouched_course_fails_nothing(run: Run):
    """Before anything is started everything is todo: exit 0, and 1 when all has to be complete."""
    assert run("grade")[0] == 0
    code, printed = run("grade", "--complete")
    assert code == 1
    assert "4 todo" in printed


@pytest.mark.parametrize(("source", "code", "complete"), [(RIGHT, 0, 0), (WRONG, 1, 1)])
def test_exit_code_follows_the_answer(run: Run, halve: Path, source, code, complete):
    """A right answer exits with 0, a wrong one with 1, complete or not."""
    halve.write_text(source)

    assert run("grade", "halve")[0] == code
    assert run("grade", "halve", "--complete")[0] == complete


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["grade", "halv"], "Did you mean halve"),
        (["grade", "--chapter", "7"], "there are 01_mini, 02_more"),
        (["grade", "zzz"], "nox -s list"),
        (["grade", "--devise", "x"], "--devise"),
        (["grade", "--seed", "x"], "seed"),
        (["grade", "--device", "abacus"], "There is no device 'abacus' here"),
        (["grade", "--exercises", "nowhere"], "There is no folder nowhere"),
        (["grade", "halve", "--json", "no/such/folder.json"], "folder that exists"),
        (["grad"], "grad"),
        ([], "VERB"),
        (["hint"], "NAME"),
        (["hint", "halve", "4"], "there is no level 4"),
        (["hint", "halve", "0"], "there is no level 0"),
        (["new", "Some/Thing"], "CHAPTER/NN_name"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, words, told):
    """Words that are not understood exit with 2, one line that names what would be right."""
    code, printed = run(*words)

    assert code == 2
    assert told in printed
    assert printed.startswith("torchkata: ")
    assert "Traceback" not in printed


def test_no_course_is_said(run: Run, tmp_path: Path):
    """Outside of a course the message says where to go; nothing is made there."""
    empty = tmp_path / "empty"
    empty.mkdir()

    code, printed = run("grade", root=empty)

    assert code == 1
    assert "holds no course" in printed
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["halve", "02_halve", "01_mini/02_halve", "exercises/01_mini/02_halve.py", "mini", "1"]
)
def test_exercises_are_named_in_many_ways(run: Run, name):
    """An exercise goes by its short name, id, number or file, and a chapter by its own names."""
    words = ["--chapter", name] if name in ("mini", "1") else [name]

    code, printed = run("grade", *words)

    assert code == 0
    assert "halve" in printed
    assert "mend_shift" not in printed


def test_other_folder_is_judged(run: Run, course: Path, tmp_path: Path):
    """`--exercises` judges another folder of the same layout; what it lacks is todo."""
    other = tmp_path / "handed in"
    (other / "01_mini").mkdir(parents=True)
    (other / "01_mini/02_halve.py").write_text(RIGHT)

    code, printed = run("grade", "--exercises", str(other))

    assert code == 0
    assert "1 passed" in printed
    assert "3 todo" in printed
    assert run("grade", "halve", "--exercises", str(course / "solutions"), "--complete")[0] == 0
    assert not (course / ".torchkata").exists(), "another folder's states are not the learner's"


# Reports


def judged(run: Run, file: Path, *words: str) -> dict[str, object]:
    """The first exercise of the JSON report."""
    run("grade", "halve", "--json", str(file), *words)
    report: dict[str, object] = json.loads(file.read_text())["exercises"][0]
    return report


def test_seed_repeats_the_inputs(run: Run, halve: Path, tmp_path: Path):
    """The same seed gives the same hidden inputs, hence the same words; another seed others."""
    halve.write_text(WRONG)
    file = tmp_path / "report.json"

    first, second, other = (
        judged(run, file, "--seed", seed)["checks"] for seed in ("11", "11", "12")
    )

    assert first == second
    assert first != other
    code, printed = run("grade", "halve")
    assert re.search(r"repeat this run with --seed \d+", " ".join(printed.split()))
    assert code == 1


def test_reports_are_written(run: Run, halve: Path, tmp_path: Path):
    """JSON and JUnit hold the exercise, its state and its checks."""
    halve.write_text(RIGHT)
    file, junit = tmp_path / "report.json", tmp_path / "report.xml"

    exercise = judged(run, file, "--junit", str(junit))

    assert exercise["state"] == "passed"
    assert "halve::ops[at most 1 op]" in [check["id"] for check in exercise["checks"]]  # type: ignore[attr-defined]
    assert json.loads(file.read_text())["summary"]["passed"] == 1
    assert "halve" in junit.read_text()


def test_no_color_is_heard(run: Run, halve: Path, monkeypatch: pytest.MonkeyPatch):
    """On a terminal, colours go away by NO_COLOR and by --no-color."""
    halve.write_text(WRONG)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def coloured(*words: str) -> bool:
        return bool(re.search(r"\x1b\[[0-9;]*3[0-9]", run(*words)[1]))

    assert coloured("grade", "halve")
    assert coloured("list")
    assert not coloured("grade", "halve", "--no-color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured("grade", "halve")
    assert not coloured("list")


def test_list_shows_states(run: Run, halve: Path):
    """The list knows what was judged, what is untouched, and what has changed since."""

    def state() -> str:
        line = next(line for line in run("list")[1].splitlines() if " halve" in line)
        return line.partition(" halve")[0].strip()

    assert state() == "todo"
    halve.write_text(RIGHT)
    assert state() == "not judged yet"
    run("grade", "halve")
    assert state() == "passed"
    halve.write_text(WRONG)
    assert state() == "not judged yet"
    run("grade", "halve")
    assert state() == "failed"
    halve.unlink()
    assert state() == "todo"


def test_hints_come_one_by_one(run: Run):
    """Each level shows its own hint and names the next; the last says that it is the last."""
    shown = [run("hint", "halve", *level)[1] for level in ([], ["2"], ["3"])]

    assert "Tensors know arithmetic." in shown[0]
    assert "x / 2" not in shown[0]
    assert "hint -- halve 2" in shown[0]
    assert "An operator" in shown[1]
    assert "`x / 2`" in shown[2]
    assert "last hint" in shown[2]


def test_hints_go_on_from_the_last_one(run: Run):
    """Without a level each call shows one more and says so; the last one comes again."""
    shown = [run("hint", "halve")[1] for _ in range(4)]

    for level, text in zip((1, 2, 3, 3), shown, strict=True):
        assert f"hint {level} of 3" in text
    assert "One level more than last time" not in shown[0]
    assert "One level more than last time; `nox -s hint -- halve 1` shows hint 1 again." in shown[1]
    assert "You have seen all hints; this is the last one again." in shown[3]
    assert "hint 1 of 3" in run("hint", "halve", "1")[1]
    assert "hint 3 of 3" in run("hint", "halve")[1], "a lower one changes nothing"
    assert run("hint", "halve", "9")[0] == 2


# Reset


def kept(course: Path) -> list[str]:
    return [path.read_text() for path in sorted((course / ".torchkata/kept").rglob("*.py"))]


def test_reset_leaves_untouched_files(run: Run, course: Path, halve: Path):
    """An exercise as shipped stays as it is."""
    commit(course)
    before = halve.read_bytes()

    code, printed = run("reset", "halve")

    assert code == 0
    assert "nothing was done" in printed
    assert halve.read_bytes() == before
    assert not (course / ".torchkata").exists()


@pytest.mark.parametrize("where", ["work tree", "committed", "staged", "in a subfolder"])
def test_reset_brings_back_and_keeps(run: Run, course: Path, halve: Path, where):
    """The shipped file comes back, even after commits over it; the learner's is kept, each time."""
    shipped = halve.read_bytes()
    repository = course.parent if where == "in a subfolder" else course
    commit(repository)
    halve.write_text(RIGHT)
    if where == "committed":
        commit(course, "my answer")
    if where == "staged":
        git(course, "add", "--all")

    code, printed = run("reset", "halve")

    assert code == 0
    assert halve.read_bytes() == shipped
    assert kept(course) == [RIGHT]
    assert ".torchkata/kept/01_mini/02_halve." in printed
    halve.write_text(WRONG)
    run("reset", "halve")
    assert sorted(kept(course)) == sorted([RIGHT, WRONG])


def test_reset_brings_back_a_deleted_file(run: Run, course: Path, halve: Path):
    """A file that was deleted, and the deletion committed, comes back."""
    shipped = halve.read_bytes()
    commit(course)
    halve.unlink()
    commit(course, "gone")

    assert run("reset", "halve")[0] == 0
    assert halve.read_bytes() == shipped


@pytest.mark.parametrize("history", ["no repository", "no commit", "other history"])
def test_reset_without_the_shipped_file_loses_nothing(
    run: Run, course: Path, halve: Path, monkeypatch: pytest.MonkeyPatch, history
):
    """Where the shipped file cannot be found, the learner's stays, and the way out is told."""
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
    """The branch holds solutions for stubs, passes, and leaves work tree and index alone."""
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
    """A second run has nothing to do; after a commit it adds one, the old ones stay."""
    commit(course)
    run("solutions")
    first = git(course, "rev-parse", "solutions")

    assert "up to date" in run("solutions")[1]
    assert git(course, "rev-parse", "solutions") == first
    (course / "README.md").write_text("new")
    head = commit(course)
    assert "updated" in run("solutions")[1]
    git(course, "merge-base", "--is-ancestor", first, "solutions")
    git(course, "merge-base", "--is-ancestor", head, "solutions")
    assert git(course, "show", "solutions:README.md") == "new"


def test_solutions_branch_is_not_moved_under_your_feet(run: Run, course: Path):
    """On the branch itself, or without a commit, the verb refuses and says what to do."""
    git(course, "init", "--quiet", "--initial-branch=main")
    code, printed = run("solutions")
    assert (code, "commit the course first" in printed) == (1, True)

    commit(course)
    run("solutions")
    git(course, "switch", "--quiet", "solutions")
    before = git(course, "rev-parse", "solutions")
    code, printed = run("solutions")
    assert (code, "git switch main" in printed) == (1, True)
    assert git(course, "rev-parse", "solutions") == before


# New exercises


def test_new_exercise_is_named_unfinished(run: Run, course: Path):
    """A new exercise has three files, is found, and is unsound until it is filled in."""
    code, printed = run("new", "03_fresh/01_gather_rows")

    assert code == 0
    assert all(Path(course, line.strip()).is_file() for line in printed.splitlines()[1:4])
    code, printed = run("check", "gather_rows")
    assert code == 1
    assert printed.count("has parts marked UNFINISHED") == 3
    assert "1 todo" in run("grade", "gather_rows")[1]
    assert run("new", "03_fresh/01_gather_rows")[0] == 2


def test_check_tells_sound_from_unsound(run: Run, course: Path):
    """`check` exits with 0 when all is sound, with 1 when not, and counts the faults."""
    code, printed = run("check", "halve")
    assert (code, printed.split()[:2]) == (0, ["sound", "01_mini/02_halve"])
    (course / "solutions/01_mini/02_halve.py").unlink()
    code, printed = run("check", "halve")
    assert code == 1
    assert "UNSOUND" in printed
    assert "solutions/01_mini/02_halve.py is missing" in printed
