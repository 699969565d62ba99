"""Compare two answers of any structure: walk both, and keep the first difference of each axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.grading.compare import describe, types
from torchkata.grading.compare.difference import AXES, Difference
from torchkata.grading.compare.leaves import arrays_differ, plain_differ, tensors_differ
from torchkata.i18n import _, join

_NESTED = (Tensor, np.ndarray, list, tuple, dict)
_PLAIN = (bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device)


def differences(
    got: object,
    expected: object,
    *,
    precise: object | None = None,
    tolerance: Tolerance | None = None,
    dtype: bool = True,
    device: bool = False,
    name: str = "",
) -> list[Difference]:
    """Compare what a submission returned with what the reference returned.

    Nothing is broadcast, nan equals nan alone, and a list may stand for a tuple and back. A leaf
    of the wrong kind or shape has no further differences.

    Args:
        got: the submission's answer: tensors, NumPy arrays, numbers, strings, None, and lists,
            tuples and dicts of these. Anything else differs from all of them.
        expected: the reference's answer.
        precise: the reference's answer on the same inputs in float64, of the same structure. It
            widens the tolerance where the case itself amplifies rounding.
        tolerance: instead of the one that follows from dtype and scale.
        dtype: whether dtypes must be the same.
        device: whether devices must be the same.
        name: what the answer is called in messages; the result, unless told otherwise.

    Raises:
        CourseError: the reference gave something that cannot be compared, such as a generator.

    Returns:
        At most one difference per axis, in the order of `AXES`; empty when the two are equal.
    """
    walk = _Walk(tolerance=tolerance, dtype=dtype, device=device)
    by_axis: dict[str, list[Difference]] = {axis: [] for axis in AXES}
    for difference in walk.compare(got, expected, precise, name or _("the result")):
        by_axis[difference.axis].append(difference)
    return [_with_others(found) for found in by_axis.values() if found]


def _with_others(found: list[Difference]) -> Difference:
    """The first difference; its message says how many more parts differ on that axis."""
    head, others = found[0], len(found) - 1
    if others == 0:
        return head
    more = _(
        "One other part differs too." if others == 1 else "{count} other parts differ too.",
        count=others,
    )
    return replace(head, message=join(head.message, more))


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """One comparison's settings, and the walk through both trees."""

    tolerance: Tolerance | None
    dtype: bool
    device: bool

    def compare(
        self, got: object, expected: object, precise: object, label: str
    ) -> Iterator[Difference]:
        options: dict[str, Any] = {"tolerance": self.tolerance, "label": label}
        checked: dict[str, Any] = {"dtype": self.dtype, "device": self.device}
        match got, expected:
            case Tensor(), Tensor():
                exact = precise if isinstance(precise, Tensor) else None
                for found in tensors_differ(got, expected, precise=exact, **options, **checked):
                    yield replace(found, facts=_facts(got, expected))
            case np.ndarray(), np.ndarray():
                yield from arrays_differ(got, expected, precise=precise, **options, **checked)
            case ((list() | tuple()), (list() | tuple())):
                yield from self._sequences(got, expected, precise, label)
            case dict(), dict():
                yield from self._dicts(got, expected, precise, label)
            case _:
                difference = _plain(got, expected, precise=precise, **options)
                if difference:
                    yield difference

    def _sequences(
        self,
        got: list[Any] | tuple[Any, ...],
        expected: list[Any] | tuple[Any, ...],
        precise: object,
        label: str,
    ) -> Iterator[Difference]:
        if len(got) != len(expected):
            message = types.wrong_length(len(got), len(expected), label)
            yield Difference(axis="contract", message=message)
            return
        same = isinstance(precise, (list, tuple)) and len(precise) == len(expected)
        exact: Any = precise if same else [None] * len(expected)
        for place, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            yield from self.compare(ours, theirs, exact[place], f"{label}[{place}]")

    def _dicts(
        self, got: dict[Any, Any], expected: dict[Any, Any], precise: object, label: str
    ) -> Iterator[Difference]:
        if got.keys() != expected.keys():
            yield Difference(axis="contract", message=types.wrong_keys(got, expected, label))
        exact = precise if isinstance(precise, dict) else {}
        for key, theirs in expected.items():
            if key in got:
                yield from self.compare(got[key], theirs, exact.get(key), f"{label}[{key!r}]")


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


def _plain(got: object, expected: object, **options: Any) -> Difference | None:
    if not (expected is None or isinstance(expected, _PLAIN + _NESTED)):
        raise CourseError(
            f"The reference gives {describe.kind(expected)} for {options['label']}: that cannot be "
            "compared. Give tensors, arrays, numbers, strings, or lists, tuples, dicts of these."
        )
    if isinstance(got, _NESTED) or isinstance(expected, _NESTED):
        message = types.wrong_kind(got, expected, options["label"])
        return Difference(axis="contract", message=message)
    return plain_differ(got, expected, **options)
