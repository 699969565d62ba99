"""Failures besides wrong values end in a state and a plain message.

Graded end to end: data loaders that raise or never end, modules without parameters, compilers that
are missing or never finish, and costs that grow too fast.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.run import build_report
from torchkata.i18n import ENGLISH_TRANSLATOR, Message
from torchkata.report.json_report import write_json
from torchkata.result import ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher, WorkerConfig

COURSE = Course(Path(__file__).resolve().parents[2])
SETTINGS = Settings(seed=1)


def grade(source: str, name: str, launcher: Launcher, course: Course = COURSE) -> ExerciseResult:
    """Grade a source text as a submission to an exercise."""
    exercise = course.one(name)
    submission = Submission(source=textwrap.dedent(source).encode(), file=exercise.stub_path.name)
    return grade_one(exercise, submission, launcher, SETTINGS)


def messages_of(result: ExerciseResult) -> list[str]:
    """Return the messages of the failed checks."""
    return [str(check.message_with_case) for check in result.failed]


def require_message(result: ExerciseResult, state: State, *words: str) -> None:
    """Require a state, a message that contains all of the words, and no traceback."""
    assert result.state is state, (result.message, messages_of(result))
    assert any(all(word in message for word in words) for message in messages_of(result)), (
        messages_of(result)
    )
    assert not [message for message in messages_of(result) if "Traceback" in message]


ARRAY_FOLDER = """
    import time
    from pathlib import Path
    import numpy as np
    import torch
    from torch.utils.data import Dataset, get_worker_info

    class ArrayFolder(Dataset):
        def __init__(self, path, pattern="*.npy"):
            self.files = sorted(Path(path).glob(pattern))
        def __len__(self):
            return len(self.files)
        def __getitem__(self, index):
            if get_worker_info() is not None:
                {failure}
            return torch.from_numpy(np.load(self.files[index]))
"""


def test_exception_in_a_dataloader_worker_is_reported(launcher: Launcher):
    """The message names the exception that a DataLoader worker raised, without its traceback."""
    result = grade(
        ARRAY_FOLDER.format(failure="raise ValueError('no such luck')"), "map_dataset", launcher
    )

    require_message(result, State.FAILED, "with num_workers=2 failed: ValueError: no such luck.")


def test_exit_of_a_dataloader_worker_is_reported(launcher: Launcher):
    """The message says that a DataLoader worker exited; the judge's own worker continues."""
    result = grade(ARRAY_FOLDER.format(failure="import os; os._exit(3)"), "map_dataset", launcher)

    require_message(
        result, State.FAILED, "with num_workers=2 failed: RuntimeError: DataLoader worker"
    )


def test_hanging_dataloader_worker_times_out(launcher: Launcher):
    """A DataLoader worker that returns nothing times out after a few seconds."""
    result = grade(ARRAY_FOLDER.format(failure="time.sleep(999)"), "map_dataset", launcher)

    require_message(result, State.FAILED, "got no reply from a worker", "timed out after 5 seconds")


def test_endless_dataset_stops_at_an_item_limit(launcher: Launcher):
    """An iterable dataset that never ends fails after 10,000 items."""
    source = """
        import itertools
        import torch

        class TarStream(torch.utils.data.IterableDataset):
            def __init__(self, path): pass
            def __iter__(self): return itertools.repeat(torch.zeros(2, 3))
    """
    result = grade(source, "tar_stream", launcher)

    require_message(
        result, State.FAILED, "It never ends: it produced 10000 items and there were still more."
    )


def test_module_without_parameters_is_pointed_to_nn_parameter(launcher: Launcher):
    """If a module's tensors are not parameters, the message names `nn.Parameter`."""
    source = """
        import torch

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = torch.rand(1), torch.rand(1)
            def forward(self, x):
                return self.a * x + self.b
    """
    result = grade(source, "linear_net", launcher)

    require_message(result, State.FAILED, "not registered: expected none, got a, b", "nn.Parameter")


