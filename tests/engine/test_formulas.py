"""Formulas: counts as exact polynomials, confirmed at other sizes, or absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchkata import Function, Scale, _, normal
from torchkata.course.catalogue import Course
from torchkata.course.spec.case import Case
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError
from torchkata.grading.checks.metering import measure
from torchkata.grading.formulas import Formulas, costs_at_scale, find_formulas
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.receipts import receipt_case
from torchkata.grading.session import Session
from torchkata.i18n import Translator
from torchkata.result.polynomial import POINTS, Polynomial, interpolate
from torchkata.sandbox.launcher import Launcher

ROOT = Path(__file__).resolve().parents[2]


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.tuples(*[st.integers(0, 2)] * 2),
        st.fractions(-50, 50, max_denominator=6).filter(bool),
        max_size=5,
    )
)
def test_every_polynomial_is_found(terms: dict[tuple[int, ...], Fraction]):
    """A polynomial of degree 2 in each of two sizes is found exactly, with fractions."""
    true = Polynomial(("n", "m"), terms)
    found = interpolate(("n", "m"), true)  # type: ignore[arg-type]

    assert found is not None
    assert dict(found.terms) == terms


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({(1, 0): 2, (0, 0): 1}, "2n + 1"),
        ({(1, 1): 4}, "4·n·m"),
        ({(2, 0): Fraction(3, 2), (1, 0): Fraction(3, 2)}, "(3n² + 3n)/2"),
        ({(1, 0): Fraction(1, 2)}, "n/2"),
        ({(0, 0): -3, (0, 1): 1}, "m - 3"),
        ({(1, 0): -1}, "-n"),
        ({(0, 0): 12000}, "12,000"),
        ({}, "0"),
    ],
)
def test_polynomials_as_text(terms: Mapping[tuple[int, ...], int], text: str):
    """A polynomial is written as a person writes it, the highest power first."""
    fractions = {powers: Fraction(factor) for powers, factor in terms.items()}

    assert str(Polynomial(("n", "m"), fractions)) == text


@pytest.mark.parametrize(
    "count",
    [
        lambda n: n**3,  # of a higher degree than can be confirmed
        lambda n: 2**n,
        lambda n: n.bit_length(),
        lambda n: n + (n > max(POINTS)),  # a library that changes its method for larger sizes
        lambda n: n + n % 2,  # even sizes alone look linear
        lambda n: n if n in POINTS else None,  # cannot be confirmed
        lambda _n: None,
    ],
)
def test_what_is_no_polynomial_is_absent(count: Callable[[int], int | None]):
    """A count that is no polynomial, or that cannot be confirmed, has no formula."""
    assert interpolate(("n",), lambda sizes: count(sizes["n"])) is None


def test_known_counts_must_agree():
    """A count at the real sizes refutes a formula that holds at all small ones."""
    assert interpolate(("n",), lambda s: s["n"], [({"n": 5000}, 5000)]) is not None
    assert interpolate(("n",), lambda s: s["n"], [({"n": 5000}, 5001)]) is None


SLICING = """
import torch
def row_sum(x):
    total = torch.zeros_like(x[0])
    for i in range(len(x)):
        total = total + x[i]
    return total
"""
UNBIND = SLICING.replace("range(len(x))", "x").replace("x[i]", "i")
WITHOUT_ROWS = SLICING.replace("torch.zeros_like(x[0])", "x.new_zeros(x.shape[1])")
CASES = (
    ("row_sum_fast", None, "1", "4d", {"n": 77, "d": 33}),
    ("row_sum_fast", SLICING, "2n + 2", "8d", {"n": 77, "d": 33}),
    ("row_sum_fast", UNBIND, "n + 3", "8d", {"n": 77, "d": 33}),
    ("horner", None, "k + 3", "8n", {"k": 5, "n": 1234}),
    ("pairwise_distance", None, "14", "12·n·m + 4·n·d + 4·m·d + 4d", {"n": 45, "m": 31, "d": 7}),
    ("attention", None, "5", "4·n·d + 4n", {"n": 99, "m": 31, "d": 17, "causal": 0}),
    ("attention", "plain", "", "", {"n": 99, "m": 31, "d": 17, "causal": 0}),
    ("grow_a_tensor", None, "2", "8·k·n", {"k": 31, "n": 99}),
    ("segment_sum", None, "2", "4·d·count", {"n": 200, "d": 7, "count": 15}),
)
PLAIN = """
def attention(q, k, v, causal):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return scores.softmax(-1) @ v
"""


@pytest.mark.parametrize(("name", "source", "ops", "peak", "fresh"), CASES)
def test_formulas_hold_at_fresh_sizes(launcher: Launcher, name, source, ops, peak, fresh):
    """References, loops and a trap: the formulas are as stated, and true at sizes not used."""
    exercise = Course(ROOT).one(name)
    text = exercise.reference_source if source is None else source.encode()
    text = PLAIN.encode() if source == "plain" else text
    submission = Submission(source=text, file="test.py")
    session = Session(exercise, submission, launcher, RandomSource(3))
    function = exercise.spec.functions[0]
    try:
        formulas = find_formulas(session, function, receipt_case(function))
        session.learned.wrong_values.add(function.name)  # costs alone are measured here
        case = Case.at_sizes(fresh)
        measured = measure(
            session, session.processes.worker_on(), function, case, ops=True, memory=True
        )
    finally:
        session.close()

    assert formulas is not None
    assert formulas.ops is not None
    assert formulas.peak_bytes is not None
    if ops:
        assert (str(formulas.ops), str(formulas.peak_bytes)) == (ops, peak)
    assert formulas.ops(fresh) == measured.ops.total
    assert formulas.peak_bytes(fresh) == measured.memory.peak_bytes


def test_code_that_looks_at_its_sizes_has_no_formula(launcher: Launcher):
    """A loop over powers of two has no formula for ops; the growth stands instead."""
    exercise = Course(ROOT).one("row_sum_fast")
    source = b"""
