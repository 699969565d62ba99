"""Reference: run each operation once under autocast and ask its result.

Right: nothing is assumed about the device type or about the low precision in force. What comes
out: `matmul` is in the low precision; `add` and `sum` stay in float32, for sums lose digits first;
a sum of two dtypes takes the wider one, as everywhere in PyTorch. The `with` block puts autocast
back as it was, also after an exception.
"""

import torch

HINTS = (
    "Do not look the answer up in a table: run the four operations, and ask the results.",
    "`torch.autocast(device_type)` without a dtype takes the setting; get_autocast_dtype reads it.",
    "`with torch.autocast(device_type): ... (x @ x).dtype`, x made by `device=device_type`.",
)

TRAPS = {
    "autocast_dtypes": {
        "table": "dtype",
        "all_low": "dtype",
        "on_the_cpu": "device",
        "bfloat16_everywhere": "device",
        "switched_on_and_left": "purity",
        "default_changed": "purity",
        "cache_switched_off": "purity",
        "names_of_dtypes": "contract",
    },
}

ALTERNATIVES = {"autocast_dtypes": ("by_switch", "by_default_device")}


def tried(x: torch.Tensor, low: torch.dtype) -> dict[str, torch.dtype]:
    """Run the four operations on a square matrix."""
    return {
        "add": (x + x).dtype,
        "matmul": (x @ x).dtype,
        "mixed_add": (x + x.to(low)).dtype,
        "sum": x.sum().dtype,
    }


def autocast_dtypes(device_type: str) -> dict[str, torch.dtype]:
    x = torch.ones(2, 2, device=device_type)
    with torch.autocast(device_type):
        return tried(x, torch.get_autocast_dtype(device_type))


def by_switch(device_type: str) -> dict[str, torch.dtype]:
    before = torch.is_autocast_enabled(device_type)
    torch.set_autocast_enabled(device_type=device_type, enabled=True)
    try:
        x = torch.ones(2, 2, device=device_type)
        return tried(x, torch.get_autocast_dtype(device_type))
    finally:
        torch.set_autocast_enabled(device_type=device_type, enabled=before)


def by_default_device(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    with torch.device(device_type):
        run = torch.autocast(device_type, dtype=low)(tried)  # autocast is a decorator as well
        return run(torch.zeros(3, 3), low)


def table(device_type: str) -> dict[str, torch.dtype]:
    low = torch.bfloat16 if device_type == "cpu" else torch.float16  # until someone changes it
    full = torch.float32
    return {"add": full, "matmul": low, "mixed_add": full, "sum": full}


def all_low(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    x = torch.ones(2, 2, device=device_type, dtype=low)  # .half() on a model is not autocast
    return tried(x, low)


def on_the_cpu(device_type: str) -> dict[str, torch.dtype]:
    with torch.autocast(device_type):  # does nothing to tensors of another device type
        return tried(torch.ones(2, 2), torch.get_autocast_dtype(device_type))


def bfloat16_everywhere(device_type: str) -> dict[str, torch.dtype]:
    x = torch.ones(2, 2, device=device_type)
    with torch.autocast(device_type, dtype=torch.bfloat16):  # the default of the CPU alone
        return tried(x, torch.bfloat16)


def switched_on_and_left(device_type: str) -> dict[str, torch.dtype]:
    # All that comes later is run in 16 bits too.
    torch.set_autocast_enabled(device_type=device_type, enabled=True)
    x = torch.ones(2, 2, device=device_type)
    return tried(x, torch.get_autocast_dtype(device_type))


def default_changed(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    other = torch.float16 if low is torch.bfloat16 else torch.bfloat16
    torch.set_autocast_dtype(device_type, other)  # a setting of the whole program
    return {
        name: low if dtype is other else dtype for name, dtype in by_switch(device_type).items()
    }


def cache_switched_off(device_type: str) -> dict[str, torch.dtype]:
    # From here on every operation casts the same weights anew.
    torch.set_autocast_cache_enabled(False)
    return by_switch(device_type)


def names_of_dtypes(device_type: str) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in by_switch(device_type).items()}
