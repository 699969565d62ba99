"""Cases with a tolerance of their own, and forbidden functions: what they catch, never hide."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from torchkata import Case, Function, Tolerance, normal
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError
from torchkata.grading.checks.forbidden_calls import check_forbidden_calls
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.instructor.authoring.baselines import baseline_problems
from torchkata.result import Verdict
from torchkata.sandbox.launcher import Launcher

STUB = "import torch\n\n\ndef logarithm(x, y):\n    raise NotImplementedError\n"
RIGHT = "import torch\n\n\ndef logarithm(x, y):\n    return 2 * torch.atanh(x / (2 + x)) * y\n"
ROUNDED = "import torch\n\n\ndef logarithm(x, y):\n    return torch.log(1 + x) * y\n"
GRADER = '''
"""Grader of logarithm: y * log(1 + x)."""

import torch

from torchkata import Case, Function, Spec, Tolerance, uniform

FINE = {
    torch.float32: Tolerance(rtol=1e-5, atol=0.0), torch.float64: Tolerance(rtol=1e-12, atol=0.0)
}


def naive(x, y):
    series = sum((-1) ** (k + 1) * x**k / k for k in range(1, 5))
    return torch.where(x < 1e-4, series, torch.log(1 + x)) * y


def tiny(sizes, generator):
    x, y = torch.rand(2, 9, generator=generator, dtype=sizes.dtype)
    return 1e-8 * (x + 1), y + 1


SPEC = Spec(
    Function(
        "logarithm",
        inputs={"x": uniform("n", 1, 3), "y": uniform("n", 1, 2)},
        naive=naive,
        cases=(
            Case("ordinary", n=5),
            Case(
                "tiny numbers", axis="stability", given=tiny, gradient=("x",), tolerance=FINE,
                why="1 + x rounds x away.",
            ),
            Case("rough", axis="stability", n=50, tolerance=Tolerance(rtol=0.1, atol=0.0)),
        ),
        variant_case="ordinary",
        forbidden=("*log1p*",),
    ),
    stub_digest="",
)
'''

Judged = Callable[..., dict[str, str]]


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    """Write a course of one exercise."""
    files = {"exercises": STUB, "solutions": RIGHT, "tests": GRADER.lstrip()}
    for folder, text in files.items():
        name = "test_01_logarithm.py" if folder == "tests" else "01_logarithm.py"
        path = tmp_path / folder / "01_only" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return Course(tmp_path).one("logarithm")


@pytest.fixture
def failed(exercise: Exercise, hasty: Launcher) -> Judged:
    """Judge the body of a function: the messages of the checks that failed, by what they judge."""

    def judged(body: str) -> dict[str, str]:
        text = "import torch\n\n\ndef logarithm(x, y):\n" + textwrap.indent(
            textwrap.dedent(body).strip(), "    "
        )
        submission = Submission(source=text.encode(), file=exercise.stub_path.name)
        result = grade_one(exercise, submission, hasty, Settings(seed=3))
        return {
            check.id.partition("::")[2]: str(check.message_with_case)
            for check in result.checks
            if check.verdict is not Verdict.PASSED
        }

    return judged


def test_a_right_answer_passes(failed: Judged):
    """Values and gradients of all cases hold for the formula without a cancellation."""
    assert failed("return 2 * torch.atanh(x / (2 + x)) * y") == {}


def test_a_case_says_why(failed: Judged):
    """What fails a case names it and what usually lies behind it; other cases stay passed."""
    found = failed("return torch.log(1 + x) * y")

    assert set(found) == {"stability[tiny numbers]"}
    assert found["stability[tiny numbers]"].endswith("1 + x rounds x away. Case: tiny numbers.")


def test_each_dtype_is_judged(failed: Judged):
    """An answer that is wrong in the second dtype alone fails, and is told in which."""
    found = failed("""
        if x.dtype == torch.float64 and x.max() < 1e-6:
            return 2 * torch.atanh((x / (2 + x)).float()).double() * y
        return 2 * torch.atanh(x / (2 + x)) * y
    """)

    assert "Inputs: float64." in found["stability[tiny numbers]"]
    assert "Case: tiny numbers." in found["stability[tiny numbers]"]
    assert set(found) == {"stability[tiny numbers]", "gradient[tiny numbers]"}


def test_a_wrong_value_is_not_hidden(failed: Judged):
    """An error beyond a case's own tolerance fails it, even of one value in its second dtype."""
    found = failed("""
        out = 2 * torch.atanh(x / (2 + x)) * y
        if x.numel() == 9 and x.dtype == torch.float64:
            out = out.clone()
            out[4] *= 1 + 1e-11
        return out
    """)

    assert "1 of 9 values" in found["stability[tiny numbers]"]


def test_a_wide_tolerance_is_its_cases_alone(failed: Judged):
    """What a loose case lets pass fails all the others, and more than that fails it, too."""
    off = failed("return 2 * torch.atanh(x / (2 + x)) * y * 1.001")
    far = failed("return 2 * torch.atanh(x / (2 + x)) * y * 1.2")

    assert {"values[ordinary]", "values[strided inputs]", "dtype[float64]", "gradient"} <= set(off)
    assert {"stability[tiny numbers]", "gradient[tiny numbers]", "device[twin:0]"} <= set(off)
    assert set(far) - set(off) == {"stability[rough]"}


