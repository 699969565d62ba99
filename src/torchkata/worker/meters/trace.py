"""Writes down what a call did, op by op with shapes and dtypes: what explanations look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch._ops import OpOverload

from torchkata.worker.frames import learner_line
from torchkata.worker.meters.dispatch_meter import Meter, record, whole
from torchkata.worker.meters.ops import READ_ONE, asked_by_torch

_UNSEEN: Final = torch._C._DisableTorchDispatch  # noqa: SLF001 - a twin's mode would take part otherwise
_ROOTS: Final = {"sqrt", "rsqrt", "hypot", "linalg_vector_norm", "norm"}
_MOST_OPS: Final = 2000  # a call that makes more has shown by then what it repeats
_MOST_STEPS: Final = 2000
_MOST_NAMED: Final = 8  # tensors of one op, and dims of one tensor
_LONGEST: Final = 80


@dataclass(frozen=True, kw_only=True)
class Step:
    """One kind of op in one line, as often as it came in the same form.

    Attributes:
        op: ATen's name without overload.
        line: of the submission; 0 where no learner code was running.
        count: how often.
        takes: shapes of the tensors among its arguments.
        dtypes: theirs, such as `float32`.
        gives: the first result's shape; None where there is no tensor.
        dtype: its dtype.
        first: what its first result held that no argument did: `nan`, `inf`, or nothing.
        zero: whether its first argument held a 0; asked of roots only.
        writes: which tensor of the arguments it wrote into: `input` (one that the caller passed),
            `own`, or none.
    """

    op: str
    line: int
    count: int
    takes: tuple[tuple[int, ...], ...] = ()
    dtypes: tuple[str, ...] = ()
    gives: tuple[int, ...] | None = None
    dtype: str = ""
    first: str = ""
    zero: bool = False
    writes: str = ""


class EnoughSeen(BaseException):  # so that no `except Exception` of the learner's catches it
    """Ends a call that was traced for long enough."""


class TraceMeter(Meter):  # type: ignore[no-untyped-call]
    """Notes every op while it is on, up to a few thousand; then it ends the call by `EnoughSeen`.

    Args:
        inputs: the tensors that the caller passed.
    """

    def __init__(self, inputs: list[torch.Tensor]) -> None:
        super().__init__()
        self._inputs = {_address(tensor) for tensor in inputs} - {0}
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._ops = 0

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._ops += 1
        if self._ops > _MOST_OPS:
            raise EnoughSeen
        if func is READ_ONE and asked_by_torch():  # as Adam reads its step counter
            return func(*args, **kwargs)
        given = list(_tensors((args, kwargs)))[:_MOST_NAMED]
        name = _op(func)
        writes = self._writes(func, args)
        before = [_fault(tensor) for tensor in given] if writes else None
        zero = name in _ROOTS and bool(given) and _holds_zero(given[0])
        takes = tuple(tuple(tensor.shape) for tensor in given)
        dtypes = tuple(_name(tensor) for tensor in given)
        result = func(*args, **kwargs)
        found = next(_tensors(result), None)
        fault = _fault(found) if found is not None else ""
        if fault and before is None:  # most results are sound, and looking costs time
            before = [_fault(tensor) for tensor in given]
        key = (
            name,
            learner_line() or 0,
            takes,
            dtypes,
            tuple(found.shape) if found is not None else None,
            _name(found) if found is not None else "",
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
        for place, argument in enumerate(schema.arguments if schema is not None else ()):
            written = argument.alias_info is not None and argument.alias_info.is_write
            if written and place < len(args):
                for tensor in _tensors(args[place]):
                    return "input" if _address(tensor) in self._inputs else "own"
        return ""

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What has been seen so far, as plain data."""
        names = ("op", "line", "takes", "dtypes", "gives", "dtype", "first", "zero", "writes")
        with self._lock:
            return [
                asdict(Step(count=count, **dict(zip(names, key, strict=True))))
                for key, count in self._seen.items()
            ]


def read_steps(data: object) -> tuple[Step, ...]:
    """Read `TraceMeter.steps` back from a process that is not trusted.

    Raises:
        ValueError: the data are ill-formed.
    """
    if type(data) is not list or len(data) > _MOST_STEPS:
        raise ValueError("the steps are no list")
    return tuple(_step(row) for row in data)


def _step(row: object) -> Step:
    fields = record(row, "a step", set(Step.__dataclass_fields__))
    texts = {key: str(fields[key])[:_LONGEST] for key in ("op", "dtype", "first", "writes")}
    gives = fields["gives"]
    return Step(
        line=whole(fields["line"], "a line"),
        count=whole(fields["count"], "a count"),
        takes=tuple(_shape(shape) for shape in _row(fields["takes"])),
        dtypes=tuple(str(name)[:_LONGEST] for name in _row(fields["dtypes"])),
        gives=None if gives is None else _shape(gives),
        zero=fields["zero"] is True,
        **texts,
    )


def _row(value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple) or len(value) > 8 * _MOST_NAMED:
        raise ValueError("a step has a part that is no short row")
    return tuple(value)


def _shape(value: object) -> tuple[int, ...]:
    return tuple(whole(size, "a size") for size in _row(value))


def _op(func: Any) -> str:
    if not isinstance(func, OpOverload):
        return str(func)[:_LONGEST]
    return func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only place it is kept


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _address(tensor: torch.Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def _values(tensor: torch.Tensor) -> torch.Tensor | None:
    """What can be looked into: numbers that lie on the CPU, or in a twin tensor."""
    held = getattr(tensor, "held", tensor)
    plain = isinstance(held, torch.Tensor) and held.layout is torch.strided
    return held if plain and held.device.type == "cpu" and held.numel() else None


def _fault(tensor: torch.Tensor) -> str:
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