# Compiling

ACTIVATE = """
    import torch

    def activate(x, threshold):
        {statement}
        return torch.where(x > threshold, x * x, 0.1 * x)
"""
ENDLESS_TRACE = "while torch.compiler.is_compiling(): x = x + 1"
INDUCTOR = """
    import os
    import torch

    os.environ.update({settings})
    torch.compiler.set_stance("default")  # the judge replaced it with a fast backend

    @torch.compile
    def halve(x):
        return x / 2
"""


def test_endless_compilation_is_stopped_and_not_repeated(launcher: Launcher):
    """A function that runs fast in eager mode, but that the compiler traces forever, fails."""
    result = grade(ACTIVATE.format(statement=ENDLESS_TRACE), "no_graph_break", launcher)

    require_message(result, State.FAILED, "Compiling did not end within 10 s", "is traced forever.")
    assert "Compiling did not end" in messages_of(result)[-1], (
        "the second check must not compile again"
    )


def course_with_compile_limit(root: Path) -> Course:
    """Write a course of one exercise whose grader allows two seconds for compiling."""
    files = {
        "exercises/01_odd/01_thing.py": "def thing(x):\n    raise NotImplementedError  # TODO\n",
        "solutions/01_odd/01_thing.py": "def thing(x):\n    return x + 1\n",
        "tests/01_odd/test_01_thing.py": """
            import torch
            from torchkata import EntryPoint, Spec, _, require
            from torchkata.probes import compiled_graphs

            SPEC = Spec(EntryPoint("thing"), stub_digest="")

            def compiled(kata, x):
                import signal, sys, time
                with compiled_graphs():  # the first compilation in a process takes seconds
                    torch.compile(lambda x: x * 2)(x)
                sys.modules["torchkata.probes.compiling"].LIMIT = 2
                before = signal.getsignal(signal.SIGPROF)
                with compiled_graphs() as graphs:
                    result = torch.compile(kata.thing)(x)
                restored = signal.getsignal(signal.SIGPROF) is before
                seconds_left = signal.getitimer(signal.ITIMER_PROF)[0]
                end = time.process_time() + 2.2
                while time.process_time() < end:
                    pass  # a timer that is still active would end the process now
                return result, len(graphs), restored, seconds_left

            def test_values_first(submission):
                result, *outcome = submission.run(compiled, torch.zeros(2))
                require(result.tolist() == [1, 1], _("wrong result"))
                require(outcome == [1, True, 0], _("{outcome}", outcome=outcome))

            def test_values_second(submission):
                test_values_first(submission)
        """,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text).lstrip())
    return Course(root)


def test_compile_timer_is_reset_after_a_fast_compilation(launcher: Launcher, tmp_path: Path):
    """If compiling ends in time, the timer is off and the previous signal handler is restored."""
    course = course_with_compile_limit(tmp_path)
    result = grade("def thing(x):\n    return x + 1\n", "thing", launcher, course)

    assert result.state is State.PASSED, messages_of(result)


@pytest.mark.parametrize(
    "body",
    [
        "while torch.compiler.is_compiling(): x = x + 1",
        "try:\n        while torch.compiler.is_compiling(): x = x + 1\n    except Exception: pass",
    ],
    ids=["uncaught", "caught"],
)
def test_compile_timer_stops_an_endless_trace(body: str, launcher: Launcher, tmp_path: Path):
    """Compilation that the timer interrupts fails with a message, even if the code catches it."""
    source = f"import torch\n\ndef thing(x):\n    {body}\n    return x + 1\n"
    result = grade(source, "thing", launcher, course_with_compile_limit(tmp_path))

    require_message(result, State.FAILED, "Compiling did not end within 2 s and was stopped.")
    assert [check.verdict for check in result.checks if check.axis == "values"] == [
        Verdict.FAILED,
        Verdict.FAILED,
    ]


