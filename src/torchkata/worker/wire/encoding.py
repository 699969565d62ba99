"""The wire format between judge and worker: one frame is a JSON header and raw buffers.

Both directions use it. A frame from the judge to a worker (trusted) may also carry cloudpickle. A
frame from a worker to the judge never does: every length, dtype and index is checked before use.
Layout of a frame: magic `KATA`, header length (u32), payload length (u64), header, payload.
"""

from __future__ import annotations

import builtins
import json.encoder
import math
import struct
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import cloudpickle
import numpy as np
import torch

from torchkata.errors import ProtocolError
from torchkata.i18n import _

MAGIC: Final = b"KATA"
PREFIX: Final = struct.Struct("<4sIQ")
MOST_HEADER: Final = 4 << 20  # bytes
MOST_PAYLOAD: Final = 1 << 30
MOST_DEPTH: Final = 32
_ALIGNMENT: Final = 64

DTYPES: Final = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
        torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
    )
}  # fmt: skip
ARRAY_KINDS: Final = "biufc"


# Saved now, because a submission may replace them, and what runs here is not measured.
_Tensor, _Parameter = torch.Tensor, torch.nn.Parameter
_BASE = torch._C.TensorBase  # noqa: SLF001 - the methods that torch.Tensor inherits
_detach, _contiguous = _BASE.detach, _BASE.contiguous
_resolve_conj, _resolve_neg = _BASE.resolve_conj, _BASE.resolve_neg
_numpy, _set = _BASE.numpy, _BASE.set_
_element_size, _storage_offset = _BASE.element_size, _BASE.storage_offset
_numel, _stride = _BASE.numel, _BASE.stride
_storage = _Tensor.untyped_storage
_empty, _uint8, _strided = torch.empty, torch.uint8, torch.strided
_items = dict.items
_no_overrides = torch._C.DisableTorchFunction  # noqa: SLF001 - has no public name
globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep


