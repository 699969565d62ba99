"""`torchkata.cost` on the user's own code: planted faults by line, text, HTML, JSON, exit codes."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from torchkata import cost
from torchkata.cli.main import main
from torchkata.errors import UsageError
from torchkata.i18n import Translator
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter

EXAMPLE = Path(__file__).parent / "cost_examples" / "small_gpt.py"


@pytest.fixture(scope="module")
def gpt() -> ModuleType:
    """Return the module with a small GPT and its training steps."""
    spec = importlib.util.spec_from_file_location("small_gpt", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_gpt"] = module
    spec.loader.exec_module(module)
    return module


def problem(gpt: ModuleType) -> tuple[Any, ...]:
    torch.manual_seed(0)
    model = gpt.GPT()
    return model, torch.optim.AdamW(model.parameters()), torch.randint(65, (4, 17))


def found(report: Any) -> set[tuple[str, int]]:
    return {(warning.kind.value, warning.line) for warning in report.warnings}


# Warnings


def test_planted_faults_are_found_by_line(gpt: ModuleType):
    """A warning of the right kind in each faulty line, and none elsewhere."""
    planted = {
        (match[1], number)
        for number, line in enumerate(EXAMPLE.read_text().splitlines(), start=1)
        if (match := re.search(r"  # ([a-z0-9]+(?:-[a-z]+)*)$", line))
    }
    report = cost(gpt.faulty_step, *problem(gpt))

    assert len(planted) == 7
    assert found(report) == planted
    chinese = Translator("zh-CN")
    for warning in report.warnings:
        assert str(warning.message) != chinese(warning.message)


def test_clean_step_has_no_warning(gpt: ModuleType):
    """A training step without avoidable costs has no warning, also in its second call."""
    arguments = problem(gpt)

    for _call in range(2):
        report = cost(gpt.step, *arguments)
        assert found(report) == set()
        assert report.total.synchronizations == 0


def test_totals_are_those_of_the_meters(gpt: ModuleType):
    """Ops and bytes of a training step, forward and backward, are what the meters count."""
    cost(gpt.step, *problem(gpt))
    report = cost(gpt.step, *problem(gpt))
    arguments = problem(gpt)
    with MemoryMeter(arguments) as memory, OpMeter() as ops:
        gpt.step(*arguments)

    assert report.total.ops + report.total.backward_ops == ops.count.total
    bytes_of_both = report.total.allocated_bytes + report.total.backward_bytes
    assert bytes_of_both == memory.use.total_bytes
    assert report.receipt.peak_bytes == memory.use.peak_bytes


class Cache(nn.Module):
    """Keeps its last result."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.last: Any = None

    def forward(self, x):
        self.last = x * self.weight
        return self.last.sum()


def test_attribute_that_keeps_a_graph_is_named():
    """A graph that an attribute keeps alive is found, with the attribute's name."""
    (warning,) = cost(Cache(), torch.ones(3, 4)).warnings

    assert warning.kind == "graph-kept"
    assert "attribute `last` of Cache" in str(warning.message)


def fine_loops(x, model, cpu_index):
    """Do what looks like a fault but is none."""
    parts = [chunk.sum() for chunk in x.chunk(4)]
    joined = torch.stack(parts)
    where = torch.zeros(len(x), dtype=torch.long, device=x.device)
    picked = x[torch.arange(2)]  # an index may be on the CPU
    scale = torch.tensor(2.0)  # so may a 0-d tensor
    for _turn in range(9):
        joined = model(joined)
    wide = x.double().sum()  # one number only, but the copy is large
    return joined * scale, where, picked, wide, cpu_index, x.mT.clone().sum()


def test_ordinary_code_has_few_warnings():
    """Chunks, CPU indices, scalars and layers in a loop are no faults."""
    report = cost(fine_loops, torch.ones(32, 32), nn.Linear(4, 4), torch.arange(3))

    assert {kind for kind, _line in found(report)} == {"float64"}


def moved(x):
    mask = torch.zeros(x.shape[1]).to(x.device)
    return x + mask


def test_tensor_that_is_made_and_moved():
    """`torch.zeros(n).to(device)` is found although a move to the CPU is no op."""
    (warning,) = cost(moved, torch.ones(3, 4)).warnings

    assert warning.kind == "wrong-device"
    assert "copied to the device afterwards" in str(warning.message)


def read_all(x):
    for row in x.chunk(3):
        row.tolist()
        np.asarray(row)
        bool(row.sum() > 0)
        row[row > 0]
        str(row)
        row.detach().cpu().numpy()
    return x


def test_every_kind_of_read_counts_once():
    """item, tolist, numpy, cpu, boolean masks and printing make the CPU wait, once each."""
    report = cost(read_all, torch.ones(3, 4))
    first = read_all.__code__.co_firstlineno
    counts = {
        each.line - first: each.costs.synchronizations
        for each in report.receipt.lines
        if each.costs.synchronizations
    }

    assert counts == dict.fromkeys(range(2, 8), 3)


