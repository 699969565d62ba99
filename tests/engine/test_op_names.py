"""Names of ops in messages: those of calls, each of which a learner could have written."""

from __future__ import annotations

import pytest

from torchkata.i18n.op_names import spelling
from torchkata.worker.meters.counts import OpCount, describe_makers


@pytest.mark.parametrize(
    ("aten", "call"),
    [
        ("_local_scalar_dense", ".item()"),
        ("_to_copy", ".to()"),
        ("lift_fresh", "torch.tensor()"),
        ("_unsafe_view", ".reshape()"),
        ("_softmax", "softmax"),
        ("_softmax_backward_data", "backward of softmax"),
        ("linalg_vector_norm", "linalg.vector_norm"),
        ("fft_fft", "fft.fft"),
        ("_thnn_fused_lstm_cell", "thnn_fused_lstm_cell"),
        ("_foreach_add_", "_foreach_add_"),
        ("__and__", "__and__"),
        ("my::_op", "my::_op"),
        ("add_", "add_"),
    ],
)
def test_ops_are_spelled_as_calls(aten, call):
    """Learners read what they can write, not the names of kernels."""
    assert spelling(aten) == call


def test_last_name_is_not_called_other():
    """A remainder of one name is named; several are summed up."""

    def count(**ops: int) -> OpCount:
        return OpCount(ops=ops, views={}, conversions={}, lines={o: {0: n} for o, n in ops.items()})

    assert str(count(a=4, b=3, c=2, d=1).describe()) == "10 ops: 4 x a, 3 x b, 2 x c, 1 x d"
    five = count(a=5, b=4, c=3, d=2, e=1)
    assert str(five.describe()) == "15 ops: 5 x a, 4 x b, 3 x c, 3 x other"
    assert str(count(_local_scalar_dense=2).describe()) == "2 ops: 2 x .item()"


def test_ops_that_allocate_are_spelled_as_calls():
    """Messages on memory name calls too."""
    text = str(describe_makers({"_to_copy": {3: 2048}}, 1))

    assert text == "line 3: .to() allocated 2.0 KiB"
