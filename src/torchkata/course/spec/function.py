"""The spec of an exercise: what it computes, on which inputs, at which sizes and at what cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Final

import torch

from torchkata.course.spec.budgets import Budget, Scale
from torchkata.course.spec.case import Case
from torchkata.course.spec.dataset import Dataset
from torchkata.course.spec.inputs import LAYOUTS, SHARED_LAYOUTS, InputFactory, TensorFactory
from torchkata.course.spec.module import Module
from torchkata.course.spec.source_rules import SourceRule
from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.spec.training_step import TrainingStep
from torchkata.errors import CourseError
from torchkata.result import AXES

FLOATS: Final = (torch.float32, torch.float64)
_VARIANTS: Final = ("gradient", "device", "purity")
_MOST_ELEMENTS: Final = 20_000  # product of the sizes of the case used for variants
_FEW_ELEMENTS: Final = 6
_SIDE: Final = 8  # elements per axis letter in the case of equal sizes

MODES: Final = ("plain", "no_grad", "inference_mode", "non_leaf")
"""How later calls are made; the last one only where gradients are judged."""


@dataclass(frozen=True)
class Function:
    """An entry point that is judged by calls on drawn inputs.

    Attributes:
        name: as the submission defines it.
        inputs: an input factory per parameter, in the order of the parameters.
        naive: the obvious, slow version: a second oracle, with which the reference must agree.
        cases: sets of hidden inputs.
        dtypes: judged on `variant_case`; the first is the dtype of all cases.
        budget: limits on ops, memory, synchronizations, growth and time.
        scale: sizes at which it is met in practice; formulas give the costs there.
        layouts: memory layouts that are judged besides contiguous inputs.
        gradient: whether gradients are judged, or the names of the parameters to differentiate.
        device: whether it is judged on the twin device and on accelerators.
        purity: whether it must not modify its arguments.
        tolerance: instead of the default, which follows from dtype and scale.
        variant_case: name of the case for dtypes, layouts, devices, purity and gradients; by
            default the largest case of at most 20,000 elements.
        forbidden: patterns of library functions that it must not call, such as `*softm*`.
        check_variants: whether other dtypes, layouts, devices, purity, gradients and later calls
            are judged; without them, only cases and budgets are.
        square: whether a case with all axis letters of equal size is added, if the inputs have at
            least two letters.
        repeated: whether later calls are judged: with other values of the same shapes, without
            gradients, with arguments that are no leaves.
        no_loop: axis letters over which no Python loop may run.
        loop_sizes: the sizes at which that is judged, for letters whose size in `variant_case`
            is no use; the size of the letter under judgment is replaced.
        adapter: a probe `adapter(module, *arguments)` that is called instead of a function of
            the submission, for example one that creates a module and calls it. `name` then
            names the probe.

    Raises:
        CourseError: there is no case, a case's name is not unique, or `variant_case` is wrong.
    """

    name: str
    inputs: Mapping[str, InputFactory]
    naive: Callable[..., object]
    cases: tuple[Case, ...]
    dtypes: tuple[torch.dtype, ...] = FLOATS
    budget: tuple[Budget, ...] = ()
    scale: Scale | None = None
    layouts: tuple[str, ...] = LAYOUTS[1:]
    gradient: bool | tuple[str, ...] = True
    device: bool = True
    purity: bool = True
    tolerance: Tolerance | None = None
    variant_case: str = ""
    forbidden: tuple[str, ...] = ()
    check_variants: bool = True
    square: bool = True
    repeated: bool = True
    no_loop: tuple[str, ...] = ()
    loop_sizes: Mapping[str, float] = field(default_factory=dict)
    adapter: Callable[..., object] | None = None

    def __post_init__(self) -> None:
        if not self.check_variants:
            alone = {"dtypes": self.dtypes[:1], "layouts": (), "square": False, "repeated": False}
            for name, value in {**alone, **dict.fromkeys(_VARIANTS, False)}.items():
                object.__setattr__(self, name, value)
        if self.scale is not None and set(self.scale.sizes) - {
            x for c in self.cases for x in c.sizes
        }:
            raise CourseError(f"{self.name}: scale has a size that no case has.")
        names = [case.name for case in self.cases]
        if len(set(names)) != len(names) or not names:
            raise CourseError(f"{self.name}: expected at least one case, each with a unique name.")
        if self.variant_case and self.variant_case not in names:
            raise CourseError(f"{self.name}: variant_case {self.variant_case!r} is no case.")
        if self.case_for_variants.tolerance is not None:
            raise CourseError(f"{self.name}: variant_case must not have a tolerance.")
        object.__setattr__(self, "cases", (*self.cases, *self._square_cases()))
        sizes = {**self.case_for_variants.sizes, **self.loop_sizes}
        object.__setattr__(self, "loop_sizes", sizes)
        if not self.purity:
            own = tuple(each for each in self.layouts if each not in SHARED_LAYOUTS)
            object.__setattr__(self, "layouts", own)

    def _square_cases(self) -> Iterator[Case]:
        """Yield the case of equal sizes, which shows what is done to square inputs alone."""
        usual = self.case_for_variants
        shapes = [f.letters for f in self.inputs.values() if isinstance(f, TensorFactory)]
        letters = {letter for shape in shapes for letter in shape if letter in usual.sizes}
        has_two = any(len(set(shape) & letters) > 1 for shape in shapes)
        if not self.square or not has_two or usual.given is not None:
            return
        sizes = {**usual.sizes, **dict.fromkeys(letters, _SIDE)}
        if all(case.given is not None or dict(case.sizes) != sizes for case in self.cases):
            yield Case.of_equal_sizes(sizes)

    @property
    def case_for_variants(self) -> Case:
        """The case on which dtypes, layouts, devices, purity and gradients are judged."""
        if self.variant_case:
            return next(case for case in self.cases if case.name == self.variant_case)
        special = ("raises", "given", "tolerance")
        plain = [c for c in self.cases if all(getattr(c, what) is None for what in special)]
        fitting = [case for case in plain if case.elements <= _MOST_ELEMENTS] or plain
        return max(fitting or list(self.cases), key=lambda case: case.elements)

    @property
    def value_cases(self) -> tuple[Case, ...]:
        """The cases without a tolerance that return, the one for variants first."""
        first = self.case_for_variants
        others = (c for c in self.cases if c is not first and c.raises is None and c.known is None)
        return (first, *(case for case in others if case.tolerance is None))

    @property
    def small_value_cases(self) -> tuple[Case, ...]:
        """The value cases that are also judged in all dtypes, on all devices and by gradients.

        Large ones are not: a loop over their elements takes minutes on a simulated GPU.
        """
        first, *others = self.value_cases
        return (first, *(case for case in others if case.elements <= _MOST_ELEMENTS))

    @property
    def gradient_cases(self) -> tuple[Case, ...]:
        """The cases with drawn inputs in which gradients are judged, the one for variants first."""
        first, *others = self.small_value_cases
        drawn = (case for case in others if case.given is None and case.axis == "values")
        return (first, *(case for case in drawn if not case.gradient and self.differentiable(case)))

    @property
    def repeated_case(self) -> Case:
        """The case of later calls: an ordinary, small one, if possible without sizes of 1."""
        full = [c for c in self.value_cases if c.given is None and all(c.sizes.values())]
        fitting = [case for case in full if case.elements >= _FEW_ELEMENTS]
        ones = {case.name: list(case.sizes.values()).count(1) for case in fitting}
        smallest_first = sorted(fitting, key=lambda case: (ones[case.name], case.elements))
        return next(iter(smallest_first), self.case_for_variants)

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes in which later calls are judged."""
        if not self.repeated:
            return ()
        return MODES if self.differentiable(self.repeated_case) else MODES[:-1]

    def dtypes_of(self, case: Case) -> tuple[torch.dtype, ...]:
        """Return the dtypes in which a case is judged."""
        return tuple(case.tolerance) if isinstance(case.tolerance, Mapping) else self.dtypes[:1]

    def differentiable(self, case: Case) -> tuple[int, ...]:
        """Return the positions of the parameters whose gradients are judged on a case."""
        if self.gradient is False or not self.dtypes[0].is_floating_point:
            return ()
        names, own = list(self.inputs), case.gradient
        wanted = own if isinstance(own, tuple) else self.gradient
        return tuple(names.index(name) for name in (names if wanted is True else wanted))


