"""The interfaces for editors and shells: findings as lines, lines in JUnit, completion."""

from __future__ import annotations

import io
import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from helpers import Judge, torchkata

from torchkata.cli.completion import candidates
from torchkata.cli.main import build_parser
from torchkata.course.discovery import discover_exercises
from torchkata.course.source_code import definition_line
from torchkata.i18n import EMPTY, ENGLISH_TRANSLATOR, Message, verbatim
from torchkata.report.editor import EditorReport
from torchkata.result import CheckResult, ExerciseResult, Report, State, Verdict

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
FAULTY = """\
import torch


def halve(x):
    y = torch.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i] / 2
    return y
"""


def tasks() -> dict[str, dict[str, object]]:
    """Return the tasks for VS Code in the documentation, by label."""
    block = re.search(r"```json\n(.*?)```", DOCS, re.DOTALL)
    assert block is not None
    return {task["label"]: task for task in json.loads(block[1])["tasks"]}


def matched(output: str) -> list[dict[str, str]]:
    """Return the problems that VS Code finds with the pattern in the documentation."""
    pattern = tasks()["kata: grade this file"]["problemMatcher"]["pattern"]  # type: ignore[index]
    places = {name: place for name, place in pattern.items() if name != "regexp"}
    matches = (re.match(pattern["regexp"], line) for line in output.splitlines())
    return [{name: match[place] for name, place in places.items()} for match in matches if match]


# Findings as lines


def test_matcher_fits_real_output(course: Path):
    """The documented pattern matches the real output, with files and lines that exist."""
    file = course / "exercises/01_mini/02_halve.py"
    file.write_text(FAULTY)

    done = torchkata(
        course, "grade", "exercises/01_mini/02_halve.py", "--format", "problems",
        "--junit", "report.xml",
    )  # fmt: skip
    problems = matched(done.stdout)

    assert done.returncode == 1, done.stderr
    assert {problem["file"] for problem in problems} == {"exercises/01_mini/02_halve.py"}
    assert [(p["line"], p["severity"]) for p in problems] == [("5", "error"), ("7", "error")]
    assert problems[0]["message"].startswith("device: The result is on cpu")
    assert problems[1]["message"].startswith("ops: Line 7 dispatches `select`")
    assert "Expected at most 1, got 41 ops (line 7:" in problems[1]["message"]
    assert done.stdout.splitlines()[-1] == "1 exercise: 1 failed"
    assert len(done.stdout.splitlines()) == len(problems) + 1
    cases = ET.parse(course / "report.xml").getroot().iter("testcase")
    places = {(case.get("file"), case.get("line")) for case in cases}
    assert places == {("exercises/01_mini/02_halve.py", line) for line in (None, "5", "7")}


def test_passes_and_untouched_files_print_nothing(course: Path):
    """Without findings there is nothing to match, and the exit code is 0."""
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x / 2\n")

    done = torchkata(course, "grade", "--format", "problems")

    assert (done.returncode, matched(done.stdout)) == (0, [])
    assert done.stdout == "4 exercises: 1 passed, 3 todo\n"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def halve(x)\n    return x\n", 1),
        ("import torch\n\ndef halve(x):\n    1 / 0\n", 4),
        ("import torch\n\n\ndef halve(x):\n    return x * 3\n", 4),
        ("\n\nimport nothing_of_this_name\n", 3),
        ("\n\ndef other(x):\n    return x\n", 1),
        ("\n\ndef halve(x):\n    import os; os._exit(3)\n", 3),
        ("\n\ndef halve(x):\n    while True: pass\n", 4),
        ("\n\n\nasync def halve(x):\n    return x\n", 4),
        ("\nhalve = 3\n", 2),
        ("\n\ndef halve(x):\n    y = x.tolist()\n    return x / 2\n", 4),
    ],
)
def test_every_failure_has_its_line(judge: Judge, source, line):
    """It is the line at fault if that is known, else the definition, else the first line."""
    result = judge(source)

    assert result.failed
    assert result.failed[0].line == line
    assert all(check.line for check in result.failed)
    assert not any(check.line for check in result.checks if check.verdict is Verdict.PASSED)


