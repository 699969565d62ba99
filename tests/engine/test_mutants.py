"""Mutants: what each operator changes, ids that stay the same, and the judgment of marks."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch

from torchkata.cli import author
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import EntryPoint, Function, Spec
from torchkata.course.spec.inputs import integers, normal
from torchkata.errors import UsageError
from torchkata.grading.grade import Settings
from torchkata.instructor.authoring import validate
from torchkata.instructor.authoring.mutants import judge as judging
from torchkata.instructor.authoring.mutants.expressions import EXPRESSIONS
from torchkata.instructor.authoring.mutants.judge import MutantReport, judge_mutants
from torchkata.instructor.authoring.mutants.mutant import Mutant, in_order, mutants_in
from torchkata.instructor.authoring.mutants.reference import read_reference
from torchkata.instructor.authoring.mutants.statements import STATEMENTS
from torchkata.instructor.authoring.validate import Validator
from torchkata.sandbox.launcher import Launcher


def edits(source: str, *names: str) -> dict[str, list[str]]:
    """Return what the operators make of a file's last line, by kind."""
    reference = read_reference(textwrap.dedent(source), names or ("f",))
    found: dict[str, list[str]] = {}
    for site in reference.sites():
        for operator in (*EXPRESSIONS, *STATEMENTS):
            for edit in operator(site):
                lines = edit.apply(reference.module).code.splitlines()
                found.setdefault(edit.kind, []).append(lines[-1].strip() if lines else "")
    return found


def of_expression(text: str, header: str = "def f(x: Tensor, y: Tensor, dim: int):") -> dict:
    """Return what the operators make of a returned expression, by kind."""
    by_kind = edits(f"{header}\n    return {text}")
    return {
        kind: [line.removeprefix("return ") for line in lines] for kind, lines in by_kind.items()
    }


@pytest.mark.parametrize(
    ("expression", "kind", "mutant"),
    [
        ("x + 2", "constant", "x + 3"),
        ("x + 2", "constant", "x + 1"),
        ("x * 0.1", "constant", "x * 0.2"),
        ("x.clamp(1e-12)", "constant", "x.clamp(1e-08)"),
        ("x.sum(dim=-1)", "dim", "x.sum(dim=0)"),
        ("x.sum(dim=-1)", "dim", "x.sum(dim=-2)"),
        ("g(x, causal=True)", "flag", "g(x, causal=False)"),
        ('mesh(x, indexing="xy")', "string", 'mesh(x, indexing="ij")'),
        ("x.masked_fill(y, -torch.inf)", "finite infinity", "x.masked_fill(y, -1e9)"),
        ("x + y", "operator", "x - y"),
        ("x @ y", "operator", "x * y"),
        ("x & y", "operator", "x | y"),
        ("x and y", "operator", "x or y"),
        ("x / y", "swapped operands", "y / x"),
        ("~x", "dropped sign", "x"),
        ("-x", "dropped sign", "x"),
        ("x < y", "comparison", "x <= y"),
        ("x is None", "comparison", "x is not None"),
        ("x if dim else y", "branch", "y"),
        ("x.sum(dim)", "method", "x.mean(dim)"),
        ("x.amax(dim)", "method", "x.amin(dim)"),
        ("torch.cat((x, y))", "method", "torch.stack((x, y))"),
        ("x.to(torch.float64)", "method", "x.to(torch.float32)"),
        ("mse_loss(x, y)", "method", "torch.nn.functional.l1_loss(x, y)"),
        ("(x * y).detach()", "dropped detach", "(x * y)"),
        ("(x * y).to(x.dtype)", "dropped to", "(x * y)"),
        ("x.sum(dim, keepdim=True)", "keepdim", "x.sum(dim)"),
        ("torch.ones(dim, device=x.device)", "dropped keyword", "torch.ones(dim)"),
        ("torch.where(c, x, y)", "swapped arguments", "torch.where(c, y, x)"),
        ("g(x, y)", "swapped arguments", "g(y, x)"),
        ("x[1:dim]", "slice", "x[:dim]"),
        ("x[1:dim]", "slice", "x[1:]"),
        ("x[:, None]", "swapped indices", "x[None, :]"),
        ("x.sum(dim)", "fixed dim", "x.sum(-1)"),
        ("x * y", "data", "x.data * y"),
    ],
)
def test_expression_operators(expression, kind, mutant):
    """Each operator on expressions makes the fault that its kind names."""
    assert mutant in of_expression(expression)[kind]


