"""Receipts: costs by line that add up to the metered totals, turns of loops, the backward pass."""

from __future__ import annotations

import argparse
import io
import json
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from helpers import LIMIT
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_leaves

from torchkata.cli import cost as cost_command
from torchkata.cli import exercise_cost
from torchkata.cli.main import main
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.source_pieces import pieces
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import ProtocolError, UsageError
from torchkata.grading.processes import Submission
from torchkata.grading.receipts import _read, case_with_sizes, draw_receipt, receipt_case
from torchkata.grading.session import Session
from torchkata.i18n import ENGLISH_TRANSLATOR, Translator, _
from torchkata.learner.progress import Progress
from torchkata.report.console import Console
from torchkata.report.receipt_table import draw_receipt as draw_table
from torchkata.report.receipt_table import remarks
from torchkata.result import State
from torchkata.result.receipt import BACKWARD, Costs, LineCosts, Receipt
from torchkata.sandbox.launcher import Launcher
from torchkata.worker import builtin_probes
from torchkata.worker.frames import PREFIX
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter
from torchkata.worker.receipts.meter import ReceiptMeter
from torchkata.worker.receipts.places import is_submission
from torchkata.worker.receipts.probe import run_backward_receipt, run_receipt

ROOT = Path(__file__).resolve().parents[2]
FILE = "test.py"

SOLUTIONS = (
    *("derivative", "zero_grad", "curve_fit_exact", "linear_net", "fit_line", "sequential"),
    *("buffers", "merge_features", "pairwise_distance", "row_sum_unbind", "row_sum_fast"),
    *("in_place", "horner", "batch_gather", "vmap", "pad_collate", "scaled_ratio"),
    *("safe_norm", "masked_softmax", "autocast_step", "grad_scaler", "no_sync", "segment_sum"),
    *("moving_average", "attention", "embedding_bag", "gradient_checkpoint"),
)


@pytest.fixture
def load() -> Iterator[Callable[[str], ModuleType]]:
    """Return a function that loads source as a worker loads a submission."""
    before = sys.modules.get("submission")

    def loaded(source: str, file: str = FILE) -> ModuleType:
        module = ModuleType("submission")
        name = PREFIX + file
        text = textwrap.dedent(source)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        module.__file__ = name
        sys.modules["submission"] = module
        exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)
        return module

    yield loaded
    sys.modules.pop("submission", None)
    if before is not None:
        sys.modules["submission"] = before


def receipt_of(module: ModuleType, entry: str, *arguments: Any, saved: bool = True) -> Receipt:
    with ReceiptMeter(arguments, is_submission, saved=saved) as meter:
        getattr(module, entry)(*arguments)
    return meter.receipt


def by_line(receipt: Receipt) -> dict[int, Costs]:
    return {each.line: each.costs for each in receipt.lines}


# Sums


def metered_backward(call: Callable[..., Any], arguments: list[Any], wanted: tuple[int, ...]):
    """Meter a call and the gradient of the sum of its results without receipts."""
    for position in wanted:
        arguments[position] = arguments[position].detach().clone().requires_grad_()
    with MemoryMeter(tuple(arguments), kept=True) as memory, OpMeter() as ops:
        value = call(*arguments)
        results = [x for x in tree_leaves(value) if torch.is_tensor(x) and x.requires_grad]
        with _disable_current_modes():
            weights = [torch.ones_like(each) for each in results]
        torch.autograd.grad(results, [arguments[w] for w in wanted], weights, allow_unused=True)
    return ops.count.total, memory.use


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", SOLUTIONS)
def test_receipts_add_up_to_the_metered_totals(name: str, load):
    """Ops and bytes of all lines are what the meters of the checks count; so is the peak."""
    exercise = Course(ROOT).one(name)
    module = load(exercise.reference_source.decode(), exercise.solution_path.name)
    submission = Submission(source=b"", file=FILE)
    session = Session(exercise, submission, None, RandomSource(1))  # type: ignore[arg-type]
    for function in exercise.spec.functions:
        if function.adapter is not None:
            builtin_probes.adapt(module, function.name, function.adapter)
        case = receipt_case(function)

        def draw(function=function, case=case):
            return [function.name, *session.draw(function, case)]

        builtin_probes.call(module, *draw())  # what is cached from now on
        receipt = _read(run_receipt(module, builtin_probes.call, tuple(draw())), FILE)
        arguments = draw()
        with MemoryMeter(arguments, kept=True) as memory, OpMeter() as ops:
            builtin_probes.call(module, *arguments)

        total = receipt.total
        assert total.ops + total.backward_ops == ops.count.total
        assert total.allocated_bytes + total.backward_bytes == memory.use.total_bytes
        assert receipt.peak_bytes == memory.use.peak_bytes

        arguments = draw()
        wanted = tuple(
            1 + each
            for each in function.differentiable(case)
            if torch.is_tensor(arguments[1 + each]) and arguments[1 + each].is_floating_point()
        )
        if not wanted:
            continue
        reply = run_backward_receipt(
            module, builtin_probes.call, tuple(draw()), wanted, saved=False
        )
        count, use = metered_backward(lambda *a: builtin_probes.call(module, *a), arguments, wanted)
        total = _read(reply, FILE).total
        assert total.ops + total.backward_ops == count
        assert total.allocated_bytes + total.backward_bytes == use.total_bytes


