"""Every kind of broken submission ends in its own state with its own plain message."""

from __future__ import annotations

import pytest
from helpers import Judge

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one, read_submission
from torchkata.result import ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

CORRECT = "def halve(x):\n    return x / 2\n"

BODIES = {
    "sys.exit": ("import sys; sys.exit(0)", State.FAILED, ["sys.exit()", "line 2", "return"]),
    "os._exit": ("import os; os._exit(0)", State.ERROR, ["exit code 0"]),
    "segfault": (
        "import ctypes; ctypes.string_at(0)",
        State.ERROR,
        ["SIGSEGV", "segmentation fault"],
    ),
    "abort": ("import os; os.abort()", State.ERROR, ["SIGABRT"]),
    "100 GB tensor": (
        "import torch; return torch.empty(25 * 2**30)",
        State.FAILED,
        ["ran out of memory", "107,374,182,400 bytes", "line 2"],
    ),
    "100 GB array": (
        "import numpy; return numpy.zeros(100 * 2**30, dtype=numpy.uint8)",
        State.FAILED,
        ["ran out of memory", "100. GiB"],
    ),
    "recursion": ("return halve(x)", State.FAILED, ["calls itself without end", "line 2"]),
    "generator": ("yield x / 2", State.FAILED, ["generator", "yield"]),
    "None": ("x / 2", State.FAILED, ["got None"]),
    "number": ("return float(x.sum())", State.FAILED, ["got a Python float", "expected a tensor"]),
    "closed pipe": (
        "import os, time; os.close(4); time.sleep(99)",
        State.ERROR,
        ["closed its connection"],
    ),
    "exit in __str__": (
        "class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E",
        State.ERROR,
        ["exit code 1"],
    ),
    "thread that never ends": (
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(99,)).start()"
            "; return x / 2"
        ),
        State.PASSED,
        [],
    ),
    "no standard output": ("import sys; sys.stdout = None; return x / 2", State.PASSED, []),
    "breakpoint": ("breakpoint()", State.FAILED, ["breakpoint() (line 2)", "no terminal"]),
    "input": ("input()", State.FAILED, ["input() (line 2)", "nobody to answer"]),
    "keyboard interrupt": (
        "raise KeyboardInterrupt",
        State.FAILED,
        ["KeyboardInterrupt", "line 2"],
    ),
}

FILES = {
    "syntax error": ("def halve(x)\n    return x\n", State.ERROR, ["line 1", "expected ':'"]),
    "missing function": (
        "import torch\n",
        State.FAILED,
        ["not define `halve`", "no function or class"],
    ),
    "misspelled function": (
        "def halv(x):\n    return x / 2\n",
        State.FAILED,
        ["not define `halve`", "Did you mean `halv`"],
    ),
    "different name": (
        "def answer(x):\n    return x / 2\n",
        State.FAILED,
        ["not define `halve`", "It defines `answer`."],
    ),
    "wrong signature": (
        "def halve(x, n):\n    return x / 2\n",
        State.FAILED,
        ["to take (x)", "got (x, n)"],
    ),
    "value instead of function": (
        "halve = 3\n",
        State.FAILED,
        ["to be a function", "got a value (int)"],
    ),
    "missing module": (
        "import pandas_of_nobody\n" + CORRECT,
        State.ERROR,
        ["line 1", "pandas_of_nobody", "remove that import"],
    ),
    "not UTF-8": (b"# caf\xe9\n" + CORRECT.encode(), State.ERROR, ["not saved as UTF-8"]),
    "UTF-16": (CORRECT.encode("utf-16"), State.ERROR, ["not saved as UTF-8"]),
    "file": (
        "open('/tmp/x', 'w')\n",
        State.ERROR,
        ["PermissionError (line 1)", "refuses submissions most files"],
    ),
    "cache folder": (
        "try:\n    open('/tmp/x', 'w')\nexcept OSError:\n    raise OSError('no cache')\n",
        State.ERROR,
        ["OSError (line 4): no cache.", "refuses submissions most files"],
    ),
    "empty": ("", State.FAILED, ["not define `halve`", "no function or class"]),
    "exit on import": ("import sys\nsys.exit()\n", State.ERROR, ["sys.exit()", "line 2"]),
    "endless import": (
        "while True: pass\n",
        State.TIMEOUT,
        ["no result within 2 s of computing", "Line 1"],
    ),
    "death on import": ("import os\nos._exit(3)\n", State.ERROR, ["exit code 3"]),
    "failing import": ("1 / 0\n" + CORRECT, State.ERROR, ["line 1", "ZeroDivisionError"]),
    "bom": (b"\xef\xbb\xbf" + CORRECT.encode(), State.PASSED, []),
}