@pytest.mark.parametrize(
    ("source", "kind", "mutant"),
    [
        ("def f(x):\n    x = x.detach()\n    return g(x)", "deleted statement", "return g(x)"),
        ("def f(x):\n    check(x)\n    return x", "deleted statement", "return x"),
        (
            "def f(x):\n    if len(x) > 2:\n        raise ValueError\n    return x",
            "deleted if",
            "return x",
        ),
        ("def f(x):\n    with torch.no_grad():\n        x += 1", "deleted with", "x += 1"),
        (
            "def f(x: Tensor) -> Tensor:\n    y = x * 2\n    return y + 1",
            "wrong result",
            "return y",
        ),
        ("def f(x: Tensor) -> Tensor:\n    return x * 2", "wrong result", "return x"),
        ("def f(x: Tensor) -> Tensor:\n    return x * 2", "detach", "return (x * 2).detach()"),
        ("def f(x):\n    return a, b", "swapped results", "return b, a"),
        ("def f(x, causal=False): pass", "default", "def f(x, causal=True): pass"),
        ("def f(x, dim: int = -1): pass", "default", "def f(x, dim: int = 0): pass"),
        ("def f(x, base=10000.0): pass", "default", "def f(x, base=20000.0): pass"),
        ('def f(x, pattern="*.npy"): pass', "default", 'def f(x, pattern="*"): pass'),
        ("def f(x):\n    x += y", "not in place", "x = x + y"),
        ("def f(x):\n    x = x * y", "in place", "x *= y"),
        ("def f(x):\n    for i in range(n): g(i)", "loop count", "for i in range(n - 1): g(i)"),
    ],
)
def test_statement_operators(source, kind, mutant):
    """Each operator on statements makes the fault that its kind names."""
    assert mutant in edits(source)[kind]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(x: Tensor):\n    return x.detach() + 1", "data"),  # its gradient is cut anyway
        ("def f(x):\n    raise ValueError(2 + 3)", "constant"),  # what an error says
        ("def f(x: Array[2]):\n    return x", "constant"),  # an annotation
        ("def f(x):\n    y = g(x)\n    return y", "deleted statement"),  # y would be unknown
        ("def f(x):\n    return x.sum(keepdim=True)", "flag"),  # the same as to drop it
        ("def f(x):\n    return x.sum(keepdim=False)", "keepdim"),  # the default
        ("def f(x):\n    return torch.maximum(x, y)", "swapped arguments"),
        ("def f(self):\n    return self.mean", "method"),  # a name of the class
        ("def f(x, y):\n    return (x - y).square()", "swapped operands"),
        ("def f(x: Tensor):\n    return x.numel()", "data"),
        ("def f(x):\n    x += [1]", "not in place"),
    ],
)
def test_equivalent_changes_are_not_made(source, kind):
    """No operator makes a change that nobody could notice, or that fails at once."""
    assert kind not in edits(source)


def test_only_the_reference_is_changed():
    """Hints, samples and whatever the entry points do not need are left out."""
    source = """
        \"\"\"Reference: one call.\"\"\"
        import torch
        HINTS = ("a", "b")
        EQUIVALENT = {"f": "reason"}
        def helper(x):
            return x + 1
        def f(x):
            return helper(x)
        def trap(x):
            return f(x) * 5
    """
    code = read_reference(textwrap.dedent(source), ("f",)).module.code

    assert "helper" in code
    assert "import torch" in code
    assert not any(word in code for word in ("HINTS", "EQUIVALENT", "trap", "Reference"))


def spec_of(name: str = "f", **inputs) -> Spec:
    """Return a spec with one function, or with one entry point if there are no inputs."""
    if not inputs:
        return Spec(EntryPoint(name), stub_digest="")
    case = Case("some", n=3, m=4)
    function = Function(name, inputs=inputs, naive=abs, cases=(case,), gradient=False)
    return Spec(function, stub_digest="")


