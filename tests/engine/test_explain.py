"""Every known trap is explained, other faults are not; costs and devices name their cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from explaining import failed_checks
from helpers import Judge

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.source_code import JudgedCode
from torchkata.grading.checks.cost_attribution import compare_costs, largest_increase
from torchkata.grading.checks.metering import Measurement
from torchkata.grading.explain import explain
from torchkata.grading.explain.failure import Failure
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import CheckResult, ExerciseResult
from torchkata.sandbox.launcher import Launcher
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter
from torchkata.worker.meters.trace import TraceMeter, read_steps

COURSE = Course(Path(__file__).resolve().parents[2])

COURSE_TRAPS = {
    ("autocast_step", "backward_inside"): "backward under autocast",
    ("grad_scaler", "clipped_too_early"): "clipping before unscaling",
    ("submodules", "PythonList"): "modules in a Python list",
    ("buffers", "PlainTensors"): "tensor as a plain attribute",
    ("tar_stream", "stub"): "samples repeated by every worker",
    ("compile_once", "recompiled_in_each_call"): "compiled on every call",
    ("compile_once", "static_shapes"): "recompiled for every number",
    ("add_column", "in_place"): "modifies an argument",
    ("segment_sum", "plus_equals_at_an_index"): "+= at repeated indices",
    ("in_place", "rebinds"): "rebinds a name instead of writing",
    ("curve_fit", "copied_start"): "torch.tensor of a tensor",
    ("zero_grad", "piling_up"): "gradients accumulate",
    ("derivative", "by_backward"): "backward leaves gradients behind",
    ("no_sync", "with_its_graph"): "loss keeps its graph",
    ("and_or_not", "without_brackets"): "missing parentheses around comparisons",
    ("and_or_not", "stub"): "chained comparison",
    ("and_or_not", "python_not"): "and, or, not",
    ("make_tensors", "three_floats"): "uninitialized memory",
    ("row_sum_unbind", "float_start"): "default dtype of a factory",
    ("curve_features", "ones_on_the_cpu"): "factory on the CPU",
    ("squeeze_dim", "squeeze_everything"): "squeeze without a dim",
    ("loss_shapes", "table_of_differences"): "unintended broadcasting",
    ("normalize_rows", "forgot_keepdim"): "missing keepdim",
    ("row_sum_fast", "keep_the_dim"): "unwanted keepdim",
    ("safe_norm", "masked_afterwards"): "nan behind torch.where",
    ("softmax", "without_shift"): "exp overflows",
    ("cross_entropy", "log_of_softmax"): "logarithm of zero",
    ("safe_norm", "root_of_squares"): "squares overflow",
    ("safe_norm", "divided_by_zero"): "zero divided by zero",
    ("cross_entropy", "zero_times_infinity"): "zero times infinity",
    ("variance", "mean_of_squares"): "mean of squares",
    ("pairwise_distance", "far_from_home"): "squares that cancel",
    ("row_sum_fast", "through_numpy"): "gradient is cut off",
    ("fit_line", "reads_every_step"): "host sync in a loop",
    ("no_graph_break", "asks_once"): "branch on a tensor",
    ("no_graph_break", "masked_assignment"): "data-dependent shape",
    ("topk_accuracy", "python_numbers"): "host sync",
    ("grow_a_tensor", "append_by_reduce"): "concatenation in a loop",
    ("and_or_not", "element_loop"): "element by element",
    ("row_sum_unbind", "slicing_loop"): "indexing in a loop",
    ("segment_sum", "mask_per_segment"): "mask in a loop",
    ("confusion", "one_hot_product"): "one-hot table",
    ("add_column", "repeat_then_add"): "copies instead of broadcasting",
    ("pairwise_distance", "table_of_differences"): "large intermediate",
    ("slice_is_a_view", "cloned"): "unnecessary copy",
    ("row_sum_fast", "slicing_loop"): "Python loop",
    ("zero_grad", "zeroed_too_early"): "gradient zeroed too early",
}
"""Exercise and trap of the course -> the known trap that explains it."""

TIMED = {("and_or_not", "element_loop")}
"""Traps that only the clock catches."""

UNEXPLAINED = {
    ("scaled_ratio", "logarithms"),
    ("pairwise_distance", "below_zero"),
    ("grad_scaler", "divided_twice"),
    ("zero_grad", "alias_for_no_steps"),
    ("fit_line", "returns_a_tensor"),
    ("in_place", "returns_nothing"),
    ("linear_net", "NormalStart"),
}
"""Wrong submissions whose messages say everything: any further sentence would repeat or guess."""

TrapOf = Callable[[str, str], tuple[Exercise, Submission]]
GradeTrap = Callable[[str, str], ExerciseResult]


@pytest.fixture(scope="session")
def trap_of() -> TrapOf:
    """Return a function that returns a trap of the course, or `stub`, the broken code to fix."""

    def chosen(name: str, trap: str) -> tuple[Exercise, Submission]:
        exercise = COURSE.one(name)
        source, bind = exercise.solution_path.read_bytes(), {}
        for entry, traps in exercise.solution_literal("TRAPS", {}).items():
            bind |= {entry: trap} if trap in traps else {}
        if trap == "stub":
            source = exercise.stub_path.read_bytes()
        else:
            assert bind, f"{name} has no trap {trap}"
        submission = Submission(source=source, file=exercise.stub_path.name, bind=bind)
        return exercise, submission

    return chosen


@pytest.fixture(scope="session")
def grade_trap(launcher: Launcher, trap_of: TrapOf) -> Callable[[str, str], ExerciseResult]:
    """Return a function that grades a trap, with all of its checks."""
    return lambda name, trap: grade_one(
        *trap_of(name, trap), launcher, Settings(seed=7, skip_untouched=False)
    )


def explained(checks: Iterable[CheckResult]) -> list[CheckResult]:
    return [check for check in checks if check.why]


@pytest.mark.parametrize(("exercise", "trap"), COURSE_TRAPS)
def test_known_trap_is_explained(
    launcher: Launcher, trap_of: TrapOf, grade_trap: GradeTrap, exercise: str, trap: str
):
    """A trap of the course gets exactly one sentence, that of its known trap."""
    if (exercise, trap) in TIMED:
        checks: Iterable[CheckResult] = grade_trap(exercise, trap).checks
    else:
        checks = failed_checks(*trap_of(exercise, trap), launcher, most=12)
    (check,) = explained(checks)

    assert check.trap == COURSE_TRAPS[exercise, trap]


@pytest.mark.parametrize(("exercise", "trap"), sorted(UNEXPLAINED))
def test_other_faults_are_not_explained(
    launcher: Launcher, trap_of: TrapOf, exercise: str, trap: str
):
    """A wrong submission that is no known trap fails without a sentence."""
    failed = failed_checks(*trap_of(exercise, trap), launcher, most=12)

    assert failed
    assert explained(failed) == []


def test_names_of_known_traps_are_unique():
    """No two known traps have the same name."""
    names = [known.name for known in (*explain.TRAPS, *explain.GENERAL_TRAPS)]

    assert len(names) == len(set(names))


def test_no_trap_matches_correct_code():
    """Without any sign of a fault no trap matches, on any axis."""
    clean = Failure(axis="values", code=JudgedCode("def f(x):\n    return x\n", ["f"]))

    for known in (*explain.TRAPS, *explain.GENERAL_TRAPS):
        for axis in known.axes:
            assert known.match(dataclasses.replace(clean, axis=axis)) is None, known.name


FILE = '''"""Text: .squeeze()"""
SCALE = 2.0

def helper(x):
    return x * SCALE  # .squeeze()

def other(x):
    """A text
    of .squeeze() lines
    """
    return x.squeeze()

@torch.no_grad()
def entry(
    x,
):
    return helper(x)
'''


def test_judged_code_is_what_the_entry_point_reaches():
    """Other functions, comments and docstrings are ignored."""
    code = JudgedCode(FILE, ["entry"])

    assert code.find(r"SCALE = ") == 2
    assert code.find(r"\.squeeze\(") == 0
    assert code.find(r"return helper") == 17
    assert JudgedCode(FILE, ["other"]).find(r"\.squeeze\(") == 11
    assert JudgedCode(FILE, [], [11]).find(r"\.squeeze\(") == 11
    assert code.line(99) == ""


def traced(work: Callable[[], object], *inputs: torch.Tensor) -> list[tuple[object, ...]]:
    with TraceMeter(list(inputs)) as meter:
        work()
    return [
        (s.op, s.count, s.output_shape, s.new_nonfinite, s.writes_to)
        for s in read_steps(meter.steps)
    ]


def chain(x: torch.Tensor) -> torch.Tensor:
    return (x.exp() * 0).sum()


def test_trace_marks_the_first_nan():
    """The op that returns the first infinity or nan is marked, ops that pass it on are not."""
    x = torch.tensor([0.0, 100.0])

    steps = traced(partial(chain, x), x)

    assert steps == [
        ("exp", 1, (2,), "inf", ""),
        ("mul", 1, (2,), "nan", ""),
        ("sum", 1, (), "", ""),
    ]


def test_trace_distinguishes_writes_to_arguments():
    """Writing into an argument differs from writing into the submission's own tensor."""
    x = torch.zeros(3)

    assert traced(lambda: x.view(3).add_(1), x)[-1] == ("add_", 1, (3,), "", "input")
    assert traced(lambda: torch.zeros(3).add_(1), x)[-1] == ("add_", 1, (3,), "", "own")