def test_the_truth_is_float64(exercise: Exercise, failed: Judged):
    """Where the reference itself loses digits in float32, an answer has to be better than it."""
    exercise.solution_path.write_text(ROUNDED)
    exercise.grader_path.write_text(
        GRADER.lstrip().replace("1e-12", "1e-6").replace("1e-8", "1e-6")
    )

    # 1e-6 keeps 10 digits in float64, and 1 in float32
    assert failed("return 2 * torch.atanh(x / (2 + x)) * y") == {}
    assert set(failed("return torch.log(1 + x) * y")) == {"stability[tiny numbers]"}


def test_gradients_of_a_case(failed: Judged):
    """A case's gradient is judged under its tolerance, for the parameters that it names alone."""
    right = "2 * torch.atanh(x / (2 + x)) * y"
    other = failed(f"return ({right.replace('* y', '* y.detach()')}) if x.max() < 1 else {right}")
    named = failed(f"return ({right.replace('x', 'x.detach()')}) if x.max() < 1 else {right}")

    assert set(other) == set()
    assert set(named) == {"gradient[tiny numbers]"}


@pytest.mark.parametrize(
    "body",
    [
        "return torch.log1p(x) * y",
        "return x.log1p() * y",
        "return torch.special.log1p(x) * y",
        "return torch.ops.aten.log1p(x) * y",
        "return (x.log1p() if x.dtype == torch.float64 else 2 * torch.atanh(x / (2 + x))) * y",
        "return (x.log1p() if len(x) == 50 else 2 * torch.atanh(x / (2 + x))) * y",
        "return torch.func.vmap(torch.log1p)(x) * y",
    ],
)
def test_forbidden_functions(exercise: Exercise, hasty: Launcher, body: str):
    """The library's function is found by any of its names, in whichever case or dtype it is."""
    source = f"import torch\n\n\ndef logarithm(x, y):\n    {body}\n".encode()
    session = Session(exercise, Submission(source=source, file="a.py"), hasty, RandomSource(3))
    try:
        outcome = check_forbidden_calls(session, exercise.spec.functions[0])
    finally:
        session.close()
    assert (outcome.verdict, outcome.code) == (Verdict.FAILED, "forbidden-call")
    assert re.search(r"It calls .*log1p of the library", str(outcome.message))


def test_what_is_forbidden_is_a_check_of_its_own(failed: Judged):
    """An answer that is right but for that fails one check, on the axis contract."""
    assert set(failed("return torch.log1p(x) * y")) == {"contract[basic operations only]"}


def test_what_raises_everywhere_calls_nothing_forbidden(failed: Judged):
    """An answer that never returns is not judged for what it calls: other checks fail."""
    found = failed("raise ValueError('no')")

    assert found["contract[basic operations only]"] == "Not judged: every call raised."
    assert "ValueError" in found["values[ordinary]"]


def test_the_gate_compares_such_cases_in_float64(exercise: Exercise, hasty: Launcher):
    """A naive version that is no oracle in float64 is named; a good one is not."""
    assert list(baseline_problems(exercise, hasty, seed=1)) == []

    exercise.grader_path.write_text(
        GRADER.lstrip().replace("x < 1e-4, series", "x < 1e-4, series + 1e-17")
    )
    found = list(baseline_problems(Course(exercise.course).one("logarithm"), hasty, seed=1))
    assert found
    assert all("disagree in tiny numbers" in fault for fault in found)


def test_the_usual_case_has_the_usual_tolerance():
    """Dtypes, layouts, devices and gradients are judged on it, so it cannot be a loose one."""
    loose = Case("loose", n=3, tolerance=Tolerance(rtol=1.0, atol=1.0))

    with pytest.raises(CourseError, match="variant_case must not have a tolerance"):
        Function("f", {"x": normal("n")}, torch.sin, (loose,))
    with pytest.raises(CourseError, match="variant_case must not have a tolerance"):
        Function(
            "f", {"x": normal("n")}, torch.sin, (loose, Case("small", n=1)), variant_case="loose"
        )
    assert (
        Function("f", {"x": normal("n")}, torch.sin, (loose, Case("a", n=1))).case_for_variants.name
        == "a"
    )


def test_a_probe_points_to_what_it_calls(exercise: Exercise, hasty: Launcher):
    """What a `via` finds stands at the definition of the entry, which has another name."""
    text = GRADER.lstrip()
    for old, new in (
        ("import Case", "import Case, EntryPoint"),
        (
            'Function(\n        "logarithm",',
            'EntryPoint("logarithm"), Function("its result", adapter=adapter,',
        ),
        ("SPEC =", "def adapter(kata, x, y):\n    return kata.logarithm(x, y)\n\n\nSPEC ="),
    ):
        text = text.replace(old, new)
    exercise.grader_path.write_text(text)
    source = ROUNDED.replace("\n\n\n", "\n\n\n\n\n").encode()

    result = grade_one(exercise, Submission(source=source, file="a.py"), hasty, Settings(seed=3))
    assert {check.line for check in result.failed} == {6}
