"""Submissions that attack the protocol, the judge's tools or the clock do not pass."""

from __future__ import annotations

import ast
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers import LIMIT, Judge, wait_for

from torchkata.course.catalogue import Course
from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.case import Case
from torchkata.errors import SubmissionError, WorkerDiedError
from torchkata.grading.checks import speed
from torchkata.grading.checks.not_judged import without_limits_of_twin
from torchkata.grading.grade import Settings, _state, grade_one
from torchkata.grading.outcome import failed
from torchkata.grading.processes import Processes, Submission
from torchkata.grading.session import Learned, ProbeCall
from torchkata.grading.timing.race import Decision, RaceOutcome, Reason
from torchkata.i18n import EMPTY, verbatim
from torchkata.result import FAILING, NOT_JUDGED, CheckResult, ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher, WorkerConfig

SLOW = """
def slow(x):
    out = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        out = out + x[i]
    return out
"""

PROTOCOL = """
import os, sys, threading, time, torch
from torchkata.worker.wire import encoding as wire

def frame(value):
    return b"".join(bytes(chunk) for chunk in wire.encode(value).chunks())
"""

# The source of each attempt, and the axes of which at least one must fail.
DECEPTIONS = {
    "comparisons always succeed": (
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
    "tensor subclass fakes results": (
        """
        import torch
        class Fake(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return True
        def row_total(x):
            return (x.sum(0) + 1).as_subclass(Fake)
        """,
        {"shape", "contract"},
    ),
    "thread fills in the result later": (
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
    "cache by shape": (
        """
        CACHE = {}
        def row_total(x):
            return CACHE.setdefault((x.shape, x.dtype), x.sum(0))
        """,
        {"values", "dtype", "gradient", "speed"},
    ),
    "inputs zeroed in place": (
        """
        def row_total(x):
            out = x.sum(0)
            x.detach().zero_()
            return out
        """,
        {"purity"},
    ),
    "probes return nothing": (
        """
        from torchkata.worker import builtin_probes as probes
        for name in ("modified_arguments", "call_and_locate", "gradients", "run_metered"):
            setattr(probes, name, lambda *a, **k: None)
        def row_total(x):
            return x.sum(0)
        """,
        {"purity", "ops"},
    ),
    "malformed signatures": (
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

# Values are right, but the work is done only once for several calls. The timing must reveal it.
HIDDEN_SLOWNESS = {
    "cache by address": """
        CACHE = {}
        def row_total(x):
            key = x.data_ptr(), x.shape
            if key not in CACHE:
                CACHE[key] = slow(x)
            return CACHE[key]
        """,
    "cache by content": """
        import ctypes
        CACHE = {}
        def row_total(x):
            if x.device.type != "cpu" or x.requires_grad or not x.is_contiguous():
                return x.sum(0)
            key = ctypes.string_at(x.data_ptr(), x.nbytes), x.shape, x.dtype
            if key not in CACHE:
                CACHE[key] = slow(x)
            return CACHE[key]
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
            if len(calls) == 1:  # half slow: short enough for several calls per block
                half = len(x) // 2
                return slow(x[:half]) + slow(x[half:half + 1]) + x[half + 1:].sum(0)
            if LAST[0] is not calls:
                LAST[:] = calls, torch.stack([call[0] for call in calls]).sum(1).unbind()
            return next(a for call, a in zip(calls, LAST[1]) if call[0] is x)
        """,
}

PIPE_ATTACKS = {
    "garbage": "os.write(4, b'garbage ' * 9)",
    "unexpected frame": "os.write(4, frame({'value': [x.sum(0)]}))",
    "done marker too early": "os.write(4, b'D' + frame({'value': [x.sum(0)]}))",
    "two replies": "threading.Timer(0.001, os.write, (4, frame({'value': [x]}))).start()",
    "reply pipe closed": "os.close(4)",
    "truncated frame": "os.write(4, b'D' + wire.PREFIX.pack(b'KATA', 9999, 0)); os._exit(0)",
    "request pipe closed": "os.close(3)",
}


def failing_axes(result: ExerciseResult) -> set[str]:
    return {check.axis for check in result.failed}


def source(text: str, preamble: str = "") -> str:
    return textwrap.dedent(preamble) + textwrap.dedent(text)


@pytest.mark.parametrize("attempt", DECEPTIONS)
def test_deceptive_submission_fails_on_the_attacked_axis(judge: Judge, attempt):
    """A submission that deceives the judge about an axis fails on that axis."""
    text, axes = DECEPTIONS[attempt]

    result = judge(source(text), "row_total")

    assert result.state in FAILING, result
    assert failing_axes(result) & axes, result.failed


@pytest.mark.parametrize("attempt", HIDDEN_SLOWNESS)
def test_caching_or_batching_does_not_pass_as_fast(judge: Judge, attempt):
    """Right results that are fast only because of a cache or a batch fail."""
    result = judge(source(HIDDEN_SLOWNESS[attempt], SLOW), "row_total")

    assert result.state in FAILING, result
    assert failing_axes(result) & {"speed", "values", "dtype"}, result


def test_sleeping_submission_does_not_pass(judge: Judge):
    """Sleeping uses hardly any CPU time; it fails anyway, or is unmeasurable at worst."""
    result = judge(
        "import time\ndef row_total(x):\n    time.sleep(0.01)\n    return x.sum(0)\n", "row_total"
    )

    speed = next(check for check in result.checks if check.axis == "speed")
    assert speed.verdict is not Verdict.PASSED, speed
    assert result.state is not State.PASSED


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.BATCH_ONLY, "each call on its own is slow"),
        (Reason.SLEEPS, "waiting counts like working"),
    ],
)
def test_message_names_what_an_audit_found(reason: Reason, sentence: str):
    """The message of a race that an audit decided names the audit's finding."""
    decision = Decision(
        outcome=RaceOutcome.SLOWER, pairs=9, seconds=0.1, ratio=2.0, ratio_low=2.0, ratio_high=2.0,
        baseline_ns=9e5, candidate_ns=4e5, reference_ns=1e4, reference_ratio=90.0, reason=reason,
    )  # fmt: skip
    budget = Speedup(10, over=slow_loop, at={"n": 9})

    outcome = speed._outcome(budget, decision, Case.at_sizes(budget.at), EMPTY, ())

    assert outcome.code == f"race-{reason}"
    assert sentence in str(outcome.message)


def test_wrong_value_while_timed_is_a_wrong_value(judge: Judge):
    """A result that is wrong at the timed size only fails on values, at its place in itself."""
    text = "def row_total(x):\n    y = x.sum(0)\n    y[-1] += len(x) // 100\n    return y\n"

    result = judge(text, "row_total")

    wrong = next(check for check in result.failed if check.code == "wrong-while-timed")
    assert (wrong.axis, str(wrong.case)) == ("values", "timed (n=200, d=8)")
    assert "1 of 8 values of `row_total` is wrong, at [7]" in str(wrong.message)


ON_TWIN = "import torch\ndef halve(x):\n    if x.device.type != 'cpu': {what}\n    return x / 2\n"


def test_what_the_twin_cannot_run_is_not_judged_there(judge: Judge):
    """A limit of the twin does not fail an exercise, and the result says what was not judged."""
    result = judge(ON_TWIN.format(what="torch.nested.as_nested_tensor([x, x])"))

    assert result.state is State.PASSED
    assert "Not judged on twin:0" in str(result.message)
    assert "The call is on line 3." in str(result.message)
    unjudged = [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
    assert {(check.axis, check.code) for check in unjudged} == {("device", "not-judged")}


def test_imitated_limit_of_the_twin_fails(judge: Judge):
    """A submission cannot raise its way around the device."""
    text = "NestedTensorImpl doesn't support sizes"

    result = judge(ON_TWIN.format(what=f"raise RuntimeError({text!r})"))

    assert result.state is State.FAILED
    assert "device" in failing_axes(result)


def test_limit_of_the_twin_counts_only_if_the_cpu_runs_the_call():
    """If the same call fails on the CPU, it is the submission's error."""
    error = SubmissionError("RuntimeError", "text", 3, twin_limit=True)
    outcome = failed("raised", EMPTY, error=error)
    calls: list[str] = []

    class Worker:
        def run(self, *_arguments: object) -> None:
            calls.append("cpu")
            raise SubmissionError("ValueError", "text", 3)

    def session(device: str) -> Any:
        call = ProbeCall(probe=len, arguments=tuple, device=device)
        return SimpleNamespace(last_call=call, processes=SimpleNamespace(worker_on=Worker))

    assert without_limits_of_twin(session("twin:0"), outcome) is outcome
    assert without_limits_of_twin(session("cpu"), outcome) is outcome
    assert calls == ["cpu"]


@pytest.mark.parametrize(("axis", "state"), [("device", State.PASSED), ("ops", State.UNMEASURABLE)])
def test_only_the_device_may_stay_unjudged(axis: str, state: State):
    """What is counted on the twin may be the point of the exercise, so it holds back a pass."""
    check = CheckResult(
        id=f"x::{axis}", axis=axis, verdict=Verdict.UNMEASURABLE, code=NOT_JUDGED,
        message=verbatim("Not judged."),
    )  # fmt: skip
    session: Any = SimpleNamespace(
        learned=Learned(),
        processes=SimpleNamespace(load_error=None),
        spec=SimpleNamespace(reference_signatures=None),
    )

    assert _state(session, [check], []) == (state, check.message)


def slow_loop(x):  # type: ignore[no-untyped-def]
    """Stand in for a baseline."""


def test_caching_does_not_lower_op_counts(judge: Judge):
    """Ops are counted on inputs that no other check uses, so a cache has no entry for them."""
    result = judge(source(HIDDEN_SLOWNESS["cache by content"], SLOW), "row_total")

    assert "ops" in failing_axes(result)


@pytest.mark.parametrize("attack", PIPE_ATTACKS)
def test_tampering_with_the_pipes_fails(judge: Judge, attack):
    """A submission that writes to the judge's pipes or closes them fails, with a plain message."""
    text = f"def halve(x):\n    {PIPE_ATTACKS[attack]}\n    return x / 2\n"

    result = judge(source(text, PROTOCOL))

    assert result.state in FAILING, result
    failed = result.state is State.FAILED  # a forged reply of the right form is a wrong one
    message = str(result.failed[0].message if failed else result.message)
    assert "\n" not in message
    assert any(word in message for word in ("reply", "ended", "connection")), result


def test_replies_written_before_the_request_do_not_pass(judge: Judge):
    """A worker whose replies are in the pipe before the request ends without a pass."""
    text = "os.write(4, frame({'value': None}) + b'RD' + frame({'value': [torch.ones(1)]}) * 20)\n"

    result = judge(source(text + "def halve(x):\n    return x / 2\n", PROTOCOL))

    assert result.state in FAILING, result


def test_forged_worker_fails_on_values(judge: Judge):
    """A submission that replaces the worker's whole protocol still needs the right values."""
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

    result = judge(source(text, PROTOCOL))

    assert result.state is State.FAILED, result
    assert "values" in failing_axes(result)


@pytest.mark.parametrize(
    "reply",
    [
        "{}",
        "{'value': 7}",
        "{'value': [1, 2, 3]}",
        "{'error': 7, 'message': ['a'], 'line': 'b', 'todo': 1}",
        "{'error': chr(0xd800) * 99999, 'message': chr(27) + '[2J' * 99999}",
    ],
)
def test_malformed_reply_fails_with_a_printable_bounded_message(judge: Judge, reply):
    """A reply that no worker would send fails, and the messages can be encoded and are bounded."""
    text = f"""
        def halve(x):
            os.write(4, b"D")
            time.sleep(0.02)
            os.write(4, frame({reply}))
            os._exit(0)
        """

    result = judge(source(text, PROTOCOL))

    assert result.state in FAILING, result
    messages = " ".join(str(check.message) for check in result.failed)
    assert messages.encode()
    assert len(messages) < 30_000


def test_paused_worker_can_be_resumed_and_closed(launcher: Launcher):
    """A paused worker replies after it is resumed; while it is paused it can be closed."""
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
def test_compiler_is_preloaded_only_in_compiling_workers():
    """The modules of torch.compile are imported at the start only if the worker compiles."""
    text = b"import sys\nprint('torch._inductor.compile_fx' in sys.modules)"
    outputs = []
    with Launcher() as launcher:
        for compiles in (False, True):
            worker = launcher.worker(compiles=compiles)
            worker.load(text, "modules.py")
            worker.close()
            outputs.append(worker.output)

    assert outputs == ["False\n", "True\n"]


def test_graders_that_import_compiler_probes_get_compiling_workers():
    """The imports of a grader decide whether its workers preload the compiler."""
    course = Course(Path(__file__).resolve().parents[2])
    names = [exercise.name for exercise in course.exercises if exercise.grader.compiles]

    assert names == ["script_loop", "no_graph_break", "compile_once"]


def test_worker_that_stops_itself_times_out(hasty: Launcher):
    """A process that sends itself SIGSTOP is killed at the time limit."""
    worker = hasty.worker()
    start = time.monotonic()

    with pytest.raises((WorkerDiedError, SubmissionError)):
        worker.load(b"import signal\nsignal.raise_signal(signal.SIGSTOP)\n1 / 0", "stop.py")

    assert time.monotonic() - start < 4 * LIMIT
    worker.close()


def test_output_of_a_closed_worker_does_not_change(launcher: Launcher):
    """The output of a closed worker stays the same when its descriptors are reused."""
    first = launcher.worker()
    first.load(b"print('first')", "first.py")
    first.close()
    second = launcher.worker()
    second.load(b"print('second')", "second.py")

    assert first.output == "first\n"
    assert second.output == "second\n"
    second.close()


def test_patched_module_does_not_affect_the_next_submission(judge: Judge):
    """A submission that patches torch fails; the next submission gets the original."""
    patched = "import torch\ntorch.Tensor.__truediv__ = None\ndef halve(x):\n    return x / 2\n"

    assert judge(patched).state is State.FAILED
    assert judge("def halve(x):\n    return x / 2\n").state is State.PASSED


def test_spawned_workers_give_the_same_verdict(mini):
    """On platforms without fork, workers are spawned, and the verdict is the same."""
    exercise = Course(mini).one("halve")
    submission = Submission(source=exercise.solution_path.read_bytes(), file="halve.py")

    with Launcher(WorkerConfig(spawn=True)) as launcher:
        result = grade_one(exercise, submission, launcher, Settings(seed=1))

    assert result.state is State.PASSED, result


def test_working_directory_and_course_are_not_on_the_import_path(judge: Judge):
    """The worker's `sys.path` contains neither the judge's working directory nor the course."""
    result = judge("import sys\nprint(sys.path)\ndef halve(x):\n    return x / 2\n")

    paths = ast.literal_eval(result.output.splitlines()[0])
    assert result.state is State.PASSED
    assert paths
    for path in paths:
        folder = Path(path).resolve()
        assert folder != Path.cwd(), paths
        assert not (folder / "noxfile.py").exists(), paths
        assert not (folder / "solutions").exists(), paths


def test_all_processes_of_the_submission_are_paused_while_others_are_timed(
    judge: Judge, monkeypatch
):
    """Threads of the submission, in its process for the twin too, do not run during a race."""
    all_paused: list[bool] = []

    class RecordingRacer(speed._Racer):
        def block(self, calls: int, /):  # type: ignore[no-untyped-def]
            # The signal takes a moment to arrive. A process that merely waits has state S, not T.
            all_paused.append(all(wait_for(lambda pid=pid: state(pid) == "T", 1) for pid in pids))
            return super().block(calls)

    pids: list[int] = []
    others_paused = Processes.others_paused

    def record_pids(processes):  # type: ignore[no-untyped-def]
        pids[:] = [worker.pid for worker in processes._workers.values()]
        return others_paused(processes)

    def state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    monkeypatch.setattr(Processes, "others_paused", record_pids)
    monkeypatch.setattr(speed, "_Racer", RecordingRacer)

    result = judge("def row_total(x):\n    return x.sum(0)\n", "row_total")

    assert result.state in (State.PASSED, State.UNMEASURABLE), result
    assert len(pids) == 2, "one for the CPU, one for the twin"
    assert all_paused
    assert all(all_paused)


def test_long_exception_text_is_truncated(judge: Judge):
    """A message quotes only a bounded part of an exception's text."""
    result = judge("def halve(x):\n    raise ValueError('words ' * 1_000_000)\n")

    assert result.failed
    assert max(len(str(check.message)) for check in result.failed) < 4100
