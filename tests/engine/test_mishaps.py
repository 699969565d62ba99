"""What goes wrong around a submission, not in its sums: each ends in a state and a plain message.

Judged end to end: loaders that raise or never end, nets without parameters, compilers that are
missing or do not come back, and costs that grow too fast.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

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
    """Judge a source text as an exercise of a course."""
    exercise = course.one(name)
    submission = Submission(source=textwrap.dedent(source).encode(), file=exercise.stub_path.name)
    return grade_one(exercise, submission, launcher, SETTINGS)


def messages_of(result: ExerciseResult) -> list[str]:
    """Return the messages of its failed checks."""
    return [str(check.message_with_case) for check in result.failed]


def require_message(result: ExerciseResult, state: State, *words: str) -> None:
    """Require the state, and a plain message that contains all of the words."""
    assert result.state is state, (result.message, messages_of(result))
    assert any(all(word in message for word in words) for message in messages_of(result)), (
        messages_of(result)
    )
    assert not [message for message in messages_of(result) if "Traceback" in message]


FOLDER = """
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
                {mishap}
            return torch.from_numpy(np.load(self.files[index]))
"""


def test_dataset_raises_in_a_worker_process(launcher: Launcher):
    """The exception of a loader's own process is named, without its traceback."""
    result = grade(
        FOLDER.format(mishap="raise ValueError('no such luck')"), "map_dataset", launcher
    )

    require_message(result, State.FAILED, "with num_workers=2 failed: ValueError: no such luck.")


def test_dataset_ends_its_worker_process(launcher: Launcher):
    """A loader's process that is gone is told as such, and the judge's own worker goes on."""
    result = grade(FOLDER.format(mishap="import os; os._exit(3)"), "map_dataset", launcher)

    require_message(
        result, State.FAILED, "with num_workers=2 failed: RuntimeError: DataLoader worker"
    )


def test_dataset_hangs_in_a_worker_process(launcher: Launcher):
    """A loader's process that gives nothing is waited for some seconds, not for ever."""
    result = grade(FOLDER.format(mishap="time.sleep(999)"), "map_dataset", launcher)

    require_message(result, State.FAILED, "with num_workers=2 failed", "timed out after 5 seconds")


def test_loader_never_ends(launcher: Launcher):
    """An iterable dataset without an end is left after so many items."""
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


def test_model_without_parameters(launcher: Launcher):
    """A net whose tensors are no parameters is told what makes them such."""
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

    require_message(result, State.FAILED, "named_parameters() yields nothing", "nn.Parameter")


# Compiling

MENDED = """
    import torch

    def activate(x, threshold):
        {mishap}
        return torch.where(x > threshold, x * x, 0.1 * x)
"""
WITHOUT_END = "while torch.compiler.is_compiling(): x = x + 1"
INDUCTOR = """
    import os
    import torch

    os.environ.update({settings})
    torch.compiler.set_stance("default")  # the judge has put a quick backend in its place

    @torch.compile
    def halve(x):
        return x / 2
"""


def test_compiling_without_an_end(launcher: Launcher):
    """A function that is quick as it is, and which compiling never gets through."""
    result = grade(MENDED.format(mishap=WITHOUT_END), "no_graph_break", launcher)

    require_message(result, State.FAILED, "Compiling did not end within 10 s", "is traced forever.")
    assert "Compiling did not end" in messages_of(result)[-1], (
        "the second time it is not begun again"
    )


def timed_course(root: Path) -> Course:
    """A miniature course of one exercise, whose grader compiles and gives it two seconds."""
    texts = {
        "exercises/01_odd/01_thing.py": "def thing(x):\n    raise NotImplementedError  # TODO\n",
        "solutions/01_odd/01_thing.py": "def thing(x):\n    return x + 1\n",
        "tests/01_odd/test_01_thing.py": """
            import torch
            from torchkata import EntryPoint, Spec, _, require
            from torchkata.probes import compiled_graphs

            SPEC = Spec(EntryPoint("thing"), stub_digest="")

            def compiled(kata, x):
                import signal, sys, time
                with compiled_graphs():  # the first one in a process takes seconds
                    torch.compile(lambda x: x * 2)(x)
                sys.modules["torchkata.probes.compiling"].LIMIT = 2
                before = signal.getsignal(signal.SIGALRM)
                with compiled_graphs() as graphs:
                    result = torch.compile(kata.thing)(x)
                kept = signal.getsignal(signal.SIGALRM) is before
                left = signal.getitimer(signal.ITIMER_REAL)[0]
                time.sleep(2.2)  # were the timer on still, it would end the process now
                return result, len(graphs), kept, left

            def test_values_first(submission):
                result, graphs, kept, left = submission.run(compiled, torch.zeros(2))
                require(result.tolist() == [1, 1], _("another result"))
                require((graphs, kept, left) == (1, True, 0), _("{all}", all=(graphs, kept, left)))

            def test_values_second(submission):
                test_values_first(submission)
        """,
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text).lstrip())
    return Course(root)