# Lines

LOOP = """
import torch

def add_rows(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row.exp()
    return total
"""


def test_costs_stand_at_their_lines(load):
    """Each line has the ops, bytes and turns of its own work."""
    x = torch.ones(50, 4)
    receipt = receipt_of(load(LOOP), "add_rows", x)
    name = PREFIX + FILE

    assert by_line(receipt) == {
        5: Costs(ops=1, allocated_bytes=16),
        6: Costs(ops=1),  # unbind
        7: Costs(ops=100, allocated_bytes=50 * 32),
    }
    assert receipt.at(name, 7).ops_by_name == {"exp": 50, "add": 50}
    assert [receipt.turns(name, line) for line in (5, 6, 7, 8)] == [None, None, 50, None]


def test_backward_costs_stand_at_the_lines_that_cause_them(load):
    """Ops of the backward pass belong to the forward line, saved memory to the line that saves."""
    source = """
    def step(w, x):
        y = x @ w
        z = y.exp()
        loss = z.sum()
        loss.backward()
    """
    w = torch.ones(4, 3, requires_grad=True)
    receipt = receipt_of(load(source), "step", w, torch.ones(5, 4))
    lines = by_line(receipt)

    assert lines[3].kept_bytes == 0  # x and w are inputs
    assert lines[4].kept_bytes == 5 * 3 * 4  # the result of exp
    assert lines[3].backward_ops >= 1  # w.grad, and the view of x that it needs
    assert lines[3].backward_bytes == 4 * 3 * 4
    assert lines[4].backward_bytes == 5 * 3 * 4
    assert lines[6] == Costs(ops=1, allocated_bytes=4)  # the 1 that backward starts with


def test_each_saved_tensor_counts_once(load):
    """Memory that two lines save counts in the first of them only."""
    source = """
    def f(x):
        y = x + 1
        a = y * y
        b = y.sin()
        return a + b
    """
    receipt = receipt_of(load(source), "f", torch.ones(10, requires_grad=True))

    assert {line: costs.kept_bytes for line, costs in by_line(receipt).items()} == {
        3: 0, 4: 40, 5: 0, 6: 0,
    }  # fmt: skip


def test_saved_results_are_freed(load):
    """Recording what autograd saves leaves no cycle that keeps results alive."""
    module = load("def f(x):\n    return x.exp().tanh()\n")
    x = torch.ones(10, requires_grad=True)
    with ReceiptMeter((x,), is_submission) as meter:
        module.f(x)
        held = meter.use.held_bytes

    assert held == 0


def test_copies_are_counted(load):
    """Ops that only move data count as copies with the bytes that they write."""
    source = """
    import torch
    def f(x):
        a = x.mT.contiguous()
        b = torch.cat([a, a])
        b[0] = a[0]
        c = x.double()
        return a * 2, b, c
    """
    copied = {
        line: costs.copied_bytes
        for line, costs in by_line(receipt_of(load(source), "f", torch.ones(4, 6))).items()
    }

    assert copied == {4: 96, 5: 192, 6: 16, 7: 192, 8: 0}


