"""Mixed precision on the twin: which ops `torch.autocast` casts, and to which dtype."""

from __future__ import annotations

from typing import Any

import torch

_LOWER = (
    "mm",
    "matmul",
    "bmm",
    "mv",
    "addmm",
    "addmv",
    "addbmm",
    "baddbmm",
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "einsum",
    "scaled_dot_product_attention",
)
"""Run in the lower precision, as on CUDA: matrix products and ops that consist of them."""

_FULL = (
    "softmax.int",
    "log_softmax.int",
    "layer_norm",
    "cross_entropy_loss",
    "nll_loss",
    "mse_loss",
    "l1_loss",
    "exp",
    "log",
    "pow.Tensor_Scalar",
    "sum",
    "sum.dim_IntList",
    "prod",
    "cumsum",
    "norm.Scalar",
    "linalg_vector_norm",
)
"""Run in float32, as on CUDA: sums and exponentials, which would lose too much precision."""

_AUTOCAST = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
_libraries: list[Any] = []


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, torch.Tensor):
        # float64 stays as it is, like on CUDA.
        castable = value.is_floating_point() and value.dtype != torch.float64
        return value.to(dtype) if castable else value
    if isinstance(value, (list, tuple)):
        return type(value)([_cast(part, dtype) for part in value])
    return value


def _casting(op: Any, dtype: torch.dtype | None) -> Any:
    def kernel(*args: Any, **kwargs: Any) -> Any:
        target = dtype or torch.get_autocast_dtype("twin")
        with torch._C._ExcludeDispatchKeyGuard(_AUTOCAST):  # noqa: SLF001 - avoids endless recursion
            return op(*_cast(args, target), **{k: _cast(v, target) for k, v in kwargs.items()})

    return kernel


def register_autocast() -> None:
    """Register autocast for the twin; other ops run in the precision of their inputs."""
    others = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")  # type: ignore[no-untyped-call]
    others.fallback(torch.library.fallthrough_kernel)  # type: ignore[no-untyped-call]
    library = torch.library.Library("aten", "IMPL", "AutocastPrivateUse1")  # type: ignore[no-untyped-call]
    for names, dtype in ((_LOWER, None), (_FULL, torch.float32)):
        for name in names:
            packet, _, overload = name.partition(".")
            op = getattr(getattr(torch.ops.aten, packet), overload or "default")
            library.impl(name, _casting(op, dtype))  # type: ignore[no-untyped-call]
    _libraries.extend((others, library))  # a registration lives as long as its library
