"""Shape, dtype and device of a tensor are not as expected: say so, and name the likely cause."""

from __future__ import annotations

import math
from itertools import combinations

import torch

from torchkata.grading.compare import describe
from torchkata.i18n import _, join

Shape = tuple[int, ...]


def wrong_shape(got: Shape, expected: Shape, label: str) -> str:
    """The message for a wrong shape."""
    message = _(
        "{label} has shape {got}, expected {expected}.",
        label=label,
        got=describe.shape(got),
        expected=describe.shape(expected),
    )
    return describe.capital(join(message, _cause(got, expected)))


def _cause(got: Shape, expected: Shape) -> str:
    ones = got.count(1) - expected.count(1)
    same_rest = [n for n in got if n != 1] == [n for n in expected if n != 1]
    if same_rest and ones > 0:
        return _(
            "One dim of size 1 too many: `keepdim=True`, or `unsqueeze`?"
            if ones == 1
            else "{count} dims of size 1 too many: `keepdim=True`, or `unsqueeze`?",
            count=ones,
        )
    if same_rest and ones < 0:
        return _(
            "One dim of size 1 too few: `squeeze()` without a dim, or no `keepdim`?"
            if ones == -1
            else "{count} dims of size 1 too few: `squeeze()` without a dim, or no `keepdim`?",
            count=-ones,
        )
    if same_rest:
        return _("A dim of size 1 stands in another place.")
    if not got:
        return _("Everything was reduced to one value: name the dim to reduce.")
    if not expected:
        return _("One value is expected: is a reduction missing, or does it have a dim?")
    if got == (got[0], got[0]) and (expected == got[:1] or (1 in expected and got[0] in expected)):
        return _("[n, 1] against [n] broadcasts to a table of [n, n].")
    if sorted(got) == sorted(expected):
        return _(
            "The dims stand in another order: is a `transpose` or `permute` missing, or extra?"
        )
    return _cause_in_sizes(got, expected)


def _cause_in_sizes(got: Shape, expected: Shape) -> str:
    if len(got) == len(expected):
        off = [dim for dim, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b]
        if len(off) == 1:
            dim = off[0]
            extra = got[dim] - expected[dim]
            if abs(extra) == 1:
                return _(
                    "Dim {dim} is one too long." if extra > 0 else "Dim {dim} is one too short.",
                    dim=dim,
                )
            if got[dim] == 1:
                return _("Dim {dim} was reduced to size 1.", dim=dim)
    if len(got) == 1 and got[0] == math.prod(expected):
        return _("As many values, but in one dim: is a `reshape` missing, or a `flatten` too many?")
    kept, kept_too_few = _left_out(got, expected), _left_out(expected, got)
    if kept:
        return _(
            "Dim {dims} was not reduced, or came in through broadcasting."
            if len(kept) == 1
            else "Dims {dims} were not reduced, or came in through broadcasting.",
            dims=_named(kept, got),
        )
    if kept_too_few:
        return _(
            "Dim {dims} was reduced or indexed away."
            if len(kept_too_few) == 1
            else "Dims {dims} were reduced or indexed away.",
            dims=_named(kept_too_few, expected),
        )
    return ""


def _left_out(longer: Shape, shorter: Shape) -> tuple[int, ...]:
    """The fewest dims of `longer` without which it is `shorter`; empty where there are none."""
    count = len(longer) - len(shorter)
    if count <= 0:
        return ()
    for dims in combinations(range(len(longer)), count):
        if tuple(n for dim, n in enumerate(longer) if dim not in dims) == shorter:
            return dims
    return ()


def _named(dims: tuple[int, ...], sizes: Shape) -> str:
    return _(" and ").join(_("{dim} (size {size})", dim=dim, size=sizes[dim]) for dim in dims)


def wrong_dtype(got: str, expected: str, label: str) -> str:
    """The message for a wrong dtype; both by name, such as `float32`."""
    message = _("{label} is {got}, expected {expected}.", label=label, got=got, expected=expected)
    return describe.capital(join(message, _promotion(got, expected)))


def _promotion(got: str, expected: str) -> str:
    whole = ("int", "uint")
    low = ("float16", "bfloat16")
    if got == "bool":
        return _("A comparison gives bools: convert them with `.to(...)`.")
    if expected == "bool":
        return _("A mask of True and False is expected: `!= 0`, or `.bool()`.")
    if got.startswith("complex") != expected.startswith("complex"):
        return _("A Fourier transform gives complex numbers: `.real`, `.abs()` or an `irfft`?")
    if got == "float64":
        return _("NumPy works in float64, and so does a tensor that is made from its arrays.")
    if got == "float32" and expected == "float64":
        return _("`torch.zeros`, `torch.tensor` and the like make float32 unless told the dtype.")
    if got in low and expected not in low:
        return _("Is there an `autocast` or a `.half()` on the way? Its digits are lost.")
    if expected in low:
        return _(
            "A wider tensor on the way promotes the result: make new ones with `dtype=x.dtype`."
        )
    if got.startswith("float") and expected.startswith(whole):
        return _("`/` and `mean` give floats: `//` keeps whole numbers.")
    if got.startswith(whole) and expected.startswith("float"):
        return _("Whole numbers in, whole numbers out: convert the inputs, or divide with `/`.")
    if got == "int64":
        return _("`sum`, `arange` and indices are int64 unless told otherwise.")
    return ""


def wrong_device(got: torch.device, expected: torch.device, label: str) -> str:
    """The message for a wrong device."""
    return describe.capital(
        _(
            "{label} is on {got}, expected {expected}. Make new tensors with `device=x.device`.",
            label=label,
            got=got,
            expected=expected,
        )
    )
