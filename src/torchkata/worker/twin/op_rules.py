"""How CUDA treats each op: which devices it accepts, what it writes, whether the host waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

_TRANSFERS = {"_to_copy", "copy_", "_foreach_copy_", "copy"}

_HOST_ARGUMENTS = {
    "index": 1,
    "_unsafe_index": 1,
    "index_put": 1,
    "index_put_": 1,
    "_index_put_impl_": 1,
    "_unsafe_index_put": 1,
    "_pack_padded_sequence": 1,
    "_pad_packed_sequence": 1,
    "lstm": 1,
    "gru": 1,
    "rnn_tanh": 1,
    "rnn_relu": 1,
}
"""Position of an argument that may be on the CPU although the tensor itself is on the device.

For recurrent nets it is `batch_sizes` of a packed sequence, which CUDA requires on the CPU.
"""

_NO_SCALARS = {
    "cat",
    "stack",
    "index_select",
    "gather",
    "scatter",
    "scatter_",
    "scatter_add",
    "scatter_add_",
    "index_add",
    "index_add_",
    "index_copy",
    "index_copy_",
    "embedding",
    "take",
    "searchsorted",
    "bucketize",
    "dot",
    "bincount",
}
"""Ops for which CUDA does not accept a 0-d CPU tensor as a number."""

_READS = {
    "_local_scalar_dense": "item",
    "equal": "equal",
    "allclose": "allclose",
    "nonzero": "nonzero",
    "masked_select": "masked_select",
    "_unique": "unique",
    "_unique2": "unique",
    "unique_dim": "unique",
    "unique_consecutive": "unique",
    "unique_dim_consecutive": "unique",
    "bincount": "bincount",
    "_linalg_check_errors": "linalg error check",
}


@dataclass(frozen=True)
class OpRule:
    """The properties of an op that do not depend on its arguments.

    Attributes:
        name: without namespace and overload, such as `add_`.
        is_transfer: whether it moves values between devices.
        host_argument: position of an argument that may be on the CPU.
        accepts_cpu_scalars: whether a 0-d CPU tensor is accepted as a number.
        written: positions and names of the arguments that it writes to.
        reshapes: whether it may change the shape of an argument in place.
        second_on_host: whether its second result is on the CPU.
    """

    name: str
    is_transfer: bool
    host_argument: int | None
    accepts_cpu_scalars: bool
    written: tuple[int | str, ...]
    reshapes: bool
    second_on_host: bool


@cache
def op_rule(op: Any) -> OpRule:
    """Return the rule of an ATen op, computed once per op."""
    name = op.overloadpacket.__name__
    written = tuple(
        argument.name if argument.kwarg_only else position
        for position, argument in enumerate(op._schema.arguments)  # noqa: SLF001 - as torch does
        if argument.alias_info is not None and argument.alias_info.is_write
    )
    out = any(isinstance(key, str) for key in written)
    return OpRule(
        name=name,
        is_transfer=name in _TRANSFERS,
        host_argument=_HOST_ARGUMENTS.get(name),
        accepts_cpu_scalars=name not in _NO_SCALARS,
        written=written,
        reshapes=out or torch.Tag.inplace_view in op.tags or name in {"resize_", "set_"},
        second_on_host=name == "_pack_padded_sequence",
    )


def _count_twin_masks(indices: Any, twin: type) -> int:
    return sum(
        isinstance(index, torch.Tensor)
        and isinstance(index, twin)
        and index.dtype in {torch.bool, torch.uint8}
        for index in indices
    )


def host_sync(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], twin: type) -> str | None:
    """Return why an op makes the host wait for the device.

    Args:
        name: the name of the op.
        args: its arguments, wrapped; at least one is on the twin.
        kwargs: its keyword arguments.
        twin: the class of twin tensors.

    Returns:
        A reason such as `nonzero`; None if the host does not wait. Copies to the CPU are not
        covered; the caller has to detect them.
    """
    reason = _READS.get(name)
    if reason is not None:
        return reason
    if name == "repeat_interleave" and kwargs.get("output_size") is None:
        return "repeat_interleave without output_size"
    if name in {"index", "_unsafe_index"}:
        return "boolean mask" if _count_twin_masks(args[1], twin) else None
    if name in {"index_put", "index_put_", "_index_put_impl_", "_unsafe_index_put"}:
        masks = _count_twin_masks(args[1], twin)
        filled = args[2].numel() == 1 and len(args[1]) == 1  # CUDA uses masked_fill for it
        return "boolean mask" if masks and not filled else None
    return None