def text_of(result: ExerciseResult) -> str:
    """Return the message of a result and of its failed checks."""
    return " ".join(
        [str(result.message), *(str(check.message_with_case) for check in result.failed)]
    )


def require_message(result: ExerciseResult, state: State, words: list[str]) -> None:
    text = text_of(result)
    assert result.state is state, text
    assert [word for word in words if word not in text] == [], text
    assert "Traceback" not in text


@pytest.mark.parametrize("fault", BODIES)
def test_failing_call_has_its_own_message(judge: Judge, fault):
    """A call that fails ends in its state, and the message says what happened."""
    body, state, words = BODIES[fault]

    require_message(judge(f"def halve(x):\n    {body}\n"), state, words)


@pytest.mark.parametrize("fault", FILES)
def test_unusable_file_has_its_own_message(judge: Judge, fault):
    """A file that cannot be used ends in its state, and the message says why."""
    source, state, words = FILES[fault]

    require_message(judge(source), state, words)


def test_long_output_is_truncated(judge: Judge):
    """A submission that prints 10 MB can pass, and the result keeps a bounded part of it."""
    result = judge("def halve(x):\n    print('spam ' * 2_000_000)\n    return x / 2\n")

    assert result.state is State.PASSED
    assert result.output.startswith("spam spam")
    assert len(result.output) < 50_000, "20,000 from each process: on the CPU and on the twin"
    assert "more bytes" in result.output


def test_untouched_stub_and_missing_file_are_todo(hasty: Launcher, mini):
    """Neither an untouched stub nor a missing file fails."""
    exercise = Course(mini).one("halve")
    stub = read_submission(exercise.stub_path)

    for submission in (stub, None):
        assert grade_one(exercise, submission, hasty, Settings(seed=1)).state is State.TODO


def test_edited_stub_that_raises_not_implemented_error_is_todo(judge: Judge, mini):
    """A stub that was edited but still raises NotImplementedError has not failed."""
    source = Course(mini).one("halve").stub_path.read_text(encoding="utf-8") + "\n# thinking ...\n"

    assert judge(source).state is State.TODO


def test_not_implemented_error_with_a_text_is_a_failure(judge: Judge):
    """NotImplementedError with a text, as torch raises it, is a failure of the code, not todo."""
    result = judge("def halve(x):\n    raise NotImplementedError('odd lengths')\n")

    require_message(result, State.FAILED, ["odd lengths"])


def test_next_exercise_is_graded_after_a_worker_died(judge: Judge):
    """After a worker dies or times out, the next exercise of the run is graded normally."""
    for source, state in (
        ("import os; os._exit(0)", State.ERROR),
        ("def halve(x):\n    import ctypes; ctypes.string_at(0)", State.ERROR),
        ("while True: pass", State.TIMEOUT),
    ):
        assert judge(source).state is state
        assert judge(CORRECT).state is State.PASSED


def test_endless_loop_costs_only_a_few_time_limits(judge: Judge):
    """An endless loop is a timeout that names line and case; not every check waits for it."""
    result = judge("def halve(x):\n    while True: pass\n")

    require_message(
        result,
        State.TIMEOUT,
        ["no result within 2 s of computing", "Line 2 was running.", "one (n=1)"],
    )
    assert "Current thread" not in result.output
    assert [check.code for check in result.failed] == ["died-timeout"]


def test_waiting_without_end_has_its_own_message(judge: Judge):
    """Code that waits is told that it waited, and where."""
    result = judge("import time\n\ndef halve(x):\n    time.sleep(99)\n")

    require_message(
        result, State.TIMEOUT, ["no result within 2 s.", "waited", "Line 4 was waiting."]
    )


def test_failed_check_names_its_case_and_no_other_axis_fails(judge: Judge):
    """A value that is wrong in one case fails axis values alone, with the label of that case."""
    result = judge("def halve(x):\n    return x / 2 if len(x) > 1 else x\n")

    assert {check.axis for check in result.failed} == {"values"}
    assert str(result.failed[0].case) == "one (n=1)"


def test_submission_that_exits_passes_only_the_contract(judge: Judge):
    """A submission that ends its process during a call passes no other check."""
    result = judge("def halve(x):\n    import os; os._exit(0)\n")

    passed = {check.axis for check in result.checks if check.verdict is Verdict.PASSED}
    assert passed <= {"contract"}
