"""Descriptions of values, shapes and types for messages."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from torch import Tensor

from torchkata.i18n import Message, _, verbatim
from torchkata.worker.wire.encoding import Opaque

_MAX_DIGITS: Final = 17  # enough to tell any two float64 numbers apart
_MAX_BITS: Final = 80  # a longer integer fills the line


def number(value: complex, digits: int = 4) -> str | Message:
    """Format a number in at most `digits` significant digits; integers and bools in full."""
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _MAX_BITS else _("an integer of {bits} bits", bits=bits)
    if isinstance(value, complex):
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}j"
    return f"{value:.{digits}g}"


def distinct_decimals(got: complex, expected: complex) -> tuple[str | Message, str | Message]:
    """Format two different numbers with enough digits to show that they differ."""
    for digits in range(4, _MAX_DIGITS + 1):
        texts = number(got, digits), number(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts


def shape(sizes: tuple[int, ...]) -> str:
    """Format a shape, such as `[3, 4]`, or `[] (0-d)` for a tensor without dims."""
    return str(list(sizes)) if sizes else "[] (0-d)"


def ordinal(count: int) -> Message:
    """Return `2nd`, `3rd`, `11th`."""
    last_digit = 0 if count % 100 in range(11, 14) else count % 10
    return {
        1: _("{count}st", count=count),
        2: _("{count}nd", count=count),
        3: _("{count}rd", count=count),
    }.get(last_digit, _("{count}th", count=count))


def part(whole: str | Message, key: object) -> Message:
    """Return the name of one part of a named list, tuple or dict, such as `the result[0]`."""
    return Message("{whole}[{key}]", {"whole": whole, "key": repr(key)})


def type_name(value: object) -> str:
    """Return the name of a value's class, such as `float`, also if the value was not sent.

    A value that a worker cannot send arrives as a description of it, such as `a generator`.
    """
    if isinstance(value, Opaque):
        return re.sub(r"^an? (?=\w+$)", "", value.what)
    return type(value).__name__


def describe_type(value: object) -> Message:
    """Describe what a value is, such as `None`, `a Python float` or `a tuple of 2 items`."""
    match value:
        case None:
            return verbatim("None")
        case Tensor():
            sizes = list(value.shape)
            return _("a tensor of shape {shape}" if sizes else "a 0-d tensor", shape=sizes)
        case np.ndarray():
            sizes = list(value.shape)
            return _(
                "a NumPy array of shape {shape}" if sizes else "a 0-d NumPy array", shape=sizes
            )
        case bool() | int() | float() | complex() | str():
            return _("a Python {type}", type=type(value).__name__)
        case list() | tuple() | dict():
            name = next(base.__name__ for base in (list, tuple, dict) if isinstance(value, base))
            if not value:
                return _("an empty {type}", type=name)
            return _(
                "a {type} of 1 item" if len(value) == 1 else "a {type} of {count} items",
                type=name,
                count=len(value),
            )
    name = type_name(value)
    if isinstance(value, Opaque) and name == value.what:
        return verbatim(name)  # more than a class, and with an article
    return _("an {type}" if name[:1].lower() in "aeiou" else "a {type}", type=name)
