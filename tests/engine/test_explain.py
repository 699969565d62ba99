"""Each known trap brings its sentence, by a trap of the course; right code brings none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import Judge

from torchkata.course.catalogue import Course
from torchkata.grading.checks.cost_attribution import compared, risen
from torchkata.grading.explain.code import Code
from torchkata.grading.explain.failure import Symptom
from torchkata.grading.explain.table import ROWS
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import CheckResult, ExerciseResult
from torchkata.sandbox.launcher import Launcher
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter
from torchkata.worker.meters.trace import TraceMeter, read_steps

COURSE = Course(Path(__file__).resolve().parents[2])

TRAPS = {
    ("autocast_step", "backward_inside"): "backward under autocast",
    ("grad_scaler", "clipped_too_early"): "clipped before unscaled",
    ("submodules", "PythonList"): "modules in a list",
    ("buffers", "PlainTensors"): "tensor as an attribute",
    ("tar_stream", "stub"): "all workers give all",
    ("compile_once", "recompiled_in_each_call"): "compiled in each call",
    ("compile_once", "static_shapes"): "number as a constant",
    ("add_column", "in_place"): "writes into an argument",
    ("segment_sum", "plus_equals_at_an_index"): "added at an index",
    ("in_place", "rebinds"): "rebinding",
    ("curve_fit", "copied_start"): "copy of a tensor",
    ("zero_grad", "piling_up"): "gradients add up",
    ("derivative", "by_backward"): "backward leaves gradients",
    ("no_sync", "with_its_graph"): "loss with its graph",
    ("and_or_not", "without_brackets"): "brackets around comparisons",
    ("and_or_not", "stub"): "chained comparison",
    ("and_or_not", "python_not"): "and, or, not",
    ("make_tensors", "three_floats"): "reserved memory",
    ("row_sum_unbind", "float_start"): "factory's own dtype",
    ("curve_features", "ones_on_the_cpu"): "factory on the CPU",
    ("squeeze_dim", "squeeze_everything"): "squeeze without a dim",
    ("loss_shapes", "table_of_differences"): "table of pairs",
    ("normalize_rows", "forgot_keepdim"): "keepdim forgotten",
    ("row_sum_fast", "keep_the_dim"): "keepdim too many",
    ("safe_norm", "masked_afterwards"): "where with nan",
    ("normalize_rows", "root_of_squares"): "root at zero",
    ("softmax", "without_shift"): "exp overflows",
    ("cross_entropy", "log_of_softmax"): "logarithm of zero",
    ("safe_norm", "root_of_squares"): "squares overflow",
    ("safe_norm", "divided_by_zero"): "zero by zero",
    ("cross_entropy", "zero_times_infinity"): "zero times infinity",
    ("variance", "mean_of_squares"): "mean of squares",
    ("pairwise_distance", "far_from_home"): "squares that cancel",
    ("row_sum_fast", "through_numpy"): "gradient is cut",
    ("fit_line", "reads_every_step"): "reads in a loop",
    ("no_graph_break", "asks_once"): "branch on a tensor",
    ("no_graph_break", "masked_assignment"): "size by values",
    ("causal_mask", "square_per_sequence"): "value read",
    ("grow_a_tensor", "append_by_reduce"): "concatenation in a loop",
    ("and_or_not", "element_loop"): "numbers one by one",
    ("row_sum_unbind", "slicing_loop"): "index in a loop",
    ("segment_sum", "mask_per_segment"): "mask in a loop",
    ("confusion", "one_hot_product"): "one-hot table",
    ("add_column", "repeat_then_add"): "copies instead of broadcasting",
    ("pairwise_distance", "table_of_differences"): "table in between",
    ("slice_is_a_view", "cloned"): "needless copy",
    ("row_sum_fast", "slicing_loop"): "python loop",
}
"""Exercise and trap -> the row that it has to bring, and no other."""

SILENT = {
    ("scaled_ratio", "logarithms"),
    ("softmax", "one_shift_for_all"),
    ("pairwise_distance", "below_zero"),
    ("grad_scaler", "divided_twice"),
    ("zero_grad", "zeroed_too_early"),
    ("zero_grad", "alias_for_no_steps"),
    ("normalize_rows", "normalize_columns"),
    ("loss_shapes", "sum_instead"),
    ("embedding_bag", "sums"),
    ("fit_line", "returns_a_tensor"),
    ("row_sum_fast", "sum_of_columns"),
    ("and_or_not", "end_included"),
    ("in_place", "returns_nothing"),
    ("linear_net", "NormalStart"),
    ("causal_mask", "triangle_only"),
}
"""Wrong answers that no row knows: a sentence about them would be false."""

Judged = Callable[[str, str], ExerciseResult]


@pytest.fixture(scope="session")
def judged(launcher: Launcher) -> Judged:
    """Judge a trap of the course, or `stub`, the faulty code that an exercise ships."""

    def judge(exercise: str, name: str) -> ExerciseResult:
        exercise = COURSE.one(exercise)
        source, bind = exercise.solution_path.read_bytes(), {}
        for entry, names in exercise.solution_literal("TRAPS", {}).items():
            bind |= {entry: name} if name in names else {}
        if name == "stub":
            source = exercise.stub_path.read_bytes()
        else:
            assert bind, f"{exercise} has no trap {name}"
        submission = Submission(source=source, file=exercise.stub_path.name, bind=bind)
        return grade_one(exercise, submission, launcher, Settings(seed=7, untouched=False))

    return judge


def told(result: ExerciseResult) -> list[CheckResult]:
    """The failed checks that have a sentence."""
    return [check for check in result.checks if check.why]


@pytest.mark.parametrize(("exercise", "name"), TRAPS)
def test_a_trap_brings_its_row(judged: Judged, exercise: str, name: str):
    """A trap brings exactly one sentence, that of its row."""
    (check,) = told(judged(exercise, name))

    assert check.trap == TRAPS[exercise, name]
    assert check.axis in next(row.axes for row in ROWS if row.name == check.trap)


@pytest.mark.parametrize(("exercise", "name"), sorted(SILENT))
def test_other_faults_bring_none(judged: Judged, exercise: str, name: str):
    """A wrong answer that is no known trap fails without a sentence."""
    result = judged(exercise, name)

    assert result.failed
    assert told(result) == []


def test_every_row_is_tested():
    """Each row of the table has a trap of the course that brings it, and a name of its own."""
    names = [row.name for row in ROWS]

    assert len(names) == len(set(names))
    assert set(names) == set(TRAPS.values())


def test_a_sentence_that_is_new_is_found_missing():
    """The check of the table sees a row without a trap."""
    more = (*ROWS, dataclasses.replace(ROWS[0], name="another"))

    assert {row.name for row in more} != set(TRAPS.values())


def test_sound_code_is_no_trap():
    """On nothing at all no row holds, whatever the axis."""
    empty = Symptom(axis="values", code=Code("def f(x):\n    return x\n", ["f"]))

    for row in ROWS:
        for axis in row.axes:
            assert row.when(dataclasses.replace(empty, axis=axis)) is None, row.name


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


def test_code_under_judgement():
    """Only what the entry point reaches counts, without comments and texts."""
    code = Code(FILE, ["entry"])

    assert code.find(r"SCALE = ") == 2
    assert code.find(r"\.squeeze\(") == 0
    assert code.find(r"return helper") == 17
    assert Code(FILE, ["other"]).find(r"\.squeeze\(") == 11
    assert Code(FILE, [], [11]).find(r"\.squeeze\(") == 11
    assert code.line(99) == ""


def traced(work: Callable[[], object], *inputs: torch.Tensor) -> list[tuple[object, ...]]:
    with TraceMeter(list(inputs)) as meter:
        work()
    return [(s.op, s.count, s.gives, s.first, s.writes) for s in read_steps(meter.steps)]


def chain(x: torch.Tensor) -> torch.Tensor:
    return (x.exp() * 0).sum()


def test_a_trace_sees_where_nan_begins():
    """The first op that makes an infinity or nan is marked, those that pass it on are not."""
    x = torch.tensor([0.0, 100.0])

    steps = traced(partial(chain, x), x)

    assert steps == [
        ("exp", 1, (2,), "inf", ""),
        ("mul", 1, (2,), "nan", ""),
        ("sum", 1, (), "", ""),
    ]


def test_a_trace_sees_what_is_written_to():
    """Writing into an argument is told from writing into memory of one's own."""
    x = torch.zeros(3)

    assert traced(lambda: x.view(3).add_(1), x)[-1] == ("add_", 1, (3,), "", "input")
    assert traced(lambda: torch.zeros(3).add_(1), x)[-1] == ("add_", 1, (3,), "", "own")


