"""No trick of a submission passes: not with the protocol, the judge's tools, or the clock."""

from __future__ import annotations

import ast
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from helpers import LIMIT, Judge, wait_for

from torchkata.course.catalogue import Course
from torchkata.errors import SubmissionError, WorkerDiedError
from torchkata.grading.checks import speed
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Processes, Submission
from torchkata.result import FAILING, ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher, WorkerConfig

SLOW = """
def slow(x):
    out = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        out = out + x[i]
    return out
"""

TALK = """
import os, sys, threading, time, torch
from torchkata.worker.wire import encoding as wire

def frame(value):
    return b"".join(bytes(chunk) for chunk in wire.encode(value).chunks())
"""

# what is tried: (source, the axes of which one has to fail)
LIES = {
    "comparisons that always agree": (
        """
        import torch
        torch.allclose = torch.equal = lambda *a, **k: True
        torch.testing.assert_close = lambda *a, **k: None
        torch.Tensor.__eq__ = lambda a, b: torch.ones(a.shape, dtype=torch.bool)
        def row_total(x):
            return x.sum(0) + 1
        """,
        {"values"},
    ),
    "a tensor that says what is wanted": (
        """
        import torch
        class Lie(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return True
        def row_total(x):
            return (x.sum(0) + 1).as_subclass(Lie)
        """,
        {"shape", "contract"},
    ),
    "an answer that a thread fills in later": (
        """
        import threading, time, torch
        def row_total(x):
            out = torch.zeros(x.shape[1], dtype=x.dtype)
            def later(): time.sleep(0.01); out.copy_(x.sum(0))
            threading.Thread(target=later).start()
            return out
        """,
        {"values"},
    ),
    "replay by shape": (
        """
        KEPT = {}
        def row_total(x):
            return KEPT.setdefault((x.shape, x.dtype), x.sum(0))
        """,
        {"values", "dtype", "gradient", "speed"},
    ),
    "inputs made easy": (
        """
        def row_total(x):
            out = x.sum(0)
            x.detach().zero_()
            return out
        """,
        {"purity"},
    ),
    "probes that answer nothing": (
        """
        from torchkata.worker import builtin_probes as probes
        for name in ("modified_arguments", "call_and_locate", "gradients", "run_metered"):
            setattr(probes, name, lambda *a, **k: None)
        def row_total(x):
            return x.sum(0)
        """,
        {"purity", "ops"},
    ),
    "a description of no form": (
        """
        from torchkata.worker import builtin_probes as probes
        probes.describe = lambda module, names: {n: {"kind": "function", "parameters": [3]}
                                                 for n in names}
        def row_total(x):
            return x.sum(0)
        """,
        {"contract"},
    ),
}

# these are right, and quick only where they think that nobody looks; the clock has to see it
SLOW_ONES = {
    "replay by address": """
        KEPT = {}
        def row_total(x):
            key = x.data_ptr(), x.shape
            if key not in KEPT:
                KEPT[key] = slow(x)
            return KEPT[key]
        """,
    "replay by content": """
        import ctypes
        KEPT = {}
        def row_total(x):
            if x.device.type != "cpu" or x.requires_grad or not x.is_contiguous():
                return x.sum(0)
            key = ctypes.string_at(x.data_ptr(), x.nbytes), x.shape, x.dtype
            if key not in KEPT:
                KEPT[key] = slow(x)
            return KEPT[key]
        """,
    "all calls of a block at once": """
        import sys, torch
        LAST = [None, None]
        def row_total(x):
            frame = sys._getframe()
            while frame is not None and "calls" not in frame.f_locals:
                frame = frame.f_back
            if frame is None:
                return x.sum(0)
            calls = frame.f_locals["calls"]
            if len(calls) == 1:  # half slow: so short that a block holds several calls
                half = len(x) // 2
                return slow(x[:half]) + slow(x[half:half + 1]) + x[half + 1:].sum(0)
            if LAST[0] is not calls:
                LAST[:] = calls, torch.stack([call[0] for call in calls]).sum(1).unbind()
            return next(a for call, a in zip(calls, LAST[1]) if call[0] is x)
        """,
}

PIPES = {
    "garbage": "os.write(4, b'garbage ' * 9)",
    "another frame": "os.write(4, frame({'value': [x.sum(0)]}))",
    "the word too early": "os.write(4, b'D' + frame({'value': [x.sum(0)]}))",
    "two answers": "threading.Timer(0.001, os.write, (4, frame({'value': [x]}))).start()",
    "the answer pipe closed": "os.close(4)",
    "half a frame": "os.write(4, b'D' + wire.PREFIX.pack(b'KATA', 9999, 0)); os._exit(0)",
    "the request pipe closed": "os.close(3)",
}


def failing_axes(result: ExerciseResult) -> set[str]:
    return {check.axis for check in result.failed}


