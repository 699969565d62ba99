"""Cases that declare a tolerance, and forbidden functions: what fails on them and what does not."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from torchkata import Case, Function, Tolerance, normal
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.inputs import RandomSource, Sizes, special
from torchkata.errors import CourseError
from torchkata.grading.checks.forbidden_calls import check_forbidden_calls
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.instructor.authoring.baselines import baseline_problems
from torchkata.result import Verdict
from torchkata.sandbox.launcher import Launcher

STUB = "import torch\n\n\ndef logarithm(x, y):\n    raise NotImplementedError\n"
CORRECT = "import torch\n\n\ndef logarithm(x, y):\n    return 2 * torch.atanh(x / (2 + x)) * y\n"
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

GradeBody = Callable[[str], dict[str, str]]
"""Grades the body of a function; returns messages by the checks that did not pass."""


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    """Write a course of one exercise."""
    files = {"exercises": STUB, "solutions": CORRECT, "tests": GRADER.lstrip()}
    for folder, text in files.items():
        name = "test_01_logarithm.py" if folder == "tests" else "01_logarithm.py"
        path = tmp_path / folder / "01_only" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return Course(tmp_path).one("logarithm")


@pytest.fixture
def failed(exercise: Exercise, hasty: Launcher) -> GradeBody:
    """Return a function that grades the body of `logarithm` and returns what did not pass."""

    def grade_body(body: str) -> dict[str, str]:
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

    return grade_body


SKIPPED = {"device[twin:0]"}  # its gradients are not judged if those on the CPU are wrong


def test_accurate_formula_passes(failed: GradeBody):
    """A formula without cancellation passes values and gradients of all cases."""
    assert failed("return 2 * torch.atanh(x / (2 + x)) * y") == {}


def test_message_names_the_failing_case_and_its_usual_cause(failed: GradeBody):
    """The message of a failed case ends with its `why` and its name; other cases pass."""
    messages = failed("return torch.log(1 + x) * y")

    assert set(messages) == {"stability[tiny numbers]"}
    assert messages["stability[tiny numbers]"].endswith("1 + x rounds x away. Case: tiny numbers.")


def test_case_is_judged_in_each_dtype_of_its_tolerance(failed: GradeBody):
    """A function that is wrong only in the second dtype fails, and the message names the dtype."""
    messages = failed("""
        if x.dtype == torch.float64 and x.max() < 1e-6:
            return 2 * torch.atanh((x / (2 + x)).float()).double() * y
        return 2 * torch.atanh(x / (2 + x)) * y
    """)

    assert "Inputs: float64." in messages["stability[tiny numbers]"]
    assert "Case: tiny numbers." in messages["stability[tiny numbers]"]
    assert set(messages) - SKIPPED == {"stability[tiny numbers]", "gradient[tiny numbers]"}


def test_one_value_beyond_the_tolerance_of_a_case_fails(failed: GradeBody):
    """An error beyond the case's tolerance fails, even of a single value in the second dtype."""
    messages = failed("""
        out = 2 * torch.atanh(x / (2 + x)) * y
        if x.numel() == 9 and x.dtype == torch.float64:
            out = out.clone()
            out[4] *= 1 + 1e-11
        return out
    """)

    assert "1 of 9 values" in messages["stability[tiny numbers]"]


def test_loose_tolerance_applies_to_its_case_only(failed: GradeBody):
    """An error within a loose case's tolerance fails all other cases; a larger one fails it too."""
    slight = failed("return 2 * torch.atanh(x / (2 + x)) * y * 1.001")
    large = failed("return 2 * torch.atanh(x / (2 + x)) * y * 1.2")

    assert {"values[ordinary]", "values[strided inputs]", "dtype[float64]", "gradient"} <= set(
        slight
    )
    assert {"stability[tiny numbers]", "gradient[tiny numbers]", "device[twin:0]"} <= set(slight)
    assert set(large) - set(slight) == {"stability[rough]"}


