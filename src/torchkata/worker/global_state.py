"""Settings of the whole process that a submission must leave as they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

import torch

from torchkata.worker import seeding

_BLANKET: Final = (Warning, UserWarning)

# Saved now, because a submission may replace them.
_READERS: Final[dict[str, Callable[[], Any]]] = {
    "torch.get_default_dtype()": torch.get_default_dtype,
    "torch.get_default_device()": torch.get_default_device,
    "torch.is_grad_enabled()": torch.is_grad_enabled,
    "torch.is_inference_mode_enabled()": torch.is_inference_mode_enabled,
    "torch.is_autocast_enabled()": torch.is_autocast_enabled,
    "torch.is_autocast_cpu_enabled()": lambda: torch.is_autocast_enabled("cpu"),
    "torch.are_deterministic_algorithms_enabled()": torch.are_deterministic_algorithms_enabled,
    "torch.get_float32_matmul_precision()": torch.get_float32_matmul_precision,
    "torch.get_num_threads()": torch.get_num_threads,
    "torch.is_anomaly_enabled()": torch.is_anomaly_enabled,
    "warnings.filters": lambda: sum(_silences_all(entry) for entry in warnings.filters),
}
_RESTORE: Final[dict[str, Callable[[Any], object]]] = {
    "torch.get_default_dtype()": torch.set_default_dtype,
    "torch.is_grad_enabled()": torch._C._set_grad_enabled,  # noqa: SLF001 - no context is open
    "torch.are_deterministic_algorithms_enabled()": torch.use_deterministic_algorithms,
    "torch.get_float32_matmul_precision()": torch.set_float32_matmul_precision,
    "torch.get_num_threads()": torch.set_num_threads,
}
NAMES: Final = frozenset((*_READERS, *seeding.NAMES))
"""What is compared, by the expression that reads or changes it."""


def _silences_all(entry: Any) -> bool:
    """Return whether a warnings filter hides whole kinds of warnings everywhere."""
    action, message, category, module, _line = entry
    return action == "ignore" and message is None and module is None and category in _BLANKET


def snapshot() -> dict[str, Any]:
    """Return the settings as they are now; None for one that cannot be read."""
    return {name: _read(read) for name, read in _READERS.items()}


def _read(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # noqa: BLE001 - a submission may have put anything there
        return None


def changed_since(before: dict[str, Any]) -> list[str]:
    """Return the names of the settings that have changed, and restore those that can be.

    Among them are the generators that the submission has seeded since the last call.
    """
    changed = [name for name, value in snapshot().items() if value != before[name]]
    for name in changed:
        if name in _RESTORE:
            _RESTORE[name](before[name])
    return changed + seeding.seeded()
