"""The wire format between judge and worker: one frame is a JSON header and raw buffers.

Both directions use it. From the judge to a worker (trusted) a frame may also carry cloudpickle;
from a worker to the judge it never does: every length, dtype and index is checked before use.
Layout of a frame: magic `KATA`, header length (u32), payload length (u64), header, payload.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any, Final

import cloudpickle
import numpy as np
import torch

from torchkata.errors import ProtocolError

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
_ARRAY_KINDS: Final = "biufc"


@dataclass(frozen=True)
class Opaque:
    """A value that does not cross the wire; only what it is does, such as `a generator`."""

    what: str


@dataclass(frozen=True)
class Frame:
    """A frame ready to be sent: `head` (prefix and header) and the payload's pieces."""

    head: bytes
    pieces: list[memoryview | bytes]

    def chunks(self) -> list[memoryview | bytes]:
        """Everything to write, in order."""
        return [self.head, *self.pieces]


class _Encoder:
    """Turns a value into JSON nodes and collects the buffers that they name."""

    def __init__(self, *, pickles: bool) -> None:
        self.pickles = pickles
        self.buffers: list[memoryview | bytes] = []
        self.storages: dict[int, int] = {}

    def buffer(self, data: memoryview | bytes) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1

    def node(self, value: object, depth: int = 0) -> Any:  # noqa: PLR0911 - one kind per line
        if depth > MOST_DEPTH:
            return {"O": "a value nested too deep"}
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            number: float = value  # type: ignore[assignment]
            return number if math.isfinite(number) else {"f": repr(number)}
        if kind is list:
            return [self.node(leaf, depth + 1) for leaf in value]  # type: ignore[attr-defined]
        if isinstance(value, tuple):
            return {"t": [self.node(leaf, depth + 1) for leaf in value]}
        if isinstance(value, dict):
            pairs = value.items()
            return {"d": [[self.node(k, depth + 1), self.node(v, depth + 1)] for k, v in pairs]}
        if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
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
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        array = np.asarray(value)
        if array.dtype.kind not in _ARRAY_KINDS or not array.dtype.isnative:
            return {"O": f"a numpy array of dtype {array.dtype}"}
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        scalar = isinstance(value, np.generic)
        return {"A": [self.buffer(data), array.dtype.str, list(array.shape), scalar]}

    def _tensor(self, tensor: torch.Tensor) -> Any:
        name = str(tensor.dtype).removeprefix("torch.")
        if name not in DTYPES or tensor.layout is not torch.strided:
            return {"O": f"a tensor of dtype {name} and layout {tensor.layout}"}
        if not self.pickles and type(tensor) not in (torch.Tensor, torch.nn.Parameter):
            return {"O": f"a tensor subclass, {type(tensor).__name__}"}
        grad = tensor.requires_grad
        tensor = tensor.detach().resolve_conj().resolve_neg()
        if not self.pickles:  # a reply carries values; strides of the learner's tensor do not count
            tensor = tensor.contiguous()
        storage = tensor.untyped_storage()
        whole = torch.empty(0, dtype=torch.uint8).set_(storage)  # type: ignore[call-overload]
        if not self.pickles:
            size = tensor.element_size()
            start = tensor.storage_offset() * size
            whole = whole[start : start + tensor.numel() * size]
        key = storage._cdata  # noqa: SLF001 - the storage's identity
        if not self.pickles or key not in self.storages:
            self.storages[key] = self.buffer(whole.numpy().data)
        offset = tensor.storage_offset() if self.pickles else 0
        size_stride = [list(tensor.shape), list(tensor.stride()), offset]
        return {"T": [self.storages[key], name, *size_stride, grad]}


def _described(value: object) -> str:
    kind = type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return f"{article} {kind}"[:200]


def encode(value: object, *, pickles: bool = False) -> Frame:
    """Make a frame of plain data and tensors.

    Args:
        value: None, bools, numbers, strings, bytes, dtypes, devices, tensors, numpy arrays, and
            lists, tuples and dicts of these. Anything else becomes `Opaque`, or cloudpickle.
        pickles: allow cloudpickle and keep strides and shared storage (judge to worker only).
    """
    encoder = _Encoder(pickles=pickles)
    node = encoder.node(value)
    lengths = [len(memoryview(piece).cast("B")) for piece in encoder.buffers]
    header = json.dumps({"value": node, "buffers": lengths}, separators=(",", ":")).encode()
    pieces: list[memoryview | bytes] = []
    for piece, length in zip(encoder.buffers, lengths, strict=True):
        pieces.append(piece)
        if length % _ALIGNMENT:
            pieces.append(bytes(_ALIGNMENT - length % _ALIGNMENT))
    payload = sum(_padded(length) for length in lengths)
    return Frame(PREFIX.pack(MAGIC, len(header), payload) + header, pieces)