def row_sum(x):
    n = 1
    while n < len(x):
        x, n = x + 0, 2 * n
    return x.sum(0)
"""
    session = Session(exercise, Submission(source=source, file="a.py"), launcher, RandomSource(1))
    function = exercise.spec.functions[0]
    try:
        formulas = find_formulas(session, function, receipt_case(function))
    finally:
        session.close()

    assert formulas is not None
    assert formulas.ops is None
    assert "n" in formulas.growth["ops"]
    assert str(formulas.message).startswith("ops: no polynomial (from size 8 to 20 like n^0.")
    assert Translator("zh-CN")(formulas.message) != str(formulas.message)


def test_fixed_sizes_are_stated():
    """Sizes that were not varied stand beside the formula."""
    one = Polynomial(("n",), {(1,): Fraction(1)})
    formulas = Formulas(ops=one, peak_bytes=one, fixed={"dim": -1})

    assert str(formulas.message) == "ops: n, extra memory: n bytes, with dim=-1."


@pytest.mark.parametrize(
    ("name", "source", "axis", "text"),
    [
        ("row_sum_fast", WITHOUT_ROWS, "ops", "For any size: n + 1 ops; the reference: 1."),
        (
            "pairwise_distance",
            "def pairwise_sqdist(a, b):\n    return ((a[:, None] - b) ** 2).sum(-1)\n",
            "memory",
            "For any size: 8·n·m·d bytes; the reference: 12·n·m + 4·n·d + 4·m·d + 4d bytes.",
        ),
    ],
)
def test_failed_budgets_state_both_formulas(launcher: Launcher, name, source, axis, text):
    """A failed budget of ops or memory says how the cost depends on the sizes."""
    exercise = Course(ROOT).one(name)
    submission = Submission(source=source.encode(), file="a.py")
    result = grade_one(exercise, submission, launcher, Settings(seed=1))
    messages = [str(check.message) for check in result.failed if check.axis == axis]

    assert any(text in message for message in messages), messages


def test_costs_at_real_size(launcher: Launcher):
    """The matrix of scores of a book takes terabytes by the formula; nothing runs at that size."""
    exercise = Course(ROOT).one("attention")
    function = exercise.spec.functions[0]
    session = Session(
        exercise, Submission(source=PLAIN.encode(), file="a.py"), launcher, RandomSource(1)
    )
    try:
        case = receipt_case(function)
        yours = find_formulas(session, function, case)
        theirs = find_formulas(session, function, case, reference=True)
    finally:
        session.close()
    sentence = str(costs_at_scale(function.scale, yours, theirs))

    assert sentence.startswith("At real size (attention over a book: n=1,000,000, m=1,000,000, ")
    assert "TiB of extra memory; the reference: 5 ops, 492.1 MiB" in sentence
    assert not costs_at_scale(function.scale, yours, None)
    assert yours is not None
    assert not yours.at({"n": 10, "m": 10, "d": 10, "causal": 1})  # measured with causal=0


def test_half_of_the_cost_budgets_have_a_real_size():
    """At least half of the exercises with a budget say at which sizes they are met."""
    specs = [each.spec for each in Course(ROOT).select((), ())]
    budgeted = [s for s in specs if any(f.budget for f in s.functions)]
    scaled = [s for s in specs if any(f.scale for f in s.functions)]

    assert len(scaled) >= len(budgeted) / 2


def test_scale_with_an_unknown_size_is_an_error():
    """A size that no case has is a mistake of the author."""
    with pytest.raises(CourseError, match="scale has a size that no case has"):
        Function("f", {"x": normal("n")}, abs, (Case("one", n=1),), scale=Scale(_("anything"), k=3))