def _json_writer() -> Callable[[object], str]:
    """Return a function that writes JSON and looks up nothing that a submission could replace."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without it
        return json.JSONEncoder(separators=(",", ":")).encode
    text = json.encoder.encode_basestring_ascii
    options = {"sort_keys": False, "skipkeys": False, "allow_nan": True}
    write = make(
        markers=None, default=_refuse, encoder=text, indent=None, key_separator=":",
        item_separator=",", **options,
    )  # fmt: skip
    join = str.join
    return lambda value: join("", write(value, 0))


def _refuse(value: object) -> None:
    raise TypeError(type(value).__name__)


_dumps = _json_writer()


@dataclass(frozen=True)
class Opaque:
    """A value that cannot be encoded; only its description is sent, such as `a generator`.

    Attributes:
        what: the description, with an article.
    """

    what: str


@dataclass(frozen=True)
class Frame:
    """An encoded frame.

    Attributes:
        head: prefix and header.
        pieces: the payload, in pieces.
    """

    head: bytes
    pieces: list[memoryview | bytes]

    def chunks(self) -> list[memoryview | bytes]:
        """Return everything to write, in order."""
        return [self.head, *self.pieces]


class _Encoder:
    """Turns a value into JSON nodes and collects the buffers that they refer to."""

    def __init__(self, *, pickles: bool) -> None:
        self.pickles = pickles
        self.buffers: list[memoryview | bytes] = []
        self.storages: dict[int, int] = {}

    def buffer(self, data: memoryview | bytes) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1

    def node(self, value: object, depth: int = 0) -> Any:
        if depth > MOST_DEPTH:
            return {"O": "a value nested too deeply"}
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            number: float = value  # type: ignore[assignment]
            return number if math.isfinite(number) else {"f": repr(number)}
        if kind is list:
            return [self.node(leaf, depth + 1) for leaf in value]  # type: ignore[attr-defined]
        if isinstance(value, tuple):
            return {"t": [self.node(leaf, depth + 1) for leaf in tuple.__iter__(value)]}
        if isinstance(value, dict):
            pairs = _items(value)
            return {"d": [[self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in pairs]}
        if isinstance(value, (_Tensor, np.ndarray, np.generic)):
            return self._array(value)
        if kind is torch.dtype:
            return {"y": str(value).removeprefix("torch.")}
        if kind is torch.device:
            return {"v": str(value)}
        if kind is bytes:
            return {"B": self.buffer(value)}  # type: ignore[arg-type]
        if self.pickles:
            return {"P": self.buffer(cloudpickle.dumps(value))}
        return {"O": _described(value)}

    def _array(self, value: torch.Tensor | np.ndarray[Any, Any] | np.generic) -> Any:
        if isinstance(value, _Tensor):
            return self._tensor(value)
        array = np.asarray(value)
        if array.dtype.kind not in ARRAY_KINDS or not array.dtype.isnative:
            return {"O": f"a NumPy array of dtype {array.dtype}"}
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        scalar = isinstance(value, np.generic)
        return {"A": [self.buffer(data), array.dtype.str, list(array.shape), scalar]}

    def _tensor(self, tensor: torch.Tensor) -> Any:
        name = str(tensor.dtype).removeprefix("torch.")
        if name not in DTYPES or tensor.layout is not _strided:
            return {"O": f"a tensor of dtype {name} and layout {tensor.layout}"}
        if not self.pickles and type(tensor) not in (_Tensor, _Parameter):
            return {"O": f"a tensor subclass, {type(tensor).__name__}"}
        grad = tensor.requires_grad
        tensor = _resolve_neg(_resolve_conj(_detach(tensor)))
        if not self.pickles:  # the strides of a result do not matter
            tensor = _contiguous(tensor)
        storage = _storage(tensor)
        whole = _set(_empty(0, dtype=_uint8), storage)
        if not self.pickles:
            size = _element_size(tensor)
            start = _storage_offset(tensor) * size
            whole = whole[start : start + _numel(tensor) * size]
        key = storage._cdata  # noqa: SLF001 - the storage's identity
        if not self.pickles or key not in self.storages:
            self.storages[key] = self.buffer(_numpy(whole).data)
        offset = _storage_offset(tensor) if self.pickles else 0
        size_stride = [list(tensor.shape), list(_stride(tensor)), offset]
        return {"T": [self.storages[key], name, *size_stride, grad]}


def can_be_sent(tensor: torch.Tensor) -> bool:
    """Return whether a worker can send a tensor: strided, and of a dtype that the format knows."""
    name = str(tensor.dtype).removeprefix("torch.")
    return name in DTYPES and tensor.layout is torch.strided


def _described(value: object) -> str:
    kind = type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return f"{article} {kind}"[:200]


def encode(value: object, *, pickles: bool = False) -> Frame:
    """Encode plain data and tensors as a frame.

    Args:
        value: None, bools, numbers, strings, bytes, dtypes, devices, tensors, NumPy arrays, and
            lists, tuples and dicts of these. Anything else becomes `Opaque`, or cloudpickle.
        pickles: whether to allow cloudpickle and to keep strides and shared storages (judge to
            worker only).
    """
    encoder = _Encoder(pickles=pickles)
    with nullcontext() if pickles else _no_overrides():  # a submission may have left a mode on
        node = encoder.node(value)
    lengths = [len(memoryview(piece).cast("B")) for piece in encoder.buffers]
    header = _dumps({"value": node, "buffers": lengths}).encode()
    pieces: list[memoryview | bytes] = []
    for piece, length in zip(encoder.buffers, lengths, strict=True):
        pieces.append(piece)
        if length % _ALIGNMENT:
            pieces.append(bytes(_ALIGNMENT - length % _ALIGNMENT))
    payload = sum(padded(length) for length in lengths)
    return Frame(PREFIX.pack(MAGIC, len(header), payload) + header, pieces)


def padded(length: int) -> int:
    """Return the bytes that a buffer occupies in a payload, including padding."""
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return the lengths of header and payload, from the first 16 bytes of a frame.

    Raises:
        ProtocolError: the bytes do not start a frame, or the frame is larger than allowed.
    """
    magic, header, payload = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise ProtocolError(_("The worker sent bytes that are not a reply."))
    if header > MOST_HEADER or payload > MOST_PAYLOAD:
        raise ProtocolError(
            _(
                "The reply is too large: {header:,} + {payload:,} bytes.",
                header=header,
                payload=payload,
            )
        )
    return header, payload
