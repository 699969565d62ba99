"""Every way in which a submission can go wrong ends in a state with its own plain message."""

from __future__ import annotations

import pytest
from helpers import LIMIT, Judge

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one, read_submission
from torchkata.result import ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

RIGHT = "def halve(x):\n    return x / 2\n"

BODIES = {
    "sys.exit": ("import sys; sys.exit(0)", State.FAILED, ["sys.exit()", "line 2", "return"]),
    "os._exit": ("import os; os._exit(0)", State.ERROR, ["exit code 0"]),
    "segfault": (
        "import ctypes; ctypes.string_at(0)",
        State.ERROR,
        ["SIGSEGV", "segmentation fault"],
    ),
    "abort": ("import os; os.abort()", State.ERROR, ["SIGABRT"]),
    "100 GB of a tensor": (
        "import torch; return torch.empty(25 * 2**30)",
        State.FAILED,
        ["ran out of memory", "107,374,182,400 bytes", "line 2"],
    ),
    "100 GB of numpy": (
        "import numpy; return numpy.zeros(100 * 2**30, dtype=numpy.uint8)",
        State.FAILED,
        ["ran out of memory", "100. GiB"],
    ),
    "recursion": ("return halve(x)", State.FAILED, ["calls itself without end", "line 2"]),
    "generator": ("yield x / 2", State.FAILED, ["generator", "yield"]),
    "None": ("x / 2", State.FAILED, ["got None", "return"]),
    "a number": ("return float(x.sum())", State.FAILED, ["got a Python float", "expected a tensor"]),
    "closed pipe": (
        "import os, time; os.close(4); time.sleep(99)",
        State.ERROR,
        ["closed its connection"],
    ),
    "exit in an exit": (
        "class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E",
        State.ERROR,
        ["exit code 1"],
    ),
    "a thread that never ends": (
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(99,)).start()"
            "; return x / 2"
        ),
        State.PASSED,
        [],
    ),
    "no standard output": ("import sys; sys.stdout = None; return x / 2", State.PASSED, []),
    "interrupt": ("raise KeyboardInterrupt", State.FAILED, ["KeyboardInterrupt", "line 2"]),
}

FILES = {
    "syntax error": ("def halve(x)\n    return x\n", State.ERROR, ["line 1", "expected ':'"]),
    "missing function": (
        "import torch\n",
        State.FAILED,
        ["not define `halve`", "no function or class"],
    ),
    "misspelt function": (
        "def halv(x):\n    return x / 2\n",
        State.FAILED,
        ["not define `halve`", "Did you mean `halv`"],
    ),
    "another name": (
        "def answer(x):\n    return x / 2\n",
        State.FAILED,
        ["not define `halve`", "It defines `answer`."],
    ),
    "wrong signature": (
        "def halve(x, n):\n    return x / 2\n",
        State.FAILED,
        ["to take (x)", "got (x, n)"],
    ),
    "a value instead": ("halve = 3\n", State.FAILED, ["to be a function", "got a value (int)"]),
    "absent import": (
        "import pandas_of_nobody\n" + RIGHT,
        State.ERROR,
        ["line 1", "pandas_of_nobody", "remove that import"],
    ),
    "not UTF-8": (b"# caf\xe9\n" + RIGHT.encode(), State.ERROR, ["not saved as UTF-8"]),
    "UTF-16": (RIGHT.encode("utf-16"), State.ERROR, ["not saved as UTF-8"]),
    "empty": ("", State.FAILED, ["not define `halve`", "no function or class"]),
    "exit on import": ("import sys\nsys.exit()\n", State.ERROR, ["sys.exit()", "line 2"]),
    "endless import": ("while True: pass\n", State.TIMEOUT, ["no result within 2 s"]),
    "death on import": ("import os\nos._exit(3)\n", State.ERROR, ["exit code 3"]),
    "failing import": ("1 / 0\n" + RIGHT, State.ERROR, ["line 1", "ZeroDivisionError"]),
    "bom": (b"\xef\xbb\xbf" + RIGHT.encode(), State.PASSED, []),
}