@dataclass(frozen=True)
class EntryPoint:
    """An entry point that only custom tests judge, such as a table.

    Attributes:
        name: as the submission defines it.
    """

    name: str


Entry = Function | EntryPoint | Module | Dataset | TrainingStep


@dataclass(frozen=True, init=False)
class Spec:
    """The spec of an exercise; a grader holds exactly one.

    Attributes:
        entries: its entry points, in the order of the stub.
        stub_digest: digest of the stub, which identifies an untouched file; `nox -s check --
            NAME --seal` writes it.
        broken_axis: the axis on which broken code to fix fails; empty for a stub to implement.
        weight: points in a gradebook.
        loads_data: whether its workers may read the judge's files and start processes, as data
            loaders do.
        source_rules: rules that are read from the submission's source.
        reference_signatures: the signatures of the reference's entry points, if there is no
            reference and only open examples are judged.
    """

    entries: tuple[Entry, ...]
    stub_digest: str
    broken_axis: str
    weight: float
    loads_data: bool
    source_rules: tuple[SourceRule, ...]
    reference_signatures: Mapping[str, object] | None

    def __init__(
        self,
        *entries: Entry,
        stub_digest: str,
        broken_axis: str = "",
        weight: float = 1,
        loads_data: bool = False,
        source_rules: tuple[SourceRule, ...] = (),
        reference_signatures: Mapping[str, object] | None = None,
    ) -> None:
        fields = {
            "entries": entries,
            "stub_digest": stub_digest,
            "broken_axis": broken_axis,
            "weight": weight,
            "loads_data": loads_data,
            "source_rules": source_rules,
            "reference_signatures": reference_signatures,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if broken_axis and broken_axis not in AXES:
            raise CourseError(
                f"expected broken_axis to be an axis ({', '.join(AXES)}), got {broken_axis!r}."
            )

    def with_weight(self, weight: float) -> Spec:
        """Return the same spec with other points."""
        spec = copy(self)
        object.__setattr__(spec, "weight", weight)
        return spec

    @property
    def functions(self) -> tuple[Function, ...]:
        """The entry points that are judged by calls."""
        return tuple(entry for entry in self.entries if isinstance(entry, Function))

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the submission must define."""
        return tuple(e.name for e in self.entries if not (isinstance(e, Function) and e.adapter))

    def budget_sentences(self) -> list[str]:
        """Return the sentence of every budget; the stub states each word for word."""
        return [str(budget.sentence()) for f in self.functions for budget in f.budget]


def axis_of(test_name: str) -> tuple[str, str]:
    """Split a custom test's name: `test_gradient_is_finite` judges the axis gradient.

    Returns:
        The axis and the rest of the name, with spaces.

    Raises:
        CourseError: the name does not start with `test_` and an axis.
    """
    found = re.fullmatch(rf"test_({'|'.join(AXES)})_(\w+)", test_name)
    if found is None:
        raise CourseError(
            f"{test_name}: expected a name test_AXIS_what with AXIS one of {', '.join(AXES)}."
        )
    return found[1], found[2].replace("_", " ")