def test_expected_values_come_from_the_reference_in_float64(exercise: Exercise, failed: GradeBody):
    """If the reference loses digits in float32, a submission must be more accurate than it."""
    exercise.solution_path.write_text(ROUNDED)
    exercise.grader_path.write_text(
        GRADER.lstrip().replace("1e-12", "1e-6").replace("1e-8", "1e-6")
    )

    # 1e-6 keeps 10 digits in float64, and 1 in float32
    assert failed("return 2 * torch.atanh(x / (2 + x)) * y") == {}
    assert set(failed("return torch.log(1 + x) * y")) == {"stability[tiny numbers]"}


def test_gradient_of_a_case_is_judged_for_its_named_parameters_only(failed: GradeBody):
    """Detaching the parameter that the case names fails; detaching another parameter passes."""
    formula = "2 * torch.atanh(x / (2 + x)) * y"
    without_y, without_x = (
        formula.replace("* y", "* y.detach()"),
        formula.replace("x", "x.detach()"),
    )

    assert set(failed(f"return ({without_y}) if x.max() < 1 else {formula}")) == set()
    messages = failed(f"return ({without_x}) if x.max() < 1 else {formula}")
    assert set(messages) - SKIPPED == {"gradient[tiny numbers]"}


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
def test_forbidden_function_is_found_by_any_name(exercise: Exercise, hasty: Launcher, body: str):
    """A forbidden function is found under all its names, and in any case or dtype."""
    source = f"import torch\n\n\ndef logarithm(x, y):\n    {body}\n".encode()
    session = Session(exercise, Submission(source=source, file="a.py"), hasty, RandomSource(3))
    try:
        outcome = check_forbidden_calls(session, exercise.spec.functions[0])
    finally:
        session.close()
    assert (outcome.verdict, outcome.code) == (Verdict.FAILED, "forbidden-call")
    assert re.search(r"It calls .*log1p of the library", str(outcome.message))


def test_forbidden_call_fails_only_the_contract(failed: GradeBody):
    """A right submission that calls a forbidden function fails one check, on axis contract."""
    assert set(failed("return torch.log1p(x) * y")) == {"contract[basic operations only]"}


def test_forbidden_calls_are_not_judged_if_every_call_raises(failed: GradeBody):
    """If no call returns, the check of forbidden calls is skipped and the others fail."""
    messages = failed("raise ValueError('no')")

    assert messages["contract[basic operations only]"] == "Not judged: every call raised."
    assert "ValueError" in messages["values[ordinary]"]


def test_gate_compares_cases_with_a_tolerance_in_float64(exercise: Exercise, hasty: Launcher):
    """A naive version that is inaccurate in float64 is reported; an accurate one is not."""
    assert list(baseline_problems(exercise, hasty, seed=1)) == []

    exercise.grader_path.write_text(
        GRADER.lstrip().replace("x < 1e-4, series", "x < 1e-4, series + 1e-17")
    )
    problems = list(baseline_problems(Course(exercise.course).one("logarithm"), hasty, seed=1))
    assert problems
    assert all("disagree in tiny numbers" in problem for problem in problems)


def test_variant_case_must_not_have_a_tolerance():
    """Dtypes, layouts, devices and gradients are judged on this case, so it cannot be loose."""
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


def test_failure_through_an_adapter_points_to_the_entry_point(exercise: Exercise, hasty: Launcher):
    """A failure of an adapter's function has the line where the entry point is defined."""
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


def test_special_values_are_drawn_for_floating_dtypes_alone():
    """Integers have no nan, so a case with special values is judged with ordinary integers."""
    floats, integers = (
        special("4")(Sizes({}, dtype), torch.Generator()) for dtype in (torch.float64, torch.int64)
    )
    assert int(floats.isfinite().sum()) == 1
    assert integers.dtype is torch.int64


def test_other_special_values_can_be_chosen():
    """A nan would hide an infinity in a sum, so a case may have infinities alone."""
    drawn = special("5", values=(math.inf,))(Sizes({}), torch.Generator())

    assert int(drawn.isinf().sum()) == 1
    assert int(drawn.isfinite().sum()) == 4