@pytest.mark.parametrize(
    ("body", "turns"),
    [
        ("for i in range(7):\n    pass\n    x = x + 1", {7}),
        ("i = 0\nwhile i < 5:\n    i += 1\n    x = x + 1", {5}),
        ("while True:\n    break", {1}),
        ("for i in range(0):\n    x = x + 1", set()),
        ("x = [x + i for i in range(6)]", {6}),
        ("x = [x + i for i in range(6) if i % 2]", {6}),
        ("x = [x + i + j for i in range(3) for j in range(4)]", {3, 12}),
        ("x = {i: (lambda: [x for _k in range(9)]) for i in range(3)}", {3}),
        ("x = sum(x.sum() for i in range(8))", {8}),
        ("for i in range(3):\n    for j in range(4):\n        x = x + 1", {3, 12}),
        ("for i in range(2):\n    x = torch.add(\n        x,\n        i,\n    )", {2}),
    ],
)
def test_turns_of_loops(load, body: str, turns: set[int]):
    """For every kind of loop, the number of times that its body ran."""
    text = "import torch\ndef f(x):\n" + textwrap.indent(body, "    ") + "\n    return x\n"
    receipt = receipt_of(load(text), "f", torch.ones(()))

    assert {loop.turns for loop in receipt.loops} == turns


def test_tracing_is_restored(load):
    """A debugger or coverage tool that traces the process goes on afterwards."""
    module = load("def f(x):\n    return x\n")

    def tracer(*_arguments: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        receipt_of(module, "f", torch.ones(1))
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is tracer


def test_code_inside_a_backward_pass_has_its_own_lines(load):
    """A custom function's backward, and a hook, are shown at their own lines, as backward."""
    source = """
    import torch
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2
        @staticmethod
        def backward(ctx, grad):
            return grad * 2
    def f(x):
        y = Twice.apply(x)
        y.sum().backward()
    """
    receipt = receipt_of(load(source), "f", torch.ones(3, requires_grad=True))

    assert by_line(receipt)[9] == Costs(backward_ops=1, backward_bytes=12)


def test_torch_func_refuses_hooks_alone(load):
    """`torch.func` cannot run with hooks: the rest of the costs is still known."""
    module = load(
        "import torch\ndef f(x):\n    return torch.func.grad(lambda y: y.sin().sum())(x)\n"
    )
    arguments = ("f", torch.ones(3))

    for saved in (False, True):
        got = run_backward_receipt(module, builtin_probes.call, arguments, (1,), saved=saved)
        assert (got is None) == saved


# From the worker to the table


@pytest.fixture
def exercise() -> Exercise:
    """Return an exercise with a budget that states sizes."""
    return Course(ROOT).one("row_sum_fast")


def drawn(exercise: Exercise, source: str, launcher: Launcher, **options: Any) -> Receipt:
    text = textwrap.dedent(source)
    submission = Submission(source=text.encode(), file=FILE)
    session = Session(exercise, submission, launcher, RandomSource(2))
    function = exercise.spec.functions[0]
    try:
        return draw_receipt(session, function, receipt_case(function), **options)
    finally:
        session.close()


SLOW = '''
import torch


def row_sum(x):
    """Add rows."""
    total = torch.zeros_like(x[0])
    for row in x:
        total = total + row.exp()
        if total[0] > 1e9:
            break
    return total
'''


def test_receipt_from_the_confined_worker(exercise: Exercise, launcher: Launcher):
    """The worker's receipt has forward, backward and waits, and the code without its text."""
    receipt = drawn(exercise, SLOW, launcher)

    assert not receipt.missing
    assert receipt.turns(FILE, 9) == 500
    assert receipt.at(FILE, 9).costs.ops == 1000
    assert receipt.at(FILE, 9).costs.backward_ops > 0
    assert receipt.at(FILE, 10).costs.synchronizations == 500
    shown = [line for source in receipt.sources for line in source.lines]
    assert shown[:2] == ["def row_sum(x):", "    total = torch.zeros_like(x[0])"]


def test_table_shows_each_line_and_the_totals(exercise: Exercise, launcher: Launcher):
    """The table has the costs beside the code, and columns without costs are left out."""
    receipt = drawn(exercise, SLOW, launcher)
    console = Console(io.StringIO(), color=False, width=120)
    for translate in (ENGLISH_TRANSLATOR, Translator("zh-CN")):
        lines = [str(line) for line in draw_table(receipt, console, translate)]

        row = next(line for line in lines if "total = total + row" in line)
        assert row.split()[:4] == ["9", "500x", "1,000", "39.1"]
        assert not any("copied" in line for line in lines)
        total = lines[-1].replace(",", "").split()
        assert str(receipt.total.ops) in total
    assert str(remarks(receipt)[0]).startswith("waits: ")


def test_costs_of_other_lines_are_summed_up():
    """What no shown line causes stands in a row of its own, so that the column adds up."""
    receipt = Receipt(
        lines=(LineCosts(file="", line=0, costs=Costs(ops=3)),),
        sources=pieces("def f(x):\n    return x\n", "a.py", {"f"}, ()),
        missing=dict.fromkeys(BACKWARD, _("No gradient flows through this call.")),
    )
    console = Console(io.StringIO(), color=False, width=80)
    lines = [str(line).split() for line in draw_table(receipt, console, ENGLISH_TRANSLATOR)]

    assert lines[-2:] == [["elsewhere", "3"], ["total", "3"]]
    assert receipt.as_json()["total"]["kept_bytes"] is None


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"peak_bytes": -1, "lines": [], "loops": []},
        {"peak_bytes": 0, "lines": [{"line": 1}], "loops": []},
        {"peak_bytes": 0, "lines": [], "loops": [[1, 2]]},
        {"peak_bytes": 0, "lines": {}, "loops": []},
    ],
)
def test_malformed_reply_is_refused(reply: object):
    """A worker is not trusted: a reply that is no receipt is an error, never shown."""
    with pytest.raises(ProtocolError):
        _read(reply, FILE)


