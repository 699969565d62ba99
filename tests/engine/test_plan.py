"""The plan of an exercise: which checks are derived from a grader's spec."""

from __future__ import annotations

from pathlib import Path

import torch

from torchkata import Case, Function, normal
from torchkata.course.catalogue import Course
from torchkata.grading.checks.plan import plan

COURSE = Course(Path(__file__).resolve().parents[2])


def test_check_variants_decides_dtypes_layouts_devices_purity_and_gradients():
    """Without variants, only the first dtype remains."""
    dtypes = (torch.float64, torch.float32)
    with_variants, without_variants = (
        Function(
            "f",
            inputs={"x": normal("n")},
            naive=abs,
            cases=(Case("some", n=3),),
            dtypes=dtypes,
            check_variants=check_variants,
        )
        for check_variants in (True, False)
    )

    function = with_variants
    assert (function.dtypes, function.device, function.purity) == (dtypes, True, True)
    assert function.differentiable(function.cases[0]) == (0,)
    assert function.layouts
    function = without_variants
    assert (function.dtypes, function.device, function.purity) == (dtypes[:1], False, False)
    assert function.differentiable(function.cases[0]) == ()
    assert function.layouts == ()


def test_later_calls_are_judged_on_a_case_with_elements():
    """An empty result would hide what a later call returns, and so may a reduced size of 1."""
    cases = (Case("no rows", n=0, d=9), Case("one row", n=1, d=7), Case("some", n=4, d=3))
    function = Function("f", inputs={"x": normal("n d")}, naive=abs, cases=cases)

    assert function.repeated_case.name == "some"


def test_large_cases_are_judged_for_values_alone():
    """In a loop, every op on a simulated GPU is slow; other dtypes repeat the same ops."""
    cases = (Case("some", n=4), Case("large", n=30_000), Case("drawn", given=lambda *_: ()))
    function = Function("f", inputs={"x": normal("n")}, naive=abs, cases=cases)

    assert [case.name for case in function.value_cases] == ["some", "large", "drawn"]
    assert [case.name for case in function.small_value_cases] == ["some", "drawn"]
    assert [case.name for case in function.gradient_cases] == ["some"]


def test_plan_without_variants_has_shape_values_and_dtype_only():
    """The other function of the same exercise, with variants, is judged on all axes."""
    checks = plan(COURSE.one("script_loop"))

    axes = {
        entry: {check.axis for check in checks if check.entry == entry}
        for entry in ("call of scripted", "cumulative_max_gap")
    }
    assert axes["call of scripted"] == {"shape", "values", "dtype"}
    assert axes["cumulative_max_gap"] >= {"device", "purity", "gradient", "speed"}