def kinds(mutants: Iterable[Mutant]) -> set[str]:
    return {mutant.kind for mutant in mutants}


def test_faults_around_a_call_are_valid_and_described():
    """A fault around a call keeps the signature, and its difference is the added statement."""
    header = "def f(x: Tensor, *, scale: float = 2.0) -> Tensor:"
    source = f"from torch import Tensor\n\n{header}\n    return x * scale\n"
    mutants = {m.id: m for m in mutants_in(source, spec_of())}
    kept = mutants["kept buffer under no_grad in f: result"]

    assert "def f(x: Tensor, *, scale: float = 2.0):" in kept.source
    assert "_mutant_inner_f(x, scale=scale)" in kept.source
    assert kept.diff == (
        "+ if not torch.is_grad_enabled(): result = _mutant_map(_mutant_kept, result)",
    )
    assert kept.line == 3
    names: dict = {}
    exec(kept.source, names)
    x = torch.ones(2)
    assert torch.equal(names["f"](x), torch.full((2,), 2.0))
    with torch.no_grad():
        first = names["f"](x)
        names["f"](3 * x, scale=1.0)
    assert torch.equal(first, torch.full((2,), 3.0))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("zeroed under no_grad", "x"),
        ("zeroed under inference_mode", None),
        ("overwritten", "x"),
        ("requires_grad set", "flag"),
        ("cached by shape", "second"),
        ("cached by pointer", "overwritten"),
        ("first result only", "second"),
        ("default dtype left changed", "dtype"),
        ("grad mode left changed", "mode"),
        ("transposed if square", "square"),
        ("without offset", "offset"),
        ("at most 64 rows", "rows"),
        ("float32 detour", "float64"),
        ("detached argument", "gradient"),
    ],
)
def test_faults_do_what_they_say(kind, changes):
    """Each fault of state, layout or size changes what its kind names."""
    source = "from torch import Tensor\n\ndef f(x: Tensor) -> Tensor:\n    return x * 1\n"
    mutant = next(m for m in mutants_in(source, spec_of()) if m.kind == kind)
    names: dict = {}
    exec(mutant.source, names)
    f = names["f"]
    x = torch.arange(6.0)
    grad_mode = torch.is_grad_enabled()
    try:
        match changes:
            case "x":
                with torch.no_grad():
                    f(x)
                assert not torch.equal(x, torch.arange(6.0))
            case None:
                with torch.inference_mode():
                    f(x)
                assert not x.any()
            case "flag":
                f(x)
                assert x.requires_grad
            case "second":
                assert torch.equal(f(x), f(x + 1))
            case "overwritten":
                first = f(x)
                x += 1
                assert f(x) is first
            case "dtype":
                f(x)
                assert torch.get_default_dtype() is torch.float64
            case "mode":
                f(x)
                assert not torch.is_grad_enabled()
            case "square":
                square = torch.arange(4.0).reshape(2, 2)
                assert torch.equal(f(square), square.mT)
            case "offset":
                assert torch.equal(f(x[2:]), x[:4])
            case "rows":
                assert len(f(torch.ones(70))) == 64
            case "float64":
                got = f(torch.tensor([1 + 1e-12], dtype=torch.float64))
                assert (got.item(), got.dtype) == (1, torch.float64)
            case "gradient":
                assert not f(x.requires_grad_()).requires_grad
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(grad_mode)


def test_drawn_arguments_decide_which_faults_fit():
    """Integers get no gradient, vectors no transposition, and a table's int16 detour is tried."""
    source = "def f(x: Tensor, i: Tensor) -> Tensor:\n    return x[i]\n"
    spec = spec_of(x=normal("n"), i=integers("n", 0, "n"))
    about_i = {m.kind for m in mutants_in(source, spec) if m.id.endswith("f: i")}
    about_x = {m.kind for m in mutants_in(source, spec) if m.id.endswith("f: x")}

    assert "int16 detour" in about_i - about_x
    assert "detached argument" in about_x - about_i
    assert "transposed if square" not in about_i | about_x


