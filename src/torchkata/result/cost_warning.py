"""Warnings about costs that are avoidable in any code, as plain data with their sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from torchkata.i18n import ENGLISH_TRANSLATOR, Message, Translator, _, quantities
from torchkata.i18n.op_names import spelling


class WarningKind(StrEnum):
    """What a warning is about."""

    SYNC_IN_LOOP = "sync-in-loop"
    CAT_IN_LOOP = "cat-in-loop"
    OP_PER_ROW = "op-per-row"
    PERMUTED_COPY = "permuted-copy"
    GRAPH_KEPT = "graph-kept"
    FLOAT64 = "float64"
    WRONG_DEVICE = "wrong-device"


@dataclass(frozen=True, kw_only=True)
class CostWarning:
    """A cost that can be avoided.

    Attributes:
        kind: what it is about.
        file: the file's name.
        line: the line that causes it.
        values: of its sentence.
    """

    kind: WarningKind
    file: str
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """What happens, and what to do instead."""
        return _SENTENCES[self.kind](self.values)

    def as_json(self, translate: Translator = ENGLISH_TRANSLATOR) -> dict[str, Any]:
        """Return the warning as JSON-ready data."""
        return {
            "kind": self.kind.value,
            "file": self.file,
            "line": self.line,
            "message": translate(self.message),
        }


def _sync_in_loop(values: Mapping[str, Any]) -> Message:
    return _(
        "{op} in a loop: on a GPU, the CPU waits here {count:,} times per call. Collect the values "
        "in a tensor, and read it once after the loop.",
        op=values["op"],
        count=values["count"],
    )


def _cat_in_loop(values: Mapping[str, Any]) -> Message:
    return _(
        "`cat` in a loop copies what has grown so far in each turn: {copied} in {count:,} calls "
        "for a result of {final}. Append to a list, and call `cat` once after the loop.",
        copied=quantities.size(values["copied"]),
        count=values["count"],
        final=quantities.size(values["final"]),
    )


def _op_per_row(values: Mapping[str, Any]) -> Message:
    return _(
        "{ops:,} ops for {rows:,} rows, one row at a time. Apply the op to the whole tensor; "
        "broadcasting, indexing or `vmap` replace the loop.",
        ops=values["ops"],
        rows=values["rows"],
    )


def _permuted_copy(values: Mapping[str, Any]) -> Message:
    return _(
        "{op} copies a permuted tensor ({size}), because its elements are not in the order that "
        "the result needs. Permute after the op that needs this order, or use `einsum` or an op "
        "that takes strides.",
        op=values["op"],
        size=quantities.size(values["size"]),
    )


def _graph_kept(values: Mapping[str, Any]) -> Message:
    return _(
        "The result of {op} is still alive with its autograd graph after the call ({holder}). "
        "Store `x.detach()`, or a number.",
        op=spelling(values["op"]),
        holder=values["holder"],
    )


def _float64(values: Mapping[str, Any]) -> Message:
    return _(
        "{op} turns {dtype} into float64 ({size}), which takes twice the memory or more, and on "
        "most GPUs is many times slower. Keep the dtype: convert arrays and constants before.",
        op=spelling(values["op"]),
        dtype=values["dtype"],
        size=quantities.size(values["size"]),
    )


def _wrong_device(values: Mapping[str, Any]) -> Message:
    if values["moved"]:
        return _(
            "`{call}` without `device=` creates the tensor on the CPU, and it is copied to the "
            "device afterwards. Pass `device=x.device`.",
            call=values["call"],
        )
    return _(
        "`{call}` without `device=` creates the tensor on the CPU, and line {line} combines it "
        "with a tensor of the inputs' device. On a GPU, this raises an error. Pass "
        "`device=x.device`.",
        call=values["call"],
        line=values["line"],
    )


_SENTENCES: Final = {
    WarningKind.SYNC_IN_LOOP: _sync_in_loop,
    WarningKind.CAT_IN_LOOP: _cat_in_loop,
    WarningKind.OP_PER_ROW: _op_per_row,
    WarningKind.PERMUTED_COPY: _permuted_copy,
    WarningKind.GRAPH_KEPT: _graph_kept,
    WarningKind.FLOAT64: _float64,
    WarningKind.WRONG_DEVICE: _wrong_device,
}
