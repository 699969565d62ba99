"""The spec of a training step: how to run it, and for which nets and optimizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torchkata.course.spec.case import Case
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError

SIZES = ("n", "i", "h", "o")


@dataclass(frozen=True)
class TrainingStep:
    """An entry point that trains a net for one step and returns the loss.

    It is judged by steps of a small net, `torchkata.probes.TwoLayers`: n rows with i inputs, h
    hidden units and o outputs.

    Attributes:
        name: as the submission defines it.
        run: a probe `run(module, net, recorder, x, y)` that runs one step and returns the loss.
            The recorder is a `torchkata.probes.TrainingRecorder`.
        cases: each with the sizes n, i, h and o. Losses and parameters are compared with those of
            the reference; the first case is also used for the other checks.
        optimizers: for a case by name, the optimizer in `torch.optim`; SGD by default.
        settings: keyword arguments of every optimizer.
        steps: the number of steps.
        forwards: how often a step calls the net; not judged if it is None.
        stale: whether a step must clear gradients left over from an earlier one before its
            backward pass, and keep the new ones.
        tolerance: instead of the default, which follows from dtype and scale.
        device: whether it is judged on the twin device and on accelerators.

    Raises:
        CourseError: a case has other sizes, or an optimizer belongs to no case.
    """

    name: str
    run: Callable[..., Any]
    cases: tuple[Case, ...]
    optimizers: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=lambda: {"lr": 0.05})
    steps: int = 2
    forwards: int | None = 1
    stale: bool = True
    tolerance: Tolerance | None = None
    device: bool = True

    def __post_init__(self) -> None:
        if not self.cases or any(sorted(c.sizes) != sorted(SIZES) for c in self.cases):
            raise CourseError(f"{self.name}: expected cases with the sizes {', '.join(SIZES)}.")
        unknown = set(self.optimizers) - {case.name for case in self.cases}
        if unknown:
            raise CourseError(f"{self.name}: {', '.join(sorted(unknown))} is no case.")
