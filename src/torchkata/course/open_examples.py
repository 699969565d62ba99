"""Open examples: arguments and what the reference returns for them, as JSON and back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from torchkata.course.spec.case import Case, Known
from torchkata.course.spec.function import Function, Spec
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.i18n import _

_FORMAT: Final = 1
_INNERMOST: Final = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
_BREAK: Final = re.compile(r"\s*\n\s*")
_NOT_IN_JSON: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class NotPlainError(Exception):
    """A value that an open example cannot hold."""


def written(facts: Mapping[str, object]) -> bytes:
    """The file of an exercise's open examples.

    Args:
        facts: what `opened` reads, in values that JSON has.
    """
    text = json.dumps({"format": _FORMAT, **facts}, indent=1, ensure_ascii=False, allow_nan=False)
    rows = _INNERMOST.sub(lambda found: f"[{_BREAK.sub(' ', found[1])}]", text)
    return f"{rows}\n".encode()


def opened(data: bytes, path: str) -> Spec:
    """The exercise that open examples judge: names, parameters, shapes, dtypes and values.

    Args:
        data: the file's content.
        path: of the file, for messages.

    Raises:
        CourseError: it is damaged, or of another version.
    """
    try:
        facts = json.loads(data)
        if facts["format"] != _FORMAT:
            raise ValueError(facts["format"])  # noqa: TRY301 - told like everything that is wrong
        functions = {entry["name"]: _function(entry) for entry in facts["functions"]}
        names = facts["contract"]
        return Spec(
            *(functions.get(name) or Entry(name) for name in names),
            shipped=facts["shipped"],
            weight=facts["weight"],
            described=names,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise CourseError(
            _("{file} is damaged. Copy it from a fresh download of the kit.", file=path)
        ) from error


def _function(entry: Mapping[str, Any]) -> Function:
    tolerance = entry["tolerance"]
    return Function(
        entry["name"],
        inputs={},
        naive=_nothing,
        cases=tuple(_case(number, each) for number, each in enumerate(entry["examples"], 1)),
        dtypes=(_dtype(entry["dtype"]),),
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
        tolerance=None if tolerance is None else Tolerance(**tolerance),
    )


def _case(number: int, example: Mapping[str, Any]) -> Case:
    arguments = example["arguments"].values()
    known = Known(expected=value_of(example["result"]), precise=value_of(example["precise"]))
    for argument in arguments:
        value_of(argument)  # what is damaged is told before anything is judged
    return Case(
        f"open example {number}",
        given=lambda _sizes, _generator: tuple(map(value_of, arguments)),
        known=known,
    )


def _nothing() -> None:
    """The slow version of an exercise that has none here."""


def plain(value: object) -> object:
    """A value as JSON has it.

    Args:
        value: a tensor on the CPU, a number, a text, None, or a list, tuple or dict of such.

    Raises:
        NotPlainError: it is something else.
    """
    match value:
        case Tensor():
            return _tensor(value)
        case float() if not math.isfinite(value):
            return {"float": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case tuple() if type(value) is tuple:
            return {"tuple": [plain(each) for each in value]}
        case list():
            return [plain(each) for each in value]
        case dict():
            return {"dict": [[plain(key), plain(each)] for key, each in value.items()]}
    raise NotPlainError(type(value).__name__)


def value_of(written_value: Any) -> Any:
    """The value that `plain` has written, made afresh.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, RuntimeError: it is none.
    """
    if isinstance(written_value, list):
        return [value_of(each) for each in written_value]
    if not isinstance(written_value, dict):
        return written_value
    if "tuple" in written_value:
        return tuple(value_of(each) for each in written_value["tuple"])
    if "dict" in written_value:
        return {value_of(key): value_of(each) for key, each in written_value["dict"]}
    if "float" in written_value:
        return _NOT_IN_JSON[written_value["float"]]
    values = torch.tensor(_numbers(written_value["values"]), dtype=_dtype(written_value["dtype"]))
    return values.reshape(written_value["shape"])


def _tensor(tensor: Tensor) -> dict[str, object]:
    if tensor.is_complex() or tensor.requires_grad or tensor.layout != torch.strided:
        raise NotPlainError(str(tensor.dtype))
    return {
        "dtype": _name(tensor.dtype),
        "shape": list(tensor.shape),
        "values": _rows(tensor, tensor.tolist()),
    }


def _rows(tensor: Tensor, values: Any) -> Any:
    """Values that JSON has; those of float32 as short as they can be told apart."""
    if isinstance(values, list):
        return [_rows(tensor, each) for each in values]
    if isinstance(values, float):
        if not math.isfinite(values):
            return str(values)
        return float(f"{values:.9g}") if tensor.dtype is torch.float32 else values
    return values


def _numbers(values: Any) -> Any:
    if isinstance(values, list):
        return [_numbers(each) for each in values]
    return _NOT_IN_JSON[values] if isinstance(values, str) else values


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise TypeError(name)
    return found
