"""The plan of an exercise: which checks are made of a grader's data."""

from __future__ import annotations

from pathlib import Path

import torch

from torchkata import Case, Function, normal
from torchkata.course.catalogue import Course
from torchkata.grading.checks.plan import plan

COURSE = Course(Path(__file__).resolve().parents[2])


def test_without_variants_cases_and_budget_are_judged():
    """The first dtype stays; layouts, devices, purity and gradients go."""
    wanted = (torch.float64, torch.float32)
    whole, alone = (
        Function(
            "f",
            inputs={"x": normal("n")},
            naive=abs,
            cases=(Case("some", n=3),),
            dtypes=wanted,
            check_variants=check_variants,
        )
        for check_variants in (True, False)
    )

    assert (whole.dtypes, whole.device, whole.purity) == (wanted, True, True)
    assert (alone.dtypes, alone.device, alone.purity) == (wanted[:1], False, False)
    assert whole.differentiable(whole.cases[0]) == (0,)
    assert alone.differentiable(alone.cases[0]) == ()
    assert whole.layouts
    assert alone.layouts == ()


def test_plan_of_a_function_without_variants():
    """Shape, cases and one dtype; its neighbour has all axes."""
    checks = plan(COURSE.one("script_loop"))

    axes = {
        entry: {check.axis for check in checks if check.entry == entry}
        for entry in ("call of scripted", "cumulative_max_gap")
    }
    assert axes["call of scripted"] == {"shape", "values", "dtype"}
    assert axes["cumulative_max_gap"] >= {"device", "purity", "gradient", "speed"}