def test_trace_limit_ends_an_endless_call():
    """A call without end is stopped although it catches every `Exception`."""

    def run_forever() -> None:
        while True:
            try:
                torch.zeros(1)
            except Exception:  # noqa: BLE001 - as a learner might write
                continue

    with pytest.raises(BaseException, match=r"^$") as ended, TraceMeter([]) as meter:
        run_forever()

    assert type(ended.value).__name__ == "TraceLimitReached"
    assert read_steps(meter.steps)[0].count > 1000


BAD_STEPS = [None, {}, [1], [{"op": "add"}], [{}] * 3000]


@pytest.mark.parametrize("data", BAD_STEPS, ids=range(len(BAD_STEPS)))
def test_malformed_steps_are_rejected(data: object):
    """Anything but steps from a worker raises ValueError."""
    with pytest.raises(ValueError, match=r"\w"):
        read_steps(data)


def measure(work: Callable[[], object]) -> Measurement:
    with MemoryMeter() as memory, OpMeter() as ops:
        result = work()
    del result
    return Measurement(ops=ops.count, memory=memory.use)


X = torch.ones(100, 100)
CAUSES = {
    "more ops": (lambda: [X[i].sum() for i in range(100)], "It makes 200 ops: 100 x select"),
    "larger ops": (lambda: X.repeat(4, 1).sum(0), "hardly more ops than the reference, but larger"),
    "numpy": (lambda: X.numpy().sum(0), "takes values out of PyTorch (1 x numpy)"),
    "no ops": (lambda: sum(range(100)), "no ops at all: the work is done in Python"),
    "the same ops": (lambda: X.sum(0), "the same ops as the reference"),
    "other ops": (lambda: X.mean(0), "no more ops than the reference, but others"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_cause_of_a_slow_call_is_named(name: str):
    """The difference to the reference is named: ops, bytes, NumPy, or Python itself."""
    work, sentence = CAUSES[name]
    mine, theirs = measure(work), measure(lambda: X.sum(0))

    assert sentence in str(compare_costs(mine.ops, theirs.ops, mine.memory, theirs.memory))


def line_of(name: str, code: str) -> int:
    source = COURSE.one(name).solution_path.read_text(encoding="utf-8")
    return next(n for n, line in enumerate(source.splitlines(), start=1) if code in line)


def test_loop_is_reported_with_its_line(grade_trap: GradeTrap):
    """An exceeded budget names the line that makes most ops, and the reference's ops."""
    result = grade_trap("row_sum_fast", "slicing_loop")
    messages = {check.axis: str(check.message) for check in result.failed}

    body = line_of("row_sum_fast", "out = out + x[i]")
    made = f"501 ops (line {body}: 500 x add; line {body - 2}: 1 x new_zeros)"
    assert made in messages["ops"]
    assert "The reference makes 1 op: 1 x sum." in messages["ops"]
    assert f"Line {body} is the body of a Python loop with 500 iterations." in messages["speed"]


def test_memory_is_attributed_to_ops(grade_trap: GradeTrap):
    """An exceeded memory budget names the ops that allocated most, and the reference's."""
    failed = grade_trap("add_column", "repeat_then_add").failed
    (message,) = [str(check.message) for check in failed if check.axis == "memory"]

    line = line_of("add_column", "return a + b.repeat(1, a.shape[1])")
    made = f"line {line}: repeat allocated 1,000.0 KiB; line {line}: add allocated 1,000.0 KiB"
    assert made in message
    assert "The reference holds 1,024,000 (add allocated 1,000.0 KiB)" in message


SUBMISSION = compile(
    "def grow(n):\n    return [X[i] for i in range(n)]\n", "submission:x.py", "exec"
)


DEVICES = {
    "a global": (
        """
        import torch
        HALF: torch.Tensor = torch.tensor([0.5])

        def halve(x):
            return x * HALF
        """,
        "It is the global `HALF` (line 3), created once on the CPU. Write `HALF.to(x.device)`",
    ),
    "a view of a global": (
        """
        import torch
        HALF = torch.full((2, 1), 0.5)

        def halve(x):
            return x * HALF[0]
        """,
        "It is the global `HALF` (line 3)",
    ),
    "an attribute": (
        """
        import torch
        class Half(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.half = torch.tensor([0.5])
            def forward(self, x):
                return x * self.half
        half = Half()

        def halve(x):
            return half(x)
        """,
        "`self.half` is a plain attribute of Half, and `.to()` does not move such a tensor",
    ),
    "a list of modules": (
        """
        import torch
        class Half(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = [torch.nn.Linear(1, 1, bias=False)]
                torch.nn.init.constant_(self.layers[0].weight, 0.5)
            def forward(self, x):
                return self.layers[0](x[..., None])[..., 0]
        half = Half()

        def halve(x):
            return half(x)
        """,
        "It belongs to a module in `self.layers`, a Python list",
    ),
    "a module that was not moved": (
        """
        import torch
        def halve(x):
            layer = torch.nn.Linear(1, 1, bias=False)
            torch.nn.init.constant_(layer.weight, 0.5)
            return layer(x[..., None])[..., 0]
        """,
        "It belongs to the module `layer`, which is on the CPU",
    ),
    "a result on the CPU": (
        """
        import torch
        def halve(x):
            y = x / 2
            return y.cpu()
        """,
        "It was created by .cpu() or .to(...) on line 5.",
    ),
}


@pytest.mark.parametrize("name", DEVICES)
def test_device_error_names_the_origin_of_the_tensor(judge: Judge, name: str):
    """A device error says what holds or created the CPU tensor, and how to fix it."""
    source, sentence = DEVICES[name]

    messages = [str(check.message) for check in judge(source).failed if check.axis == "device"]

    assert any(sentence in message for message in messages), messages


def test_growth_names_the_largest_increase():
    """The op that grows most between two sizes is named, with its line."""
    module: dict[str, Any] = {"X": X}
    exec(SUBMISSION, module)
    small, large = (measure(lambda n=n: module["grow"](n)) for n in (3, 9))
    reference = measure(lambda: X.sum(0))  # without lines of a submission

    sentence = str(largest_increase(small, large, of="ops"))
    assert sentence == "Most of it is select on line 2: 3x, then 9x."
    assert not largest_increase(reference, reference, of="ops")
