"""Differences in shape, dtype and device, with the likely cause."""

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
        axis="shape", code="wrong-shape", message=join(message, _shape_cause(got, expected))
    )


def _shape_cause(got: Shape, expected: Shape) -> Message:
    extra_ones = got.count(1) - expected.count(1)
    same_rest = [n for n in got if n != 1] == [n for n in expected if n != 1]
    if same_rest and extra_ones > 0:
        return _(
            "There is one dim of size 1 too many: did you use `keepdim=True` or `unsqueeze`?"
            if extra_ones == 1
            else "There are {count} dims of size 1 too many: did you use `keepdim=True` or "
            "`unsqueeze`?",
            count=extra_ones,
        )
    if same_rest and extra_ones < 0:
        return _(
            "A dim of size 1 is missing: did you use `squeeze()` without a dim, or forget "
            "`keepdim=True`?"
            if extra_ones == -1
            else "{count} dims of size 1 are missing: did you use `squeeze()` without a dim, or "
            "forget `keepdim=True`?",
            count=-extra_ones,
        )
    if same_rest:
        return _("A dim of size 1 is in the wrong position.")
    if not got:
        return _("Everything was reduced to a single value: specify the dim to reduce.")
    if not expected:
        return _(
            "A single value is expected: is a reduction missing, or does it have a `dim` that it "
            "should not have?"
        )
    if got == (got[0], got[0]) and (expected == got[:1] or (1 in expected and got[0] in expected)):
        return _("Combining [n, 1] with [n] broadcasts to [n, n].")
    if sorted(got) == sorted(expected):
        return _(
            "The dims are in a different order: is a `transpose` or `permute` missing, or extra?"
        )
    return _cause_in_sizes(got, expected)


def _cause_in_sizes(got: Shape, expected: Shape) -> Message:
    if len(got) == len(expected):
        wrong_dims = [dim for dim, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b]
        if len(wrong_dims) == 1:
            dim = wrong_dims[0]
            extra = got[dim] - expected[dim]
            if abs(extra) == 1:
                return _(
                    "Dim {dim} is too long by one."
                    if extra > 0
                    else "Dim {dim} is too short by one.",
                    dim=dim,
                )
            if got[dim] == 1:
                return _("Dim {dim} was reduced to size 1.", dim=dim)
    if len(got) == 1 and got[0] == math.prod(expected):
        return _(
            "The number of values is right, but they are in a single dim: is a `reshape` missing, "
            "or is there an extra `flatten`?"
        )
    if extra_dims := _surplus_dims(got, expected):
        return _(
            "Dim {dims} (size {sizes}) was not reduced, or broadcasting added it."
            if len(extra_dims) == 1
            else "Dims {dims} (sizes {sizes}) were not reduced, or broadcasting added them.",
            dims=_listed(extra_dims),
            sizes=_listed(got[dim] for dim in extra_dims),
        )
    if missing_dims := _surplus_dims(expected, got):
        return _(
            "Dim {dims} (size {sizes}) was reduced or removed by indexing."
            if len(missing_dims) == 1
            else "Dims {dims} (sizes {sizes}) were reduced or removed by indexing.",
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
    return Difference(
        axis="dtype", code="wrong-dtype", message=join(message, _dtype_cause(got, expected))
    )


def _dtype_cause(got: str, expected: str) -> Message:
    integer = ("int", "uint")
    low_precision = ("float16", "bfloat16")
    if got == "bool":
        return _("A comparison returns bools: convert them with `.to(...)`.")
    if expected == "bool":
        return _("A mask of True and False is expected: use `!= 0` or `.bool()`.")
    if got.startswith("complex") != expected.startswith("complex"):
        return _(
            "A Fourier transform returns complex numbers: do you need `.real`, `.abs()` or `irfft`?"
        )
    if got == "float64":
        return _("NumPy computes in float64, and tensors made from its arrays keep that dtype.")
    if got == "float32" and expected == "float64":
        return _(
            "`torch.zeros`, `torch.tensor` and similar functions return float32 unless you pass a "
            "dtype."
        )
    if got in low_precision and expected not in low_precision:
        return _("Does an intermediate step use `autocast` or `.half()`? That loses digits.")
    if expected in low_precision:
        return _(
            "A wider tensor in the computation promotes the result: create new tensors with "
            "`dtype=x.dtype`."
        )
    if got.startswith("float") and expected.startswith(integer):
        return _("`/` and `mean` return floats: use `//` to keep integers.")
    if got.startswith(integer) and expected.startswith("float"):
        return _("Integer inputs give an integer result: convert the inputs, or divide with `/`.")
    if got == "int64":
        return _("`sum`, `arange` and functions that return indices use int64 by default.")
    return EMPTY


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
