"""Record the ops of a call with shapes and dtypes; explanations of failures are based on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch._ops import OpOverload

from torchkata.worker.frames import learner_line
from torchkata.worker.meters.conversions import READ_ONE, read_by_torch
from torchkata.worker.meters.dispatch_meter import Meter
from torchkata.worker.meters.validation import read_count, read_fields
from torchkata.worker.twin.tensor import TwinTensorBase, inner_of

_UNSEEN: Final = torch._C._DisableTorchDispatch  # noqa: SLF001 - keeps the twin's mode out
_ROOTS: Final = {"sqrt", "rsqrt", "hypot", "linalg_vector_norm", "norm"}
_MOST_OPS: Final = 2000  # a call with more has shown its pattern by then
_MOST_STEPS: Final = 2000
_MOST_NAMED: Final = 8  # tensors of one op
_LONGEST: Final = 80


@dataclass(frozen=True, kw_only=True)
class Step:
    """All calls of an op in one line that have the same shapes, dtypes and findings.

    Attributes:
        op: ATen's name, without overload.
        line: the line of the submission; 0 if no learner code was running.
        count: the number of calls.
        input_shapes: the shapes of the tensors among its arguments.
        input_dtypes: their dtypes, such as `float32`.
        output_shape: the shape of the first result; None if it is not a tensor.
        output_dtype: the dtype of the first result.
        new_nonfinite: `nan` or `inf` if the first result contains it and no argument does, else
            empty.
        zero_input: whether the first argument contains a 0; recorded for roots only.
        writes_to: the tensor that it writes to: `input` (the caller passed it), `own`, or empty
            for none.
    """

    op: str
    line: int
    count: int
    input_shapes: tuple[tuple[int, ...], ...] = ()
    input_dtypes: tuple[str, ...] = ()
    output_shape: tuple[int, ...] | None = None
    output_dtype: str = ""
    new_nonfinite: str = ""
    zero_input: bool = False
    writes_to: str = ""


class TraceLimitReached(BaseException):  # no `except Exception` of the learner catches it
    """Raised to end a call once enough ops are recorded."""


class TraceMeter(Meter):  # type: ignore[no-untyped-call]
    """Records every op while it is on; after a few thousand, raises `TraceLimitReached`.

    Args:
        inputs: the tensors that the caller passes.
    """

    def __init__(self, inputs: list[torch.Tensor]) -> None:
        super().__init__()
        self._inputs = {_address(tensor) for tensor in inputs} - {0}
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._ops = 0

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._ops += 1
        if self._ops > _MOST_OPS:
            raise TraceLimitReached
        if func is READ_ONE and read_by_torch():  # as Adam reads its step counter
            return func(*args, **kwargs)
        inputs = list(_tensors((args, kwargs)))[:_MOST_NAMED]
        name = _op_name(func)
        writes = self._writes(func, args)
        before = [_nonfinite(tensor) for tensor in inputs] if writes else None
        zero = name in _ROOTS and bool(inputs) and _holds_zero(inputs[0])
        takes = tuple(tuple(tensor.shape) for tensor in inputs)
        dtypes = tuple(_dtype_name(tensor) for tensor in inputs)
        result = func(*args, **kwargs)
        output = next(_tensors(result), None)
        fault = _nonfinite(output) if output is not None else ""
        if fault and before is None:  # most results are finite, and checking takes time
            before = [_nonfinite(tensor) for tensor in inputs]
        key = (
            name,
            learner_line() or 0,
            takes,
            dtypes,
            tuple(output.shape) if output is not None else None,
            _dtype_name(output) if output is not None else "",
            "" if fault in ("", *(before or ())) else fault,
            zero,
            writes,
        )
        with self._lock:
            if key in self._seen or len(self._seen) < _MOST_STEPS:
                self._seen[key] += 1
        return result

    def _writes(self, func: Any, args: tuple[Any, ...]) -> str:
        schema = getattr(func, "_schema", None)
        for position, argument in enumerate(schema.arguments if schema is not None else ()):
            written = argument.alias_info is not None and argument.alias_info.is_write
            if written and position < len(args):
                for tensor in _tensors(args[position]):
                    return "input" if _address(tensor) in self._inputs else "own"
        return ""

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps recorded so far, as plain data."""
        names = tuple(name for name in Step.__dataclass_fields__ if name != "count")
        with self._lock:
            return [
                asdict(Step(count=count, **dict(zip(names, key, strict=True))))
                for key, count in self._seen.items()
            ]


def read_steps(data: object) -> tuple[Step, ...]:
    """Read `TraceMeter.steps` from an untrusted process.

    Raises:
        ValueError: the data are malformed.
    """
    if type(data) is not list or len(data) > _MOST_STEPS:
        raise ValueError("the steps are not a list")
    return tuple(_step(row) for row in data)


def _step(row: object) -> Step:
    fields = read_fields(row, "a step", set(Step.__dataclass_fields__))
    text_keys = ("op", "output_dtype", "new_nonfinite", "writes_to")
    texts = {key: str(fields[key])[:_LONGEST] for key in text_keys}
    output_shape = fields["output_shape"]
    return Step(
        line=read_count(fields["line"], "a line"),
        count=read_count(fields["count"], "a count"),
        input_shapes=tuple(_shape(shape) for shape in _row(fields["input_shapes"])),
        input_dtypes=tuple(str(name)[:_LONGEST] for name in _row(fields["input_dtypes"])),
        output_shape=None if output_shape is None else _shape(output_shape),
        zero_input=fields["zero_input"] is True,
        **texts,
    )


def _row(value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple) or len(value) > 8 * _MOST_NAMED:
        raise ValueError("a step has a field that is not a short row")
    return tuple(value)


def _shape(value: object) -> tuple[int, ...]:
    return tuple(read_count(size, "a size") for size in _row(value))


def _op_name(func: Any) -> str:
    if not isinstance(func, OpOverload):
        return str(func)[:_LONGEST]
    return func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only source of it


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


def _dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _address(tensor: torch.Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def _values(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor on the CPU that holds the values; None if there is none to look at."""
    inner = inner_of(tensor) if isinstance(tensor, TwinTensorBase) else tensor
    plain = inner.layout is torch.strided
    return inner if plain and inner.device.type == "cpu" and inner.numel() else None


def _nonfinite(tensor: torch.Tensor) -> str:
    values = _values(tensor)
    if values is None or not (values.is_floating_point() or values.is_complex()):
        return ""
    with _UNSEEN():
        if bool(values.isfinite().all()):
            return ""
        return "nan" if bool(values.isnan().any()) else "inf"


def _holds_zero(tensor: torch.Tensor) -> bool:
    values = _values(tensor)
    with _UNSEEN():
        return values is not None and bool((values == 0).any())
