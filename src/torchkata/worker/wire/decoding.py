"""Decode the wire format, without trusting it: a frame becomes a value or a ProtocolError."""

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
    """Turns JSON nodes back into values, and checks every number in them."""

    def __init__(self, payload: bytearray, sizes: list[int], *, pickles: bool) -> None:
        self.pickles = pickles
        self.views: list[memoryview] = []
        self.storages: dict[int, torch.UntypedStorage] = {}
        start = 0
        for size in sizes:
            self.views.append(memoryview(payload)[start : start + size])
            start += padded(size)
        if start != len(payload):
            raise ProtocolError(_("The reply does not have as many bytes as it claims."))

    def value(self, node: Any, depth: int = 0) -> object:
        if depth > MOST_DEPTH + 1:  # the encoder uses one level to say that a value is too deep
            raise ProtocolError(_("The reply is nested too deeply."))
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
        raise ProtocolError(_("The reply contains a part of an unknown kind."))

    def _array(self, buffer: int, kind: str, shape: list[int], *, scalar: bool) -> object:
        dtype = np.dtype(kind)
        if dtype.kind not in ARRAY_KINDS or not dtype.isnative:
            raise ProtocolError(_("The reply contains an array of an unknown dtype."))
        array = np.frombuffer(self.views[_index(buffer)], dtype).reshape([_index(n) for n in shape])
        return array[()] if scalar and array.ndim == 0 else array

    def _tensor(
        self, buffer: int, kind: str, size: list[int], stride: list[int], offset: int, grad: object
    ) -> torch.Tensor:
        dtype = DTYPES[kind]
        size, stride = [_index(n) for n in size], [_index(n) for n in stride]
        if len(size) != len(stride):
            raise ProtocolError(
                _(
                    "The reply contains a tensor whose number of strides does not match its number "
                    "of dimensions."
                )
            )
        count, rest = divmod(len(self.views[_index(buffer)]), dtype.itemsize)
        if not self.pickles and (rest or offset != 0 or math.prod(size) != count):
            # Replies are contiguous: a stride of 0 would expand one byte to any size.
            raise ProtocolError(_("The reply contains a tensor that does not match its bytes."))
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and not 0 <= _index(offset) <= last < count:
            raise ProtocolError(_("The reply contains a tensor that is larger than its bytes."))
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
        raise ProtocolError(_("The reply contains a count that is not a whole number."))
    return number


def _key(key: object) -> object:
    if not isinstance(key, (str, int, float, bool, tuple, type(None))):
        raise ProtocolError(_("The reply contains a dict with a key of an unknown type."))
    return key


def decode(header: bytes | bytearray, payload: bytearray, *, pickles: bool = False) -> object:
    """Decode the value of a frame; tensors share memory with `payload`.

    Args:
        header: the JSON.
        payload: the buffers.
        pickles: whether to load cloudpickle; only for frames of the judge.

    Raises:
        ProtocolError: `encode` would not have written the frame like this.
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
            _("The reply cannot be read ({error}).", error=type(error).__name__)
        ) from error