def test_definition_line_accepts_any_bytes():
    """The file need not be valid Python."""
    assert definition_line(b"\xff\xfe\0", ["f"]) == 1
    assert definition_line(b"x = 1\nclass Net:\n", ["absent", "Net"]) == 2
    assert definition_line(b"def halve_all(x):\n", ["halve"]) == 1


def printed(result: ExerciseResult) -> list[str]:
    """Return the lines that an editor gets."""
    file = io.StringIO()
    report = EditorReport(lambda _exercise_id: ENGLISH_TRANSLATOR, file=file, folder="exercises")
    report.finished(result)
    report.closing(
        Report(version="1", seed=1, machine={}, exercises=(result,)), [Message("a note")]
    )
    return file.getvalue().splitlines()


def result(state: State, *checks: CheckResult, message: Message = EMPTY) -> ExerciseResult:
    return ExerciseResult(
        id="a/01_b", name="b", chapter="a", state=state, message=message, checks=checks
    )


def test_hostile_messages_stay_one_line():
    """Newlines and terminal sequences in a learner's exception do not break the line."""
    check = CheckResult(
        id="b::values",
        axis="values",
        verdict=Verdict.FAILED,
        message=verbatim("a\nb\x1b[2J\rc"),
        line=3,
    )

    assert printed(result(State.FAILED, check))[:-1] == [
        "exercises/a/01_b.py:3:1: error: values: a b c"
    ]


def test_exercise_without_checks_is_an_error():
    """If a file cannot be graded, the error is at its first line."""
    lines = printed(result(State.ERROR, message=Message("It is no regular file.")))

    assert lines == [
        "exercises/a/01_b.py:1:1: error: It is no regular file.",
        "1 exercise: 1 error",
    ]


def test_at_most_three_findings_are_lines():
    """The last line counts the others; each explanation precedes what it explains."""

    def check(word: str, line: int, why: str = "") -> CheckResult:
        return CheckResult(
            id="b::values", axis="values", verdict=Verdict.FAILED, message=Message(f"Bad {word}."),
            code=word, line=line, why=Message(why),
        )  # fmt: skip

    checks = [check("a", 3), check("b", 4, "A loop."), check("c", 3), check("d", 3)]

    assert printed(result(State.FAILED, *checks))[:-1] == [
        "exercises/a/01_b.py:3:1: error: values: Bad a.",
        "exercises/a/01_b.py:4:1: error: values: A loop. Bad b.",
        "exercises/a/01_b.py:3:1: error: values: Bad c. And 1 more of another kind.",
    ]


def test_undecided_is_a_warning():
    """An undecided check is not an error, and is not printed if another check fails."""
    check = CheckResult(
        id="b::speed", axis="speed", verdict=Verdict.UNMEASURABLE, message=Message("Too busy.")
    )

    assert printed(result(State.UNMEASURABLE, check))[0] == (
        "exercises/a/01_b.py:1:1: warning: speed: No verdict. Too busy."
    )
    assert len(printed(result(State.PASSED, check))) == 1


def test_documented_tasks_use_verbs_that_exist():
    """Every task calls nox with a session of the noxfile and arguments that its command takes."""
    sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    for task in tasks().values():
        flag, verb, dashes, *words = task["args"]  # type: ignore[misc]
        assert (task["command"], flag, dashes) == ("nox", "-s", "--")
        assert f"def {verb}(" in sessions
        build_parser().parse_args([verb, *words])


# Completion


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gr"], ["grade", "gradebook", "gradescope"]),
        (["--c"], ["--course"]),
        (["grade", "--j"], ["--json", "--junit"]),
        (["grade", ""], ["counter", "halve", "mend_shift", "row_total"]),
        (["grade", "halve", "r"], ["row_total"]),
        (["grade", "01_"], ["01_mini/01_row_total", "01_mini/02_halve"]),
        (["grade", "--chapter", ""], ["01_mini", "02_more"]),
        (["grade", "--chapter", "01_mini", "h"], ["halve"]),
        (["grade", "--complete", "h"], ["halve"]),
        (["grade", "--format", ""], ["problems", "text"]),
        (["grade", "--json", ""], []),
        (["hint", "halve", ""], ["1", "2", "3"]),
        (["ca"], ["case"]),
        (["case", "h"], ["halve"]),
        (["case", "halve", "--s"], ["--seed"]),
        (["hint", "halve", "1", ""], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["nonsense", ""], []),
        (["new", ""], []),
        (["complete", ""], []),
    ],
)
def test_words_that_may_come_next(mini: Path, words, expected):
    """Verbs, options, exercises, chapters and choices are offered in their places."""
    assert candidates(build_parser(), words, mini) == expected


