"""What the audit finds in submissions: something in each cheat, nothing in right answers."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from test_cheats import CHEATS, COURSE, Cheat

from torchkata.cli.main import main
from torchkata.course.exercise import Exercise
from torchkata.course.source_code import JudgedCode
from torchkata.instructor.audit import audit

WRONG_ONLY = {
    *("45_mutate_input_cheap", "46_shrink_problem", "55_static_fast_path_probe"),
    *("56_hard_coded_answers", "58_constant_output", "59_stale_buffer", "60_nan_wildcard"),
    *("62_broadcast_pass", "64_precision_downgrade", "65_tolerance_ride"),
}
"""Wrong answers by ordinary code: there is nothing to find, and nothing to find out."""


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.file.stem)
def test_something_is_found_in_each_cheat(cheat: Cheat):
    """Every cheat that is more than a wrong answer has a line that deserves a look."""
    assert bool(audit(cheat.text.encode())) is (cheat.file.stem not in WRONG_ONLY)


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_nothing_is_found_in_right_answers(exercise: Exercise):
    """Stubs, and what references and alternatives consist of, give no reason for a look."""
    source = exercise.solution_path.read_text(encoding="utf-8")
    alternatives = exercise.solution_literal("ALTERNATIVES", {}).values()
    names = [*exercise.spec.names, *(name for group in alternatives for name in group)]
    imports = (ast.Import, ast.ImportFrom)
    lines = {node.lineno for node in ast.parse(source).body if isinstance(node, imports)}
    lines.update(JudgedCode(source, names).numbers)

    assert audit(exercise.stub_path.read_bytes()) == []
    assert [each for each in audit(source.encode()) if each.line in lines] == []


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        ("import ctypes", "import", "ctypes"),
        ("from torch import nn\nnn.Linear.forward = print", "patch", "torch.nn.Linear.forward"),
        ("import torch as t\nt._C._set_grad_enabled(1)", "private", "torch._C._set_grad_enabled"),
        ("def f(x):\n    return x.grad_fn.__class__.__subclasses__()", "frames", "__subclasses__"),
        ("import torch\nsave = torch.Tensor.numpy", "kept name", "torch.Tensor.numpy"),
        ("KNOWN = {}", "kept state", "KNOWN"),
        ("n = [0]\ndef f(x):\n    n[0] += 1\n    return x", "kept state", "n"),
        ("def f(x):\n    return x if x.device.type == 'cpu' else 1", "device", "x.device.type"),
        ("def f(x, cache=[]):\n    return x", "kept state", "[]"),
        ("def f(x):\n    return 1", "unused", "f"),
        ("def f(x:", "invalid", "'(' was never closed (<unknown>, line 1)"),
    ],
)
def test_kinds(code: str, kind: str, name: str):
    """Each kind of finding has its name and its line."""
    found = {(each.kind, each.name) for each in audit(code.encode())}

    assert (kind, name) in found


def test_command_lists_lines_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The command prints file, line and reason; the JSON report has the same findings."""
    (tmp_path / "ann.py").write_text("def f(x):\n    return x\n", encoding="utf-8")
    (tmp_path / "bob.py").write_text("import gc\nimport torch\n", encoding="utf-8")
    report = tmp_path / "report.json"

    code = main(["audit", str(tmp_path), "--json", str(report)])

    reason = "Answers do not need `gc`; it can reach the process or the system."
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'bob.py'}:1: {reason}",
        "Findings: 1, in 1 of 2 files. None is a verdict.",
    ]
    ann, bob = json.loads(report.read_text(encoding="utf-8"))["files"]
    assert ann["findings"] == []
    (finding,) = bob["findings"]
    assert (finding["line"], finding["kind"], finding["name"]) == (1, "import", "gc")
    assert main(["audit", str(tmp_path / "nobody.py")]) == 2
