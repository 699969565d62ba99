"""Values, shapes and kinds of things in words."""

from __future__ import annotations

import re

import numpy as np
from torch import Tensor

from torchkata.i18n import _

_MOST_DIGITS = 17  # enough to tell any two float64 numbers apart
_MOST_BITS = 80  # a longer whole number fills the line


def number(value: complex, digits: int = 4) -> str:
    """A number in at most `digits` significant digits; whole numbers and bools in full."""
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _MOST_BITS else _("a whole number of {bits} bits", bits=bits)
    if isinstance(value, complex):
        return f"{value.real:.{digits}g}{value.imag:+.{digits}g}j"
    return f"{value:.{digits}g}"


def apart(got: complex, expected: complex) -> tuple[str, str]:
    """Two different numbers, with as many digits as it takes to see that they differ."""
    for digits in range(4, _MOST_DIGITS + 1):
        texts = number(got, digits), number(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts


def shape(sizes: tuple[int, ...]) -> str:
    """A shape, such as `[3, 4]`; `[] (0-d)` for a single value without dims."""
    return str(list(sizes)) if sizes else "[] (0-d)"


def capital(sentence: str) -> str:
    """The sentence with its first letter in upper case, the rest as it is."""
    word = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if word.isalpha() else sentence


def ordinal(count: int) -> str:
    """`2nd`, `3rd`, `11th`."""
    ending = 0 if count % 100 in range(11, 14) else count % 10
    return {
        1: _("{count}st", count=count),
        2: _("{count}nd", count=count),
        3: _("{count}rd", count=count),
    }.get(ending, _("{count}th", count=count))


def kind(value: object, _: Say = _) -> str:
    """What a value is, with its article: `None`, `a Python float`, `a tuple of 2`."""
    match value:
        case None:
            return "None"
        case Tensor():
            sizes = list(value.shape)
            return _("a tensor of shape {shape}" if sizes else "a 0-d tensor", shape=sizes)
        case np.ndarray():
            sizes = list(value.shape)
            return _(
                "a NumPy array of shape {shape}" if sizes else "a 0-d NumPy array", shape=sizes
            )
        case bool() | int() | float() | complex() | str():
            name = {"str": "string"}.get(type(value).__name__, type(value).__name__)
            return _("a Python {name}", name=name)
        case list() | tuple() | dict():
            name = next(base.__name__ for base in (list, tuple, dict) if isinstance(value, base))
            return _(
                "a {name} of {count}" if value else "an empty {name}", name=name, count=len(value)
            )
    # The wire stands in for what cannot cross it with an object that says what it was.
    what = getattr(value, "what", None)
    if isinstance(what, str):
        name = re.sub(r"^an? (?=\w+$)", "", what)
        if name == what:
            return what
    else:
        name = type(value).__name__
    return _("an {name}" if name[:1].lower() in "aeiou" else "a {name}", name=name)