def test_a_trace_ends():
    """A call that goes on and on is ended, though it catches every exception that it may."""

    def forever() -> None:
        while True:
            try:
                torch.zeros(1)
            except Exception:  # noqa: BLE001 - as a learner might write
                continue

    with pytest.raises(BaseException, match=r"^$") as ended, TraceMeter([]) as meter:
        forever()

    assert type(ended.value).__name__ == "EnoughSeen"
    assert read_steps(meter.steps)[0].count > 1000


BAD_STEPS = [None, {}, [1], [{"op": "add"}], [{}] * 3000]


@pytest.mark.parametrize("data", BAD_STEPS, ids=range(len(BAD_STEPS)))
def test_steps_are_not_trusted(data: object):
    """What a worker sends in place of steps raises ValueError."""
    with pytest.raises(ValueError, match=r"\w"):
        read_steps(data)


def cost(work: Callable[[], object]) -> tuple:
    with MemoryMeter() as memory, OpMeter() as ops:
        held = work()
    del held
    return ops.count, memory.use


X = torch.ones(100, 100)
CAUSES = {
    "more ops": (lambda: [X[i].sum() for i in range(100)], "It makes 200 ops: 100 x select"),
    "larger ops": (lambda: X.repeat(4, 1).sum(0), "hardly more ops than the reference, but larger"),
    "numpy": (lambda: X.numpy().sum(0), "takes the numbers out of PyTorch (1 x numpy)"),
    "no ops": (lambda: sum(range(100)), "no ops at all: the work is done in Python"),
    "the same ops": (lambda: X.sum(0), "the same ops as the reference"),
    "other ops": (lambda: X.mean(0), "no more ops than the reference, but others"),
}