def with_functional_gradient(x):
    return torch.func.grad(lambda y: y.sin().sum())(x)


def test_torch_func_has_a_receipt_without_what_is_kept():
    """`torch.func` refuses hooks, so what autograd keeps is missing, with the reason."""
    report = cost(with_functional_gradient, torch.ones(3))

    assert report.total.ops > 0
    assert "torch.func" in str(report.receipt.missing["kept_bytes"])


# Shown, and bad input


def test_report_as_text_html_and_json(gpt: ModuleType):
    """All forms show the costs beside the code; marked lines are those with warnings."""
    report = cost(gpt.faulty_step, *problem(gpt))
    page, text, data = report._repr_html_(), str(report), report.as_json()

    assert "one = (row[0] + target).tanh()" in text
    assert text == repr(report)
    assert page.count('<tr class="warned"') == 7
    assert "row[0] + target" in page
    assert data["total"]["ops"] == report.total.ops
    assert {each["kind"] for each in data["warnings"]} == {kind for kind, _line in found(report)}
    json.dumps(data)


def raises(x):
    y = x * 2
    raise ValueError("no", y)


def test_the_users_exception_is_raised_with_a_note():
    """An exception of the function is the user's; afterwards nothing is left behind."""
    before = torch.autograd._engine_run_backward  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="no") as caught:
        cost(raises, torch.ones(3))

    assert caught.value.__notes__ == ["This was raised by the call whose cost was counted."]
    assert torch.autograd._engine_run_backward is before  # type: ignore[attr-defined]
    assert sys.gettrace() is None or "torchkata" not in repr(sys.gettrace())


def test_code_without_source_gets_a_sentence():
    """A builtin, code typed at a prompt and a thing that is no function are explained."""
    with pytest.raises(UsageError, match="has no Python source"):
        cost(torch.sum, torch.ones(3))
    with pytest.raises(UsageError, match="<lambda> has no Python source"):
        cost(eval("lambda x: x + 1"), torch.ones(3))
    with pytest.raises(UsageError, match="expected a function, got Tensor"):
        cost(torch.ones(3))  # type: ignore[arg-type]


# The command

STEP = """
import torch

def step(x, factor=2):
    total = x.new_zeros(())
    for part in x.chunk(4):
        total = total + part.sum() * factor
    return total

def reads(x):
    return x.sum().item()

def endless(x):
    while True:
        pass

def fails(x):
    return x.nope
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch) -> Path:
    """Return a file with functions; what the command changes is restored."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my_step.py"
    path.write_text(STEP)
    return path


def test_command_on_a_file(file: Path, capsys):
    """The command evaluates its arguments, prints the table and writes JSON."""
    words = ["cost", f"{file}:step", "--at", "n=40", "--arg", "x=randn(n, 10)", "--arg", "factor=3"]

    assert main([*words, "--json", "costs.json"]) == 0
    out = capsys.readouterr().out
    assert "4x" in out
    assert "total = total + part.sum() * factor" in out
    assert json.loads(Path("costs.json").read_text())["warnings"] == []


def test_command_fails_on_what_it_is_told(file: Path, capsys):
    """`--fail-on waits` is for CI: exit code 1 if a step synchronizes, else 0."""
    words = ["--arg", "x=ones(8)", "--fail-on", "waits"]

    assert main(["cost", f"{file}:reads", *words]) == 1
    assert "Failed because of host synchronizations: 1." in capsys.readouterr().err
    assert main(["cost", f"{file}:step", *words]) == 0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([":fails", "--arg", "x=ones(3)"], 1, "Line 18 raised AttributeError"),
        ([":endless", "--arg", "x=1", "--limit", "0.5"], 1, "no result within 0.5 s; line 1"),
        ([":step", "--arg", "x=randn(500, )x"], 2, "--arg x=randn(500, )x: cannot evaluate"),
        ([":step", "--at", "n=5.5"], 2, "--at: expected sizes such as n=500,d=10, got 'n=5.5'"),
        ([":step"], 2, "missing a required argument: 'x'"),
        ([":nothing"], 2, "has no function 'nothing'. Its functions: step, reads, endless, fails."),
        ([""], 2, "Name a function"),
    ],
)
def test_bad_input_gets_a_sentence(file: Path, capsys, words, code: int, text: str):
    """Code that raises or never ends, and arguments that cannot be parsed, are explained."""
    assert main(["cost", f"{file}{words[0]}", *words[1:]]) == code
    assert text in capsys.readouterr().err


def test_broken_and_missing_files(tmp_path: Path, capsys, monkeypatch):
    """A file that is not valid Python, or is not there, gets a sentence."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")

    assert main(["cost", f"{broken}:f"]) == 1
    assert "Line 1 raised SyntaxError" in capsys.readouterr().err
    assert main(["cost", f"{tmp_path}/none.py:f"]) == 2
    assert "There is no file" in capsys.readouterr().err