def source(text: str, before: str = "") -> str:
    return textwrap.dedent(before) + textwrap.dedent(text)


@pytest.mark.parametrize("trick", LIES)
def test_lie_is_caught(judge: Judge, trick):
    """A submission that lies to whoever checks it fails on what it lies about."""
    text, axes = LIES[trick]

    result = judge(source(text), "row_total")

    assert result.state in FAILING, result
    assert failing_axes(result) & axes, result.failed


@pytest.mark.parametrize("trick", SLOW_ONES)
def test_hidden_slowness_is_caught(judge: Judge, trick):
    """Right answers that are quick by memory or batching are not fast to the clock."""
    result = judge(source(SLOW_ONES[trick], SLOW), "row_total")

    assert result.state in FAILING, result
    assert failing_axes(result) & {"speed", "values", "dtype"}, result


def test_sleeping_is_no_pass(judge: Judge):
    """Waiting costs hardly any CPU time; it fails all the same, or at worst is unmeasurable."""
    result = judge(
        "import time\ndef row_total(x):\n    time.sleep(0.01)\n    return x.sum(0)\n", "row_total"
    )

    speed = next(check for check in result.checks if check.axis == "speed")
    assert speed.verdict is not Verdict.PASSED, speed
    assert result.state is not State.PASSED


def test_trick_on_the_clock_is_named(judge: Judge):
    """The message says by which trick the time was bought, and nothing else is held against it."""
    said = []
    for _ in range(3):  # on a busy machine a block may hold one call only: then it is plainly slow
        result = judge(source(SLOW_ONES["all calls of a block at once"], SLOW), "row_total")
        assert failing_axes(result) == {"speed"}
        said.append(str(result.failed[0].message))
        if "each call on its own is slow" in said[-1]:
            return

    pytest.fail(f"The trick is not named: {said}")


def test_kept_answers_do_not_lower_counts(judge: Judge):
    """Ops are counted on inputs that no other check has shown, so that replay shows its work."""
    result = judge(source(SLOW_ONES["replay by content"], SLOW), "row_total")

    assert "ops" in failing_axes(result)


@pytest.mark.parametrize("trick", PIPES)
def test_meddling_with_the_pipes_is_no_pass(judge: Judge, trick):
    """Whoever writes to the judge on his own, or closes its pipes, gets an error that says so."""
    result = judge(source(f"def halve(x):\n    {PIPES[trick]}\n    return x / 2\n", TALK))

    assert result.state in (State.ERROR, State.TIMEOUT), result
    message = str(result.message)
    assert "\n" not in message
    assert any(word in message for word in ("reply", "ended", "connection")), result


def test_answers_written_in_advance_are_no_pass(judge: Judge):
    """Answers that lie ready in the pipe before they are asked for end the worker."""
    text = "os.write(4, frame({'value': None}) + b'RD' + frame({'value': [torch.ones(1)]}) * 20)\n"

    result = judge(source(text + "def halve(x):\n    return x / 2\n", TALK))

    assert result.state in FAILING, result


def test_forged_worker_is_judged_by_its_values(judge: Judge):
    """A submission that takes over the whole conversation still has to know the right values."""
    text = """
        from torchkata.worker.wire.channel import Channel
        channel = Channel(3, 4)
        channel.send(wire.encode({"value": None}))  # loaded
        parameters = [["x", "POSITIONAL_OR_KEYWORD", False]]
        while (request := channel.receive()) is not None:
            if request["do"] == "call":
                channel.handshake(b"R", b"G")
                channel.handshake(b"D", b"S")
                channel.send(wire.encode({"value": [call[0] * 2 for call in request["calls"]]}))
            else:
                described = {"kind": "function", "type": "function", "parameters": parameters}
                channel.send(wire.encode({"value": {"halve": described}}))
        """

    result = judge(source(text, TALK))

    assert result.state is State.FAILED, result
    assert "values" in failing_axes(result)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "{'value': 7}",
        "{'value': [1, 2, 3]}",
        "{'error': 7, 'message': ['a'], 'line': 'b', 'todo': 1}",
        "{'error': chr(0xd800) * 99999, 'message': chr(27) + '[2J' * 99999}",
    ],
)
def test_answers_of_another_form_are_no_pass(judge: Judge, answer):
    """An answer of a form that no worker writes fails, in words that can be written anywhere."""
    text = f"""
        def halve(x):
            os.write(4, b"D")
            time.sleep(0.02)
            os.write(4, frame({answer}))
            os._exit(0)
        """

    result = judge(source(text, TALK))

    assert result.state in FAILING, result
    words = " ".join(str(check.message) for check in result.failed)
    assert words.encode()
    assert len(words) < 30_000


