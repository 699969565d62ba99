"""Comparison of two results of any structure: both are walked, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.grading.compare import describe, types
from torchkata.grading.compare.leaves import compare_arrays, compare_plain, compare_tensors
from torchkata.grading.compare.mismatch import AXES, Difference
from torchkata.i18n import Message, _, join

_NESTED: Final = (Tensor, np.ndarray, list, tuple, dict)
_PLAIN: Final = (
    bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device,
)  # fmt: skip


def differences(
    got: object,
    expected: object,
    *,
    precise: object | None = None,
    tolerance: Tolerance | None = None,
    dtype: bool = True,
    device: bool = False,
    name: str | Message = "",
) -> list[Difference]:
    """Compare a submission's result with the reference's.

    Nothing is broadcast, nan equals only nan, and lists and tuples are interchangeable. A leaf of
    the wrong type or shape has no further differences.

    Args:
        got: the submission's result: tensors, NumPy arrays, numbers, strings, None, and lists,
            tuples and dicts of these. Any other value differs from all of them.
        expected: the reference's result.
        precise: the reference's result on the same inputs in float64, of the same structure. It
            increases the tolerance if the case itself amplifies rounding errors.
        tolerance: replaces the one that follows from dtype and scale.
        dtype: whether dtypes must be the same.
        device: whether devices must be the same.
        name: the name of the result in messages (default: the result).

    Raises:
        CourseError: the reference returned something that cannot be compared, such as a generator.

    Returns:
        At most one difference per axis, in the order of `AXES`; empty if the results are equal.
    """
    comparison = _Comparison(tolerance=tolerance, dtype=dtype, device=device)
    by_axis: dict[str, list[Difference]] = {axis: [] for axis in AXES}
    for difference in comparison.compare(got, expected, precise, name or _("the result")):
        by_axis[difference.axis].append(difference)
    return [_first_of(on_axis) for on_axis in by_axis.values() if on_axis]


def _first_of(on_axis: list[Difference]) -> Difference:
    """Return the first difference, whose message then counts the others on that axis."""
    first, others = on_axis[0], len(on_axis) - 1
    if others == 0:
        return first
    more = _(
        "1 other part differs too." if others == 1 else "{count} other parts differ too.",
        count=others,
    )
    return replace(first, message=join(first.message, more))


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """The settings of one comparison."""

    tolerance: Tolerance | None
    dtype: bool
    device: bool

    def compare(
        self, got: object, expected: object, precise: object, label: str | Message
    ) -> Iterator[Difference]:
        """Yield the differences of two subtrees."""
        options: dict[str, Any] = {"tolerance": self.tolerance, "label": label}
        checked: dict[str, Any] = {"dtype": self.dtype, "device": self.device}
        match got, expected:
            case Tensor(), Tensor():
                exact = precise if isinstance(precise, Tensor) else None
                for difference in compare_tensors(
                    got, expected, precise=exact, **options, **checked
                ):
                    yield replace(difference, facts=_facts(got, expected))
            case np.ndarray(), np.ndarray():
                yield from compare_arrays(got, expected, precise=precise, **options, **checked)
            case ((list() | tuple()), (list() | tuple())):
                yield from self._compare_sequences(got, expected, precise, label)
            case dict(), dict():
                yield from self._compare_dicts(got, expected, precise, label)
            case _:
                if other := _compare_others(got, expected, precise=precise, **options):
                    yield other

    def _compare_sequences(
        self,
        got: list[Any] | tuple[Any, ...],
        expected: list[Any] | tuple[Any, ...],
        precise: object,
        label: str | Message,
    ) -> Iterator[Difference]:
        if len(got) != len(expected):
            yield types.wrong_length(len(got), len(expected), label)
            return
        same = isinstance(precise, (list, tuple)) and len(precise) == len(expected)
        exact: Any = precise if same else [None] * len(expected)
        for index, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            yield from self.compare(ours, theirs, exact[index], describe.part(label, index))

    def _compare_dicts(
        self,
        got: dict[Any, Any],
        expected: dict[Any, Any],
        precise: object,
        label: str | Message,
    ) -> Iterator[Difference]:
        if got.keys() != expected.keys():
            yield types.wrong_keys(got, expected, label)
        exact = precise if isinstance(precise, dict) else {}
        for key, theirs in expected.items():
            if key in got:
                yield from self.compare(got[key], theirs, exact.get(key), describe.part(label, key))


def _facts(got: Tensor, expected: Tensor) -> dict[str, object]:
    tests = {} if got.is_meta or expected.is_meta else {"nan": torch.isnan, "inf": torch.isinf}
    faults = [name for name, has in tests.items() if has(got).any() and not has(expected).any()]
    return {
        "got_shape": tuple(got.shape),
        "expected_shape": tuple(expected.shape),
        "got_dtype": str(got.dtype).removeprefix("torch."),
        "expected_dtype": str(expected.dtype).removeprefix("torch."),
        "fault": faults[0] if faults else "",
    }


def _compare_others(
    got: object,
    expected: object,
    *,
    precise: object,
    tolerance: Tolerance | None,
    label: str | Message,
) -> Difference | None:
    """Compare two values that are not both tensors, arrays, sequences or dicts."""
    if not (expected is None or isinstance(expected, _PLAIN + _NESTED)):
        raise CourseError(
            _(
                "The reference returns {type} for {label}, which cannot be compared. Return "
                "tensors, arrays, numbers, strings, or lists, tuples and dicts of these.",
                type=describe.describe_type(expected),
                label=label,
            )
        )
    if isinstance(got, _NESTED) or isinstance(expected, _NESTED):
        return types.wrong_type(got, expected, label)
    return compare_plain(got, expected, precise=precise, tolerance=tolerance, label=label)