CAUSE = cost(lambda: X.sum(0))[0]


@pytest.mark.parametrize("name", CAUSES)
def test_why_a_call_is_slow(name: str):
    """What sets a slow call apart is named: ops, bytes, NumPy, or Python itself."""
    work, sentence = CAUSES[name]
    mine, theirs = cost(work), cost(lambda: X.sum(0))

    assert sentence in compared(mine[0], theirs[0], mine[1], theirs[1])


def test_a_loop_is_named_by_its_line(judged: Judged):
    """A budget that fails says which line makes which ops, and next to it the reference's."""
    failed = {check.axis: check.message for check in judged("row_sum_fast", "slicing_loop").failed}

    assert "1,001 ops (line 52: 500 x select, 500 x add; line 50: 1 x new_zeros)" in failed["ops"]
    assert "The reference makes 1 op: 1 x sum." in failed["ops"]
    assert "Line 52 is the body of a Python loop of 500 turns." in failed["speed"]


def test_memory_is_put_down_to_ops(judged: Judged):
    """A memory budget that fails names the largest makers, and the reference's."""
    (check,) = [c for c in judged("add_column", "repeat_then_add").failed if c.axis == "memory"]

    assert "line 44: repeat made 1,000.0 KiB; line 44: add made 1,000.0 KiB" in check.message
    assert "the reference holds 1,024,000 (add made 1,000.0 KiB)" in check.message


LEARNER = compile("def grow(n):\n    return [X[i] for i in range(n)]\n", "submission:x.py", "exec")


DEVICES = {
    "a global": (
        """
        import torch
        HALF: torch.Tensor = torch.tensor([0.5])

        def halve(x):
            return x * HALF
        """,
        "It is the global `HALF` of line 3, which was made once, on the CPU: `HALF.to(x.device)`",
    ),
    "a view of a global": (
        """
        import torch
        HALF = torch.full((2, 1), 0.5)

        def halve(x):
            return x * HALF[0]
        """,
        "It is the global `HALF` of line 3",
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
        "`self.half` is a mere attribute of Half, and `.to()` leaves such a tensor where it is",
    ),
    "a list of modules": (
        """
        import torch
        class Half(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = [torch.nn.Linear(1, 1)]
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
            layer = torch.nn.Linear(1, 1)
            return layer(x[..., None])[..., 0]
        """,
        "It belongs to the module `layer`, which lies on the CPU",
    ),
    "a result on the CPU": (
        """
        import torch
        def halve(x):
            y = x / 2
            return y.cpu()
        """,
        "(a stand-in for a GPU); it comes from `.cpu()` or `.to(...)` in line 5.",
    ),
}


@pytest.mark.parametrize("name", DEVICES)
def test_device_errors_name_the_holder(judge: Judge, name: str):
    """A device error says who holds or made the CPU tensor, and how to spell it for any device."""
    source, sentence = DEVICES[name]

    messages = [check.message for check in judge(source).failed if check.axis == "device"]

    assert any(sentence in message for message in messages), messages


def test_growth_names_what_rises():
    """Of two sizes the op is named that has risen most, with its line."""
    module: dict[str, Any] = {"X": X}
    exec(LEARNER, module)
    small, large = ({"ops": cost(lambda n=n: module["grow"](n))[0]} for n in (3, 9))

    assert risen(small, large) == "Most of it is select in line 2: 3 x there, then 9 x."
    assert risen({"ops": CAUSE}, {"ops": CAUSE}) == ""  # no line of a learner's: nothing to name