def _padded(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT


def lengths(prefix: bytes) -> tuple[int, int]:
    """Read the lengths of header and payload from a frame's first 16 bytes.

    Raises:
        ProtocolError: no frame starts here, or it is larger than allowed.
    """
    magic, header, payload = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise ProtocolError("The worker sent something that is not an answer.")
    if header > MOST_HEADER or payload > MOST_PAYLOAD:
        raise ProtocolError(f"The answer is too large: {header:,} + {payload:,} bytes.")
    return header, payload


class _Decoder:
    """Turns JSON nodes back into values, trusting no number in them."""

    def __init__(self, payload: bytearray, sizes: list[int], *, pickles: bool) -> None:
        self.pickles = pickles
        self.views: list[memoryview] = []
        self.storages: dict[int, torch.UntypedStorage] = {}
        start = 0
        for size in sizes:
            self.views.append(memoryview(payload)[start : start + size])
            start += _padded(size)

    def value(self, node: Any, depth: int = 0) -> object:
        if depth > MOST_DEPTH:
            raise ProtocolError("The answer is nested too deep.")
        if isinstance(node, list):
            return [self.value(leaf, depth + 1) for leaf in node]
        if not isinstance(node, dict):
            return node
        ((tag, body),) = node.items()
        match tag:
            case "t":
                return tuple(self.value(leaf, depth + 1) for leaf in body)
            case "d":
                return {_key(self.value(k, depth + 1)): self.value(v, depth + 1) for k, v in body}
            case "f":
                return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body]
            case "y":
                return DTYPES[body]
            case "v":
                return torch.device(body) if self.pickles else str(body)
            case "O":
                return Opaque(str(body)[:300])
            case "B":
                return bytes(self.views[_index(body)])
            case "A":
                return self._array(*body[:3], scalar=body[3] is True)
            case "T":
                return self._tensor(*body)
            case "P" if self.pickles:
                return cloudpickle.loads(self.views[_index(body)])
        raise ProtocolError("The answer has a part of an unknown kind.")

    def _array(self, buffer: int, kind: str, shape: list[int], *, scalar: bool) -> object:
        dtype = np.dtype(kind)
        if dtype.kind not in _ARRAY_KINDS or not dtype.isnative:
            raise ProtocolError("The answer has an array of an unknown kind.")
        array = np.frombuffer(self.views[_index(buffer)], dtype).reshape([_index(n) for n in shape])
        return array[()] if scalar and array.ndim == 0 else array

    def _tensor(
        self, buffer: int, kind: str, size: list[int], stride: list[int], offset: int, grad: bool
    ) -> torch.Tensor:  # fmt: skip
        dtype = DTYPES[kind]
        size, stride = [_index(n) for n in size], [_index(n) for n in stride]
        if len(size) != len(stride):
            raise ProtocolError("The answer has a tensor with as many strides as it has not dims.")
        count = len(self.views[_index(buffer)]) // dtype.itemsize
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and not 0 <= _index(offset) <= last < count:
            raise ProtocolError("The answer has a tensor larger than its bytes.")
        empty = torch.empty(0, dtype=dtype)
        tensor = (
            empty.new_empty(size)
            if 0 in size
            else empty.set_(self._storage(buffer), offset, size, stride)  # type: ignore[call-overload]
        )
        return tensor.requires_grad_(grad is True and dtype.is_floating_point)  # type: ignore[no-any-return]

    def _storage(self, buffer: int) -> torch.UntypedStorage:
        if buffer not in self.storages:
            self.storages[buffer] = torch.frombuffer(
                self.views[buffer], dtype=torch.uint8
            ).untyped_storage()
        return self.storages[buffer]


def _index(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ProtocolError("The answer has a count that is not a whole number.")
    return number


def _key(key: object) -> object:
    if not isinstance(key, (str, int, float, bool, tuple, type(None))):
        raise ProtocolError("The answer has a dict with a key of an unknown kind.")
    return key


def decode(header: bytes | bytearray, payload: bytearray, *, pickles: bool = False) -> object:
    """Read a frame's value; tensors share memory with `payload`.

    Raises:
        ProtocolError: anything in it is not as `encode` would have written it.
    """
    try:
        document = json.loads(header)
        sizes = [_index(size) for size in document["buffers"]]
        if sum(_padded(size) for size in sizes) != len(payload):
            raise ProtocolError("The answer's bytes are not as many as it says.")
        return _Decoder(payload, sizes, pickles=pickles).value(document["value"])
    except ProtocolError:
        raise
    except Exception as error:
        if pickles:
            raise
        raise ProtocolError(f"The answer cannot be read ({type(error).__name__}).") from error
