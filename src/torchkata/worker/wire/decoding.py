"""Reads the wire format, trusting no number in it: a frame's bytes become a value or an error."""

from __future__ import annotations

import json
import math
from typing import Any

import cloudpickle
import numpy as np
import torch

from torchkata.errors import ProtocolError
from torchkata.i18n import _
from torchkata.worker.wire.encoding import ARRAY_KINDS, DTYPES, MOST_DEPTH, Opaque, padded


class _Decoder:
    """Turns JSON nodes back into values, trusting no number in them."""

    def __init__(self, payload: bytearray, sizes: list[int], *, pickles: bool) -> None:
        self.pickles = pickles
        self.views: list[memoryview] = []
        self.storages: dict[int, torch.UntypedStorage] = {}
        start = 0
        for size in sizes:
            self.views.append(memoryview(payload)[start : start + size])
            start += padded(size)
        if start != len(payload):
            raise ProtocolError(_("The answer's bytes are not as many as it says."))

    def value(self, node: Any, depth: int = 0) -> object:
        if depth > MOST_DEPTH + 1:  # the last level is where the encoder says "too deep"
            raise ProtocolError(_("The answer is nested too deep."))
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
        raise ProtocolError(_("The answer has a part of an unknown kind."))

    def _array(self, buffer: int, kind: str, shape: list[int], *, scalar: bool) -> object:
        dtype = np.dtype(kind)
        if dtype.kind not in ARRAY_KINDS or not dtype.isnative:
            raise ProtocolError(_("The answer has an array of an unknown kind."))
        array = np.frombuffer(self.views[_index(buffer)], dtype).reshape([_index(n) for n in shape])
        return array[()] if scalar and array.ndim == 0 else array

    def _tensor(
        self, buffer: int, kind: str, size: list[int], stride: list[int], offset: int, grad: object
    ) -> torch.Tensor:
        dtype = DTYPES[kind]
        size, stride = [_index(n) for n in size], [_index(n) for n in stride]
        if len(size) != len(stride):
            raise ProtocolError(
                _("The answer has a tensor with as many strides as it has not dims.")
            )
        count, rest = divmod(len(self.views[_index(buffer)]), dtype.itemsize)
        if not self.pickles and (rest or offset != 0 or math.prod(size) != count):
            # Answers are whole and in order: a stride of 0 would unfold one byte to any size.
            raise ProtocolError(_("The answer has a tensor that is not as large as its bytes."))
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and not 0 <= _index(offset) <= last < count:
            raise ProtocolError(_("The answer has a tensor larger than its bytes."))
        empty = torch.empty(0, dtype=dtype)
        tensor = (
            empty.new_empty(size)
            if 0 in size
            else empty.set_(self._storage(buffer), offset, size, stride)
        )
        return tensor.requires_grad_(grad is True and dtype.is_floating_point)

    def _storage(self, buffer: int) -> torch.UntypedStorage:
        if buffer not in self.storages:
            self.storages[buffer] = torch.frombuffer(
                self.views[buffer], dtype=torch.uint8
            ).untyped_storage()
        return self.storages[buffer]


def _index(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ProtocolError(_("The answer has a count that is not a whole number."))
    return number


def _key(key: object) -> object:
    if not isinstance(key, (str, int, float, bool, tuple, type(None))):
        raise ProtocolError(_("The answer has a dict with a key of an unknown kind."))
    return key


def decode(header: bytes | bytearray, payload: bytearray, *, pickles: bool = False) -> object:
    """Read a frame's value; tensors share memory with `payload`.

    Raises:
        ProtocolError: anything in it is not as `encode` would have written it.
    """
    try:
        document = json.loads(header)
        sizes = [_index(size) for size in document["buffers"]]
        return _Decoder(payload, sizes, pickles=pickles).value(document["value"])
    except ProtocolError:
        raise
    except Exception as error:
        if pickles:
            raise
        raise ProtocolError(
            _("The answer cannot be read ({error}).", error=type(error).__name__)
        ) from error