def test_unknown_size_is_named(exercise: Exercise):
    """A size that the function does not have is a usage error that lists the sizes."""
    with pytest.raises(UsageError, match=r"no size 'k'\. Its sizes are n, d"):
        case_with_sizes(exercise.spec.functions[0], {"k": 3})


@pytest.fixture
def course(tmp_path: Path, exercise: Exercise) -> Path:
    """Return a course with one exercise and a slow answer to it."""
    for path, text in (
        (exercise.stub_path, SLOW),
        (exercise.solution_path, exercise.solution_path.read_text()),
        (exercise.grader_path, exercise.grader_path.read_text()),
    ):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        copy.write_text(text)
    return tmp_path


@pytest.fixture
def command(course: Path, launcher: Launcher, monkeypatch) -> Callable[..., int]:
    """Return a function that runs the command with workers of the tests' zygote."""

    def opened(options: argparse.Namespace) -> Launcher:
        limit = options.limit or launcher.config.limit
        return launcher.with_config(replace(launcher.config, limit=limit))

    monkeypatch.setattr(cost_command, "start_zygote", lambda: None)
    monkeypatch.setattr(exercise_cost, "open_launcher", opened)
    return lambda *words: main(["--course", str(course), "cost", *words])


def test_command_prints_the_receipt(command, tmp_path: Path, capsys):
    """`torchkata cost NAME` prints the table, and writes JSON if that is requested."""
    file = tmp_path / "costs.json"

    assert command("row_sum_fast", "--at", "n=20,d=3", "--json", str(file)) == 0
    out = capsys.readouterr().out
    assert "n=20, d=3" in out
    assert "20x" in out
    (entry,) = json.loads(file.read_text())
    assert entry["yours"]["total"]["synchronizations"] == 20
    assert entry["reference"] is None  # only after a pass

    assert command("row_sum_fast", "--at", "n=many") == 2
    assert "--at: expected sizes such as n=500,d=10, got 'n=many'." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("def row_sum(x):\n    raise NotImplementedError\n", "still to do"),
        ("def row_sum(x):\n    return x.nope\n", "raised AttributeError in line 2"),
        ("def row_sum(x:\n", "raised SyntaxError in line 1"),
        ("def row_sum(x):\n    while True: pass\n", "line 2"),
    ],
)
def test_command_explains_code_without_costs(command, course: Path, capsys, source: str, text: str):
    """Code that is to do, raises or never ends gets a sentence."""
    (course / "exercises/04_operators/03_row_sum_fast.py").write_text(source)

    limit = ["--limit", str(LIMIT)] if "while" in source else []
    assert command("row_sum_fast", *limit) == 1
    assert text in capsys.readouterr().err.replace("Line", "line")


def test_reference_stands_beside_after_a_pass(
    command, course: Path, exercise: Exercise, capsys, monkeypatch
):
    """Once the exercise is passed, the reference's receipt follows; before, it is not shown."""
    passed = {exercise.id: State.PASSED}
    monkeypatch.setattr(Progress, "states", lambda _self, _course: passed)

    assert command("row_sum_fast", "--at", "n=20,d=3") == 0
    out = capsys.readouterr().out
    assert "(yours)" in out
    assert "x.sum(" in out.partition("(reference)")[2]
