"""The wire format: values survive the transport, and no reply of a worker harms the judge."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from torchkata.errors import ProtocolError
from torchkata.worker.wire import encoding
from torchkata.worker.wire.decoding import decode

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SIZE = encoding.PREFIX.size


def sent(value: object, *, pickles: bool = False) -> bytes:
    """Return the bytes of a frame."""
    return b"".join(bytes(chunk) for chunk in encoding.encode(value, pickles=pickles).chunks())


def received(data: bytes, *, pickles: bool = False) -> object:
    """Return the value that the other end decodes."""
    header, payload = encoding.lengths(data[:SIZE])
    body = data[SIZE : SIZE + header]
    return decode(body, bytearray(data[SIZE + header : SIZE + header + payload]), pickles=pickles)


def frame(node: object, *buffers: bytes) -> bytes:
    """Return a frame with any header and with correct lengths."""
    lengths = [len(buffer) for buffer in buffers]
    header = json.dumps({"value": node, "buffers": lengths}).encode()
    payload = b"".join(buffer.ljust(encoding.padded(len(buffer)), b"\0") for buffer in buffers)
    return encoding.PREFIX.pack(encoding.MAGIC, len(header), len(payload)) + header + payload


def same(one: Any, other: Any) -> bool:
    """Return whether two values and their types are equal; nan equals nan."""
    if isinstance(one, torch.Tensor):
        kind = (one.dtype, one.shape, one.requires_grad)
        raw = [torch.empty(t.shape, dtype=t.dtype).copy_(t.detach()) for t in (one, other)]
        return kind == (other.dtype, other.shape, other.requires_grad) and same_bytes(
            *(t.reshape(-1).view(torch.uint8).numpy() for t in raw)
        )
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and same_bytes(one, other)
    if isinstance(one, float):
        return type(other) is float and (one == other or (math.isnan(one) and math.isnan(other)))
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def same_bytes(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(list(encoding.DTYPES.values())),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Draw a tensor of any dtype: 0-d, empty, sliced, transposed, expanded or conjugate."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    dtype = draw(st.sampled_from(list(encoding.DTYPES.values())))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    tensor = torch.randn([2 * n for n in shape], generator=generator).mul(50).to(dtype)
    variant = draw(st.sampled_from(["sliced", "transposed", "expanded", "conjugate", "grad"]))
    tensor = tensor[tuple(slice(None, None, 2) for _ in shape)]
    if variant == "transposed" and tensor.dim() > 1:
        tensor = tensor.mT
    if variant == "expanded" and tensor.dim() and len(tensor):
        tensor = tensor[:1].expand_as(tensor)
    if variant == "conjugate" and dtype.is_complex:
        tensor = tensor.conj()
    return tensor.requires_grad_(variant == "grad" and dtype.is_floating_point)


@QUICK
@given(plain)
@example([math.nan, math.inf, -math.inf, -0.0])
@example({"t": 1, "O": {"P": 0}, True: ()})
def test_plain_data_survives(value):
    """Plain data is decoded with equal values and types, in both directions."""
    assert same(value, received(sent(value)))
    assert same(value, received(sent(value, pickles=True), pickles=True))


@QUICK
@given(st.lists(tensors(), max_size=3))
def test_tensors_survive(values):
    """Tensors keep dtype, shape, values and `requires_grad`, whatever their layout."""
    assert same(values, received(sent(values)))
    assert same(values, received(sent(values, pickles=True), pickles=True))


def test_inputs_keep_their_layout():
    """Inputs keep their strides and shared storages, which the layout checks need."""
    base = torch.arange(12.0).reshape(3, 4)
    one, two = received(sent([base.T, base[1]], pickles=True), pickles=True)  # type: ignore[misc]

    assert one.stride() == (1, 4)
    one[0, 1] = 99
    assert two[0] == 99


def test_arrays_survive():
    """NumPy arrays and scalars keep their types and values."""
    values = [np.float64(2.5), np.arange(6).reshape(2, 3).T, np.zeros((0, 3), "f4"), np.bool_(1)]
    decoded = received(sent(values))

    assert isinstance(decoded, list)
    assert [type(value) for value in decoded] == [type(value) for value in values]
    assert all(np.array_equal(one, two) for one, two in zip(values, decoded, strict=True))


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ((n for n in "ab"), "a generator"),
        (object, "a type"),
        (torch.zeros(2).to_sparse(), "sparse"),
        (np.array(["a"]), "NumPy array of dtype <U1"),
        (type("Lie", (torch.Tensor,), {})(), "tensor subclass, Lie"),
        (3 + 4j, "a complex"),
    ],
)
def test_other_values_become_opaque(value, what):
    """A value that cannot be encoded arrives as a description of its type."""
    decoded = received(sent(value))

    assert isinstance(decoded, encoding.Opaque)
    assert what in decoded.what


def attempt(data: bytes) -> None:
    """Read bytes like the judge: they are a value, or raise the error that it expects."""
    try:
        received(data)
    except (ProtocolError, struct.error):
        assert len(data) >= SIZE or not data.startswith(encoding.MAGIC)


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes_raise_protocol_errors(data):
    """Random bytes raise nothing but ProtocolError."""
    data = data.ljust(SIZE, b"\0")
    attempt(data)
    attempt(encoding.PREFIX.pack(encoding.MAGIC, len(data), 0) + data)


@QUICK
@given(
    st.sampled_from([[1, "a", {"k": (None, 2.5)}], [torch.ones(2, 3), b"xyz", np.ones(4)]]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_mutated_frames_are_decoded_or_raise(value, changes):
    """A valid frame with a few changed bytes is a value, or raises ProtocolError."""
    data = bytearray(sent(value))
    for place, byte in changes:
        data[place % len(data)] = byte
    attempt(bytes(data))


numbers = st.one_of(
    st.integers(-3, 9),
    st.sampled_from([2**31, 2**62, 2**63, 2**70, -(2**63), 1.5, math.nan, True, None, "1", [], {}]),
)
words = st.sampled_from(["float32", "int64", "bool", "<f8", ">f8", "O", "V8", "<U4", "M8[s]", ""])
nodes = st.recursive(
    st.one_of(
        numbers,
        words,
        st.builds(
            lambda *parts: {"T": list(parts)},
            numbers,
            words,
            st.lists(numbers, max_size=3) | numbers,
            st.lists(numbers, max_size=3) | numbers,
            numbers,
            numbers,
        ),
        st.builds(
            lambda *parts: {"A": list(parts)},
            numbers,
            words,
            st.lists(numbers, max_size=3) | numbers,
            numbers,
        ),
        st.builds(lambda tag, body: {tag: body}, st.sampled_from("tdfyvOBATPxz"), numbers | words),
    ),
    lambda inner: (
        st.builds(
            lambda tag, body: {tag: body},
            st.sampled_from("tdfyvOBATPxz"),
            st.lists(inner, max_size=3),
        )
        | st.lists(inner, max_size=3)
        | st.builds(lambda key, item: {"d": [[key, item]]}, inner, inner)
    ),
    max_leaves=8,
)


@QUICK
@given(nodes)
@example({"T": [0, "float32", [2**40], [0], 0, False]})
@example({"T": [0, "float32", [2], [2**62], 0, False]})
@example({"T": [0, "float32", [2**31, 2**31, 0], [1, 1, 1], 0, False]})
@example({"T": [0, "float32", [1], [1], -1, False]})
@example({"A": [0, ">f8", [2], False]})
@example({"A": [0, "O", [2], False]})
@example({"d": [[{"d": []}, 1]]})
@example({"d": [[[1], 1]]})
@example({"t": 3})
@example({})
@example({"t": [], "d": []})
def test_hostile_headers_are_decoded_or_raise(node):
    """Headers with false sizes, strides, dtypes and kinds are a value, or raise ProtocolError."""
    attempt(frame(node, bytes(16)))


def test_replies_are_never_larger_than_their_bytes():
    """A stride of 0 cannot expand a few bytes to a tensor that fills the judge's memory."""
    with pytest.raises(ProtocolError, match="does not match its bytes"):
        received(frame({"T": [0, "float32", [2**40], [0], 0, False]}, bytes(4)))