@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        ("x = x.detach().clone()\n    return x * 2", True),
        ("return x.detach() * 2", True),
        ("return x * x.detach()", False),
        ("return x * 2", False),
    ],
)
def test_a_gradient_is_cut_only_once(body, is_cut):
    """An argument that the reference detaches itself is not detached as a fault."""
    mutants = mutants_in(f"def f(x: Tensor) -> Tensor:\n    {body}\n", spec_of())

    assert ("detached argument" not in kinds(mutants)) is is_cut
    of_result = mutants_in("def f(x: Tensor) -> Tensor:\n    return g(x).detach()\n", spec_of())
    assert not {"detach", "detached result", "detached for n == 1"} & kinds(of_result)
    new = mutants_in("def f(x: Tensor) -> Tensor:\n    return torch.tensor(len(x))\n", spec_of())
    assert "detach" not in kinds(new)


def test_modules_and_datasets_have_faults_of_their_own():
    """Modules start equal or freeze themselves; datasets skip items or yield one buffer."""
    module = """
class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x
"""
    data = """
class Stream(IterableDataset):
    def __init__(self, items: list[int], path: str, start: int) -> None:
        self.items = items

    def __iter__(self):
        yield from self.items
"""
    of_module = kinds(mutants_in(module, spec_of("Net")))
    of_data = kinds(mutants_in(data, spec_of("Stream")))

    assert {"frozen", "equal start", "seeded start", "mode changed"} <= of_module
    assert "cached in the module" in of_module
    assert {"last item dropped", "one buffer", "one pass only", "list sorted"} <= of_data
    changed = [
        m.id.partition(": ")[2] for m in mutants_in(data, spec_of("Stream")) if "list " in m.id
    ]
    assert set(changed) == {"items"}, "only a list can be sorted"


def test_faults_that_show_nowhere_are_not_made():
    """A training step fails without gradients, and a function or an int has no dtype."""
    train = "def f(x: Tensor) -> Tensor:\n    g(x).backward()\n    return x\n"
    make = "def f(x: Tensor) -> Callable[[Tensor], Tensor]:\n    return g\n"
    batches = """
class Batches(Sampler[list[int]]):
    def __iter__(self) -> Iterator[list[int]]:
        yield from self.items
"""

    of_step = kinds(mutants_in(train, spec_of()))
    assert not any("under no_grad" in kind or "under inference_mode" in kind for kind in of_step)
    assert "kept buffer" in of_step
    assert "detached argument" not in of_step
    assert not {"double result", "kept buffer"} & kinds(mutants_in(make, spec_of()))
    assert "one buffer" not in kinds(mutants_in(batches, spec_of("Batches")))


def test_a_dim_is_not_limited():
    """A tensor has at most 64 dims, so a limit on `dim` changes nothing."""
    mutants = mutants_in("def f(x: Tensor, dim: int, n: int):\n    return x\n", spec_of())

    assert {m.id.partition(": ")[2] for m in mutants if "at most 64 in" in m.id} == {"n"}


def test_ids_survive_unrelated_edits_and_are_unique():
    """A line more, or a comment, changes no id; equal changes are numbered."""
    source = "def f(x: Tensor) -> Tensor:\n    return x.sum(1) + x.sum(1)\n"
    before = [mutant.id for mutant in mutants_in(source, spec_of())]
    edited = source.replace("    return", "    # twice\n    return").replace("\n", "  # a sum\n")
    after = [mutant.id for mutant in mutants_in(f"import math\n\n{edited}", spec_of())]

    assert after == before
    assert len(set(before)) == len(before)
    assert "constant in f: x.sum(1) -> x.sum(2)" in before
    assert "constant in f: x.sum(1) -> x.sum(2) #2" in before


def test_order_is_fixed_and_kinds_take_turns():
    """The same salt gives the same order; the first ones are all of different kinds."""
    source = "def f(x: Tensor) -> Tensor:\n    return x.sum(1) + x.amax(0, keepdim=True)\n"
    mutants = mutants_in(source, spec_of())
    order = in_order(mutants, "0")

    assert order == in_order(reversed(mutants), "0")
    assert order != in_order(mutants, "1")
    assert sorted(m.id for m in order) == sorted(m.id for m in mutants)
    assert len(kinds(order[:15])) == 15