@pytest.fixture(scope="module")
def launcher_without_compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Start unconfined workers on a PATH that contains no compiler."""
    environment = dict(os.environ)
    os.environ["PATH"] = str(tmp_path_factory.mktemp("no compiler here"))
    try:
        with Launcher(WorkerConfig(confine=False)) as started:
            started.worker().close()  # the zygote starts here and copies the environment
            yield started
    finally:
        os.environ.clear()
        os.environ.update(environment)


@pytest.mark.parametrize("cause", ["confined", "empty PATH", "wrong CXX"])
def test_inductor_without_a_compiler_is_unmeasurable(
    cause: str, request: pytest.FixtureRequest, launcher: Launcher, mini: Path
):
    """If no C++ compiler can run, the exercise is unmeasurable and the message says why."""
    settings = {"CXX": "/nowhere/c++"} if cause == "wrong CXX" else {}
    if cause != "confined":
        launcher = request.getfixturevalue("launcher_without_compiler")

    result = grade(INDUCTOR.format(settings=settings), "halve", launcher, Course(mini))

    assert result.state is State.UNMEASURABLE, (result.message, messages_of(result))
    assert "inductor" in str(result.message)
    assert "C++ compiler" in str(result.message)
    assert not [check for check in result.checks if check.axis == "values" and check.verdict is
                Verdict.PASSED]  # fmt: skip


def test_missing_compiler_must_be_reported_by_pytorch(launcher: Launcher, mini: Path):
    """Code that raises an exception of that name itself has failed, not become unmeasurable."""
    source = """
    from torch._inductor.exc import InductorError


    def halve(x):
        raise InductorError(ValueError("no compiler"), None)
    """

    result = grade(source, "halve", launcher, Course(mini))

    assert result.state is State.FAILED, (result.message, messages_of(result))


# Growth


def growth_of(name: str, launcher: Launcher, folder: Path) -> dict[str, Any]:
    """Grade a function of the solution's file; return the growth check of the JSON report."""
    exercise = COURSE.one("grow_a_tensor")
    submission = Submission(
        source=exercise.solution_path.read_bytes(),
        file=exercise.stub_path.name,
        bind={"running_sums": name},
    )
    result = grade_one(exercise, submission, launcher, SETTINGS)
    path = folder / "report.json"
    report = build_report([result], SETTINGS, Message("full"))
    write_json(report, path, lambda _exercise: ENGLISH_TRANSLATOR)
    (data,) = json.loads(path.read_text(encoding="utf-8"))["exercises"]
    (check,) = (check for check in data["checks"] if "grow at most" in check["id"])
    return check


def test_report_has_growth_exponent_interval_and_costs(launcher: Launcher, tmp_path: Path):
    """The report has the exponent, its interval and the cost at each size as numbers."""
    check = growth_of("running_sums", launcher, tmp_path)
    metrics = check["figures"]

    assert check["verdict"] == "passed"
    low, exponent, high, allowed = (
        metrics[f"exponent{x}"] for x in ("_low", "", "_high", "_allowed")
    )
    assert 0.5 < low <= exponent <= high < allowed == 1.3
    costs = [metrics[f"bytes_at_{n}"] for n in (16, 32, 64, 128)]
    assert costs == sorted(costs)
    assert costs[0] > 0


def test_message_of_failed_growth_has_interval_and_line(launcher: Launcher, tmp_path: Path):
    """The message has the exponent with its interval, the reference's, and the costliest line."""
    check = growth_of("append_by_reduce", launcher, tmp_path)
    metrics, message = check["figures"], check["message"]

    assert check["verdict"] == "failed"
    assert metrics["exponent_low"] > 1.3
    interval = "(95%: {exponent_low:.2f} to {exponent_high:.2f})".format(**metrics)
    assert f"grow like n^{metrics['exponent']:.2f} {interval}" in message
    assert "expected at most n^1.3. The reference's grow like n^" in message
    assert "Most of it is cat on line" in message