def test_every_verb_is_offered(mini: Path):
    """The empty word offers the verbs that `--help` lists, and no internal one."""
    offered = candidates(build_parser(), [""], mini)

    assert {"grade", "list", "hint", "watch", "reset", "completion"} <= set(offered)
    assert "complete" not in offered


def test_names_are_the_courses(mini: Path, tmp_path: Path):
    """Discovery, which imports no torch, finds the same names as the course."""
    from torchkata.course.catalogue import Course  # noqa: PLC0415

    assert [name for *_, name in discover_exercises(mini)] == [
        x.name for x in Course(mini).exercises
    ]
    assert [name for *_, name in discover_exercises(ROOT)] == [
        x.name for x in Course(ROOT).exercises
    ]
    assert discover_exercises(tmp_path) == []
    for chapter in ("01_a", "02_b"):
        (tmp_path / "exercises" / chapter).mkdir(parents=True)
        (tmp_path / "exercises" / chapter / "01_same.py").touch()
    assert [name for *_, name in discover_exercises(tmp_path)] == ["a/same", "b/same"]


def test_completion_is_fast_and_knows_no_torch():
    """It takes less than 0.3 s of CPU time in the best of five runs, and imports no torch."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = torchkata(ROOT, "complete", "--", "grade", "row_sum")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    statement = (
        "import sys; from torchkata.cli.main import main; main(['complete', '--', 'grade', '']); "
        "assert not {'torch', 'numpy', 'rich', 'babel'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", statement], check=True, cwd=ROOT, capture_output=True, timeout=60
    )
    assert done.stdout.split() == ["row_sum_fast", "row_sum_unbind"]
    assert min(times) < 0.3, times


BASH = r"""
source <({python} -m torchkata completion bash)
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
{function} {command}
printf '%s\n' "${{COMPREPLY[@]}}"
complete -p torchkata python
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("python -m torchkata gr", ["grade", "gradebook", "gradescope"]),
        ("python -m torchkata grade ro", ["row_total"]),
        ("python -m torchkata grade --chapter ''", ["01_mini", "02_more"]),
        ("python -m torch", []),
        ("python script.py ''", []),
    ],
)
def test_bash_completes(course: Path, words, expected):
    """The script works in a real bash, called like readline calls it."""
    script = BASH.format(
        python=sys.executable, words=words, function="_torchkata_python", command=sys.executable
    )

    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=course, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line]
    assert lines[:-2] == expected
    assert lines[-2].endswith("-F _torchkata torchkata")
    assert lines[-1].endswith("-F _torchkata_python python")


def test_zsh_completes(course: Path):
    """The script works in a real zsh, in its own terminal."""
    if shutil.which("zsh") is None:
        pytest.skip("no zsh here")
    script = f"""
zmodload zsh/zpty
zpty z zsh -f
zpty -w z 'PS1=">"; autoload -U compinit; compinit -D -u'
zpty -w z 'source <({sys.executable} -m torchkata completion zsh)'
sleep 3
zpty -n -w z $'{sys.executable} -m torchkata grade ro\\t --format pr\\t; echo DONE\\n'
zpty -m -r z out '*DONE*DONE*' ; print -r -- $out
zpty -d z
"""
    done = subprocess.run(
        ["zsh", "-f", "-c", script],
        cwd=course, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "row_total" in done.stdout, done.stdout + done.stderr
    assert "--format problems" in done.stdout


def test_fish_completes(course: Path):
    """The script works in a real fish, which prints the completions of a line."""
    if shutil.which("fish") is None:
        pytest.skip("no fish here")
    script = (
        f"{sys.executable} -m torchkata completion fish | source; "
        f"complete --do-complete '{sys.executable} -m torchkata grade ro'"
    )
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=course, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "row_total" in done.stdout.splitlines()