def test_the_timer_of_compiling_lets_quick_ones_through(launcher: Launcher, tmp_path: Path):
    """Where compiling ends in time, the timer is off afterwards, and the handler the old one."""
    result = grade("def thing(x):\n    return x + 1\n", "thing", launcher, timed_course(tmp_path))

    assert result.state is State.PASSED, messages_of(result)


@pytest.mark.parametrize(
    "body",
    [
        "while torch.compiler.is_compiling(): x = x + 1",
        "try:\n        while torch.compiler.is_compiling(): x = x + 1\n    except Exception: pass",
    ],
    ids=["plain", "caught"],
)
def test_the_timer_of_compiling_rings(body: str, launcher: Launcher, tmp_path: Path):
    """What it interrupts fails with a message, and is not begun a second time."""
    source = f"import torch\n\ndef thing(x):\n    {body}\n    return x + 1\n"
    result = grade(source, "thing", launcher, timed_course(tmp_path))

    require_message(result, State.FAILED, "Compiling did not end within 2 s and was stopped.")
    assert [check.verdict for check in result.checks if check.axis == "values"] == [
        Verdict.FAILED,
        Verdict.FAILED,
    ]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Start workers that are free to call a compiler, where there is none to be found."""
    before = dict(os.environ)
    os.environ["PATH"] = str(tmp_path_factory.mktemp("no compiler here"))
    try:
        with Launcher(WorkerConfig(confine=False)) as started:
            started.worker().close()  # the environment counts where the zygote starts
            yield started
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize("how", ["confined", "bare", "CXX"])
def test_inductor_without_a_compiler_is_unmeasurable(
    how: str, request: pytest.FixtureRequest, launcher: Launcher, mini: Path
):
    """Where no C++ compiler can be called, nothing is held against the code, and it says why."""
    settings = {"CXX": "/nowhere/c++"} if how == "CXX" else {}
    starter = request.getfixturevalue("bare") if how != "confined" else launcher

    result = grade(INDUCTOR.format(settings=settings), "halve", starter, Course(mini))

    assert result.state is State.UNMEASURABLE, (result.message, messages_of(result))
    assert "inductor" in str(result.message)
    assert "C++ compiler" in str(result.message)
    assert not [check for check in result.checks if check.axis == "values" and check.verdict is
                Verdict.PASSED]  # fmt: skip


# Growth

FIGURES = ("exponent", "exponent_low", "exponent_high", "exponent_allowed")


def growth_of(name: str, launcher: Launcher, folder: Path) -> dict[str, object]:
    """The check of growth as the JSON report has it, for a function of the solution's file."""
    exercise = COURSE.one("grow_a_tensor")
    submission = Submission(
        source=exercise.solution_path.read_bytes(),
        file=exercise.stub_path.name,
        bind={"running_sums": name},
    )
    result = grade_one(exercise, submission, launcher, SETTINGS)
    report = build_report([result], SETTINGS, Message("full"))
    file = folder / "report.json"
    write_json(report, file, lambda _exercise: ENGLISH_TRANSLATOR)
    read = json.loads(file.read_text(encoding="utf-8"))
    (check,) = (c for c in read["exercises"][0]["checks"] if "grow at most" in c["id"])
    return check


def test_growth_in_the_report(launcher: Launcher, tmp_path: Path):
    """The exponent has its interval and the cost at each size, all as numbers."""
    check = growth_of("running_sums", launcher, tmp_path)
    figures = check["figures"]

    assert check["verdict"] == "passed"
    low, exponent, high, allowed = (
        figures[f"exponent{x}"] for x in ("_low", "", "_high", "_allowed")
    )
    assert 0.5 < low <= exponent <= high < allowed == 1.3
    costs = [figures[f"bytes_at_{n}"] for n in (16, 32, 64, 128)]
    assert costs == sorted(costs)
    assert costs[0] > 0


def test_growth_that_fails_names_the_interval(launcher: Launcher, tmp_path: Path):
    """A learner reads the exponent, how sure it is, the reference's, and what grows where."""
    check = growth_of("append_by_reduce", launcher, tmp_path)
    figures, message = check["figures"], check["message"]

    assert check["verdict"] == "failed"
    assert figures["exponent_low"] > 1.3
    interval = "(95%: {exponent_low:.2f} to {exponent_high:.2f})".format(**figures)
    assert f"grow like n^{figures['exponent']:.2f} {interval}" in message
    assert "expected at most n^1.3. The reference's grow like n^" in message
    assert "Most of it is cat in line" in message
