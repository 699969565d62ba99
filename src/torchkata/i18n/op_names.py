"""Names of ops as learners know them: the calls of PyTorch, not the kernels of ATen."""

from __future__ import annotations

from typing import Final

HIGHER_ORDER: Final = "higher_order::"
"""The prefix of higher-order ops, such as `cond`: a call counts as one op, whatever it does."""

_SPELLINGS: Final = {
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_cdist_forward": "cdist",
    "_efficientzerotensor": "zeros",
    "_embedding_bag": "embedding_bag",
    "_embedding_bag_forward_only": "embedding_bag",
    "_euclidean_dist": "cdist",
    "_index_put_impl_": "index_put_",
    "_linalg_det": "linalg.det",
    "_linalg_eigh": "linalg.eigh",
    "_linalg_slogdet": "linalg.slogdet",
    "_linalg_solve_ex": "linalg.solve",
    "_linalg_svd": "linalg.svd",
    "_local_scalar_dense": ".item()",
    "_log_softmax": "log_softmax",
    "_native_batch_norm_legit": "batch_norm",
    "_pin_memory": ".pin_memory()",
    "_reshape_alias": ".reshape()",
    "_reshape_copy": ".reshape()",
    "_scaled_dot_product_efficient_attention": "scaled_dot_product_attention",
    "_scaled_dot_product_flash_attention": "scaled_dot_product_attention",
    "_scaled_dot_product_flash_attention_for_cpu": "scaled_dot_product_attention",
    "_softmax": "softmax",
    "_to_copy": ".to()",
    "_unique": "unique",
    "_unique2": "unique",
    "_unsafe_view": ".reshape()",
    "alias": ".view()",
    "constant_pad_nd": "pad",
    "convolution": "conv",
    "equal": "torch.equal",
    "is_nonzero": "bool()",
    "lift_fresh": "torch.tensor()",
    "linalg_vector_norm": "linalg.vector_norm",
    "max_pool2d_with_indices": "max_pool2d",
    "native_batch_norm": "batch_norm",
    "native_dropout": "dropout",
    "native_group_norm": "group_norm",
    "native_layer_norm": "layer_norm",
    "nll_loss2d_forward": "nll_loss",
    "nll_loss_forward": "nll_loss",
}
"""By the name of an op in ATen, without overload: the call in PyTorch that runs it."""

_MODULES: Final = ("fft", "linalg", "special")
_BACKWARD: Final = ("_backward_data", "_backward")


def spelling(name: str) -> str:
    """Return how a learner writes an op: `_local_scalar_dense` is `.item()`.

    Args:
        name: of the op in ATen, without overload. A name without an entry is nearly always that
            of the function in PyTorch, apart from a leading underscore.
    """
    if name in _SPELLINGS:
        return _SPELLINGS[name]
    for ending in _BACKWARD:
        if name.endswith(ending):
            return f"backward of {spelling(name.removesuffix(ending))}"
    module, _separator, function = name.partition("_")
    if module in _MODULES and function:
        return f"{module}.{function}"
    private = name.startswith(("_foreach", "_fused", "__"))  # optimizers; `__and__` is public
    name = name.removeprefix(HIGHER_ORDER)
    return name if private or "::" in name else name.removeprefix("_")