@pytest.mark.parametrize("depth", [40, 5_000, 500_000])
def test_deep_nesting_raises(depth):
    """Nesting beyond the limit raises, however deep it is."""
    header = b'{"buffers":[],"value":' + b"[" * depth + b"]" * depth + b"}"

    with pytest.raises(ProtocolError):
        received(encoding.PREFIX.pack(encoding.MAGIC, len(header), 0) + header)


def test_deep_values_are_cut_off():
    """A value that is nested too deeply is sent down to the limit."""
    value: list[object] = []
    for _ in range(200):
        value = [value]

    assert "nested too deeply" in repr(received(sent(value)))


@pytest.mark.parametrize(
    "prefix",
    [
        encoding.PREFIX.pack(encoding.MAGIC, 2**32 - 1, 0),
        encoding.PREFIX.pack(encoding.MAGIC, 2, 2**64 - 1),
        struct.pack(">4sIQ", encoding.MAGIC, 2, 64),
        b"KATZ" + bytes(12),
    ],
)
def test_lengths_are_bounded(prefix):
    """A length beyond the bounds, or in the wrong byte order, raises before it is used."""
    with pytest.raises(ProtocolError):
        encoding.lengths(prefix)


class _Pickled:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_pickles_of_a_worker_are_never_loaded(tmp_path):
    """A pickle in a reply raises without being loaded; the judge's own pickles are loaded."""
    data = frame({"P": 0}, pickle.dumps(_Pickled(tmp_path / "mark")))

    with pytest.raises(ProtocolError):
        received(data)
    assert not (tmp_path / "mark").exists()
    received(data, pickles=True)
    assert (tmp_path / "mark").exists()