def test_stopped_worker_goes_on(launcher: Launcher):
    """A worker that the judge has stopped answers after it was resumed, and can be ended."""
    worker = launcher.worker()
    worker.load(b"def double(x):\n    return x * 2\n", "double.py")

    worker.pause()
    time.sleep(0.05)
    worker.resume()
    (got,), timing = worker.call("double", [(torch.ones(2),)])

    assert got.tolist() == [2, 2]
    assert timing.wall_ns > 0
    worker.pause()
    assert worker.close() == -9
    assert not worker.alive
    with pytest.raises(WorkerDiedError):
        worker.call("double", [(torch.ones(2),)])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs workers that are forked")
def test_workers_that_compile_start_warm():
    """What torch.compile imports is there from the start where it is asked for, and only there."""
    asks = b"import sys\nprint('torch._inductor.compile_fx' in sys.modules)"
    said = []
    with Launcher() as launcher:
        for compiles in (False, True):
            worker = launcher.worker(compiles=compiles)
            worker.load(asks, "asks.py")
            worker.close()
            said.append(worker.output)

    assert said == ["False\n", "True\n"]


def test_graders_that_watch_compilers_are_known():
    """By what they import."""
    course = Course(Path(__file__).resolve().parents[2])
    names = [exercise.name for exercise in course.exercises if exercise.grader.compiles]

    assert names == ["script_loop", "no_graph_break", "compile_once"]


def test_worker_that_stops_itself_times_out(hasty: Launcher):
    """A process that stops itself is ended at the limit like any other that is silent."""
    worker = hasty.worker()
    start = time.monotonic()

    with pytest.raises((WorkerDiedError, SubmissionError)):
        worker.load(b"import signal\nsignal.raise_signal(signal.SIGSTOP)\n1 / 0", "stop.py")

    assert time.monotonic() - start < LIMIT + 3
    worker.close()


def test_prints_of_one_worker_stay_its_own(launcher: Launcher):
    """What a closed worker printed does not change when its descriptors are used again."""
    first = launcher.worker()
    first.load(b"print('mine')", "first.py")
    first.close()
    second = launcher.worker()
    second.load(b"print('yours')", "second.py")

    assert first.output == "mine\n"
    assert second.output == "yours\n"
    second.close()


def test_no_worker_sees_another(judge: Judge):
    """A module changed by one submission is as it was for the next."""
    spoilt = "import torch\ntorch.Tensor.__truediv__ = None\ndef halve(x):\n    return x / 2\n"

    assert judge(spoilt).state is State.FAILED
    assert judge("def halve(x):\n    return x / 2\n").state is State.PASSED


def test_spawned_workers_judge_alike(mini):
    """Where workers cannot be forked, each is started on its own, and the verdict is the same."""
    exercise = Course(mini).one("halve")
    submission = Submission(source=exercise.solution_path.read_bytes(), file="halve.py")

    with Launcher(WorkerConfig(spawn=True)) as launcher:
        result = grade_one(exercise, submission, launcher, Settings(seed=1))

    assert result.state is State.PASSED, result


def test_worker_imports_nothing_from_where_it_was_started(judge: Judge):
    """Neither the folder that the judge runs in, nor the course's, is on the worker's path."""
    result = judge("import sys\nprint(sys.path)\ndef halve(x):\n    return x / 2\n")

    places = ast.literal_eval(result.output.splitlines()[0])
    assert result.state is State.PASSED
    assert places
    for place in places:
        folder = Path(place).resolve()
        assert folder != Path.cwd(), places
        assert not (folder / "noxfile.py").exists(), places
        assert not (folder / "solutions").exists(), places


def test_processes_with_the_submission_rest_while_others_are_timed(judge: Judge, monkeypatch):
    """Threads that it left behind, in its process for the twin too, get no time in a race."""
    seen: list[bool] = []

    class Watched(speed._Racer):
        def block(self, calls: int, /):  # type: ignore[no-untyped-def]
            # A signal takes a moment to arrive; but for it the process would only wait, in state S.
            seen.append(all(wait_for(lambda pid=pid: state(pid) == "T", 1) for pid in mine))
            return super().block(calls)

    mine: list[int] = []
    others_paused = Processes.others_paused

    def noted(processes):  # type: ignore[no-untyped-def]
        mine[:] = [worker.pid for worker in processes._workers.values()]
        return others_paused(processes)

    def state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    monkeypatch.setattr(Processes, "others_paused", noted)
    monkeypatch.setattr(speed, "_Racer", Watched)

    result = judge("def row_total(x):\n    return x.sum(0)\n", "row_total")

    assert result.state in (State.PASSED, State.UNMEASURABLE), result
    assert len(mine) == 2, "one for the CPU, one for the twin"
    assert seen
    assert all(seen)


def test_long_answers_are_cut(judge: Judge):
    """What a message quotes of an answer is bounded."""
    result = judge("def halve(x):\n    raise ValueError('words ' * 1_000_000)\n")

    assert result.failed
    assert max(len(str(check.message)) for check in result.failed) < 4100