def text_of(result: ExerciseResult) -> str:
    """Return everything that the result says about what went wrong."""
    return " ".join(
        [str(result.message), *(str(check.message_with_case) for check in result.failed)]
    )


def require_message(result: ExerciseResult, state: State, words: list[str]) -> None:
    text = text_of(result)
    assert result.state is state, text
    assert [word for word in words if word not in text] == [], text
    assert "Traceback" not in text


@pytest.mark.parametrize("what", BODIES)
def test_failing_call_has_its_own_message(judge: Judge, what):
    """A call that goes wrong ends in its state, and the message says what happened."""
    body, state, words = BODIES[what]

    require_message(judge(f"def halve(x):\n    {body}\n"), state, words)


@pytest.mark.parametrize("what", FILES)
def test_unusable_file_has_its_own_message(judge: Judge, what):
    """A file that cannot be used ends in its state, and the message says why."""
    source, state, words = FILES[what]

    require_message(judge(source), state, words)


def test_flood_of_prints_is_cut(judge: Judge):
    """10 MB of prints do no harm: the result counts, and the report keeps a bounded part."""
    result = judge("def halve(x):\n    print('spam ' * 2_000_000)\n    return x / 2\n")

    assert result.state is State.PASSED
    assert result.output.startswith("spam spam")
    assert len(result.output) < 50_000, "20,000 of each process, on the CPU and on the twin"
    assert "more bytes" in result.output


def test_untouched_and_missing_are_todo(hasty: Launcher, mini):
    """An untouched stub and a missing file are todo, and fail nothing."""
    exercise = Course(mini).one("halve")
    stub = read_submission(exercise.stub_path)

    for submission in (stub, None):
        assert grade_one(exercise, submission, hasty, Settings(seed=1)).state is State.TODO


def test_started_stub_is_todo(judge: Judge, mini):
    """A stub that was edited but still raises NotImplementedError is todo, not failed."""
    source = Course(mini).one("halve").stub_path.read_text(encoding="utf-8") + "\n# thinking ...\n"

    assert judge(source).state is State.TODO


def test_half_done_is_not_todo(judge: Judge):
    """NotImplementedError with a text, or raised by torch, is a failure of the code."""
    result = judge("def halve(x):\n    raise NotImplementedError('odd lengths')\n")

    require_message(result, State.FAILED, ["odd lengths"])


def test_next_exercise_is_judged(judge: Judge):
    """After the death of a worker, the next exercise of the same run is judged normally."""
    for source, state in (
        ("import os; os._exit(0)", State.ERROR),
        ("def halve(x):\n    import ctypes; ctypes.string_at(0)", State.ERROR),
        ("while True: pass", State.TIMEOUT),
    ):
        assert judge(source).state is state
        assert judge(RIGHT).state is State.PASSED


def test_timeout_is_bounded(judge: Judge):
    """An endless loop is a timeout; it costs a few time limits, whatever is judged."""
    result = judge("def halve(x):\n    while True: pass\n")

    require_message(result, State.TIMEOUT, ["no result within 2 s", "never ends"])
    assert result.seconds < 5 * LIMIT
    assert sum("no reply within" in str(check.message) for check in result.checks) <= 3


def test_wrong_only_at_one_case(judge: Judge):
    """A failing check names the case, and no other axis fails for it."""
    result = judge("def halve(x):\n    return x / 2 if len(x) > 1 else x\n")

    assert {check.axis for check in result.failed} == {"values"}
    assert str(result.failed[0].case) == "one (n=1)"


def test_nothing_passes_by_ending(judge: Judge):
    """A submission that ends its process has no check passed after the contract."""
    result = judge("def halve(x):\n    import os; os._exit(0)\n")

    passed = {check.axis for check in result.checks if check.verdict is Verdict.PASSED}
    assert passed <= {"contract"}