# Judging


HALVE = """\
from torch import Tensor


def halve(x: Tensor) -> Tensor:
    return {}
"""


def mutant(name: str, expression: str) -> Mutant:
    return Mutant(
        id=name, kind=name, line=20, diff=(f"+ {expression}",), source=HALVE.format(expression)
    )


@pytest.fixture
def three(monkeypatch) -> None:
    """Offer a mutant that is refused, one that survives, and one that cannot be loaded."""
    mutants = [
        mutant("broken", "x / 2\nraise ValueError"),
        mutant("third", "x / 3"),
        mutant("half", "x * 0.5"),
    ]
    monkeypatch.setattr(judging, "mutants_of", lambda _exercise: mutants)


def judged(exercise: Exercise, launcher: Launcher, count: int = 3) -> MutantReport:
    return judge_mutants(exercise, launcher, Settings(seed=3), count=count)


def test_survivors_are_named_with_their_difference(three, launcher: Launcher, mini: Path):
    """A mutant that passes survives; one that cannot be loaded does not count."""
    report = judged(Course(mini).one("halve"), launcher)

    assert list(report.killed) == ["third"]
    assert report.killed["third"].startswith("halve::values")
    assert [survivor.id for survivor in report.survivors] == ["half"]
    assert report.summary() == "2 of 3 mutants judged: 1 killed, 0 equivalent, 1 survive"
    (finding,) = report.findings()
    assert finding == "Mutant survives (line 20): half\n             + x * 0.5"


def test_marks_explain_survivors_and_must_be_right(three, launcher: Launcher, course: Path):
    """A marked survivor is equivalent; marks of killed or unknown mutants are refused."""
    path = course / "solutions/01_mini/02_halve.py"
    marks = {"half": "the same product", "third": "no", "none": "gone"}
    path.write_text(f"{path.read_text()}\n\nEQUIVALENT = {marks!r}\n")

    report = judged(Course(course).one("halve"), launcher, count=0)

    assert report.marked == ["half"]
    assert not report.survivors
    assert len(report.problems) == 2
    assert "EQUIVALENT names no mutant: 'none'" in report.problems[0]
    assert "refuses; remove: 'third'" in report.problems[1]


def test_a_reference_that_fails_is_reported(three, launcher: Launcher, course: Path):
    """Mutants of a reference that fails itself would all be killed, for no reason."""
    path = course / "solutions/01_mini/02_halve.py"
    path.write_text(path.read_text().replace("return x / 2", "return x.clone() / 2"))

    report = judged(Course(course).one("halve"), launcher)

    assert report.judged == 0
    assert "the reference without its samples fails halve::" in report.problems[0]


def test_the_gate_judges_mutants_of_sound_exercises(three, launcher: Launcher, course: Path):
    """Survivors are problems; while something else is wrong, no mutant is judged."""
    found = Validator(launcher, seed=3).findings(Course(course).one("halve"), mutants=3)

    assert [problem.partition(":")[0] for problem in found.problems] == [
        "Mutant survives (line 20)"
    ]
    assert found.notes == ["2 of 3 mutants judged: 1 killed, 0 equivalent, 1 survive"]
    path = course / "exercises/01_mini/02_halve.py"
    path.write_text(path.read_text().replace("Rules", "Manners"))
    found = Validator(launcher, seed=3).findings(Course(course).one("halve"), mutants=3)
    assert found.notes == ["mutants are judged once nothing else is wrong"]


def test_author_without_libcst_is_told_what_to_install(monkeypatch):
    """Learners need no libcst; an author without it gets one sentence."""
    for name in [name for name in sys.modules if ".authoring.mutants" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(UsageError, match=r"Mutants need libcst, .* pip install libcst$"):
        validate._mutant_judge()


@pytest.mark.parametrize(
    ("names", "wanted", "count"), [([], None, 0), (["halve"], None, 20), ([], 5, 5), (["x"], 0, 0)]
)
def test_only_named_exercises_are_mutated_by_default(names, wanted, count):
    """Without names, mutants are judged only on request."""
    options = author.argparse.Namespace(names=names, mutants=wanted)

    assert author._wanted_mutants(options) == count
