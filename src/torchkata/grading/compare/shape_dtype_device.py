"""Differences in shape, dtype and device."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations

import torch

from torchkata.grading.compare import describe
from torchkata.grading.compare.mismatch import Difference
from torchkata.i18n import EMPTY, Message, _, join

Shape = tuple[int, ...]


def wrong_shape(got: Shape, expected: Shape, label: str | Message) -> Difference:
    """Return the difference for a wrong shape."""
    message = _(
        "Wrong shape for {label}: expected {expected}, got {got}.",
        label=label,
        expected=describe.shape(expected),
        got=describe.shape(got),
    )
    return Difference(
        axis="shape", code="wrong-shape", message=join(message, _shape_relation(got, expected))
    )


def _shape_relation(got: Shape, expected: Shape) -> Message:
    """Say how two shapes are related, if their sizes show it."""
    if not _are_telling(got, expected):
        return EMPTY
    extra_ones = got.count(1) - expected.count(1)
    if [n for n in got if n != 1] == [n for n in expected if n != 1]:
        if extra_ones > 0:
            return _(
                "There is one dim of size 1 too many."
                if extra_ones == 1
                else "There are {count} dims of size 1 too many.",
                count=extra_ones,
            )
        if extra_ones < 0:
            return _(
                "A dim of size 1 is missing."
                if extra_ones == -1
                else "{count} dims of size 1 are missing.",
                count=-extra_ones,
            )
        return _("A dim of size 1 is in the wrong position.")
    if sorted(got) == sorted(expected):
        return _("The dims are in a different order.")
    if len(got) == 1 and got[0] == math.prod(expected):
        return _("The number of values is right, but they are in a single dim.")
    return _relation_of_sizes(got, expected)


def _are_telling(got: Shape, expected: Shape) -> bool:
    """Return whether the sizes differ enough to tell the dims apart."""
    sizes = [n for n in expected if n != 1]
    return bool(got) and bool(sizes) and 0 not in (*got, *sizes) and len(set(sizes)) == len(sizes)


def _relation_of_sizes(got: Shape, expected: Shape) -> Message:
    if len(got) == len(expected):
        wrong_dims = [dim for dim, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b]
        if len(wrong_dims) == 1 and abs(extra := got[wrong_dims[0]] - expected[wrong_dims[0]]) == 1:
            return _(
                "Dim {dim} is too long by one." if extra > 0 else "Dim {dim} is too short by one.",
                dim=wrong_dims[0],
            )
        return EMPTY
    if (extra_dims := _surplus_dims(got, expected)) and len(set(got)) == len(got):
        return _(
            "Dim {dims} (size {sizes}) is extra."
            if len(extra_dims) == 1
            else "Dims {dims} (sizes {sizes}) are extra.",
            dims=_listed(extra_dims),
            sizes=_listed(got[dim] for dim in extra_dims),
        )
    if missing_dims := _surplus_dims(expected, got):
        return _(
            "Dim {dims} (size {sizes}) is missing."
            if len(missing_dims) == 1
            else "Dims {dims} (sizes {sizes}) are missing.",
            dims=_listed(missing_dims),
            sizes=_listed(expected[dim] for dim in missing_dims),
        )
    return EMPTY


def _surplus_dims(longer: Shape, shorter: Shape) -> Shape:
    """Return the fewest dims to remove from `longer` to get `shorter`; empty if impossible."""
    count = len(longer) - len(shorter)
    if count <= 0:
        return ()
    for dims in combinations(range(len(longer)), count):
        if tuple(n for dim, n in enumerate(longer) if dim not in dims) == shorter:
            return dims
    return ()


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def wrong_dtype(got: str, expected: str, label: str | Message) -> Difference:
    """Return the difference for a wrong dtype; both by name, such as `float32`."""
    message = _(
        "Wrong dtype for {label}: expected {expected}, got {got}.",
        label=label,
        expected=expected,
        got=got,
    )
    return Difference(axis="dtype", code="wrong-dtype", message=message)


def wrong_device(got: torch.device, expected: torch.device, label: str | Message) -> Difference:
    """Return the difference for a wrong device."""
    message = _(
        "Wrong device for {label}: expected {expected}, got {got}. Create new tensors with "
        "`device=x.device`.",
        label=label,
        expected=expected,
        got=got,
    )
    return Difference(axis="device", code="wrong-device", message=message)
