"""Reference: run each operation once under autocast, and read the dtype of the result.

Correct: nothing is assumed about the device type or its low precision. The results: `matmul` is in
the low precision, `add` and `sum` are in float32. `mixed_add` is in float32 too, because adding two
dtypes gives the wider one, as everywhere in PyTorch. The `with` block restores autocast, even after
an exception.
"""

import torch


def result_dtypes(x: torch.Tensor, low: torch.dtype) -> dict[str, torch.dtype]:
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
        return result_dtypes(x, torch.get_autocast_dtype(device_type))


HINTS = (
    "Do not look the dtypes up in a table: run the operations, and read the dtypes of the results.",
    (
        "`torch.autocast(device_type)` without a dtype uses the default low precision, and affects "
        "only tensors on that device type. `torch.get_autocast_dtype(device_type)` returns the "
        "default."
    ),
    (
        "`with torch.autocast(device_type): ... (x @ x).dtype`, with x created with "
        "`device=device_type`."
    ),
)

EQUIVALENT = {
    "operator in result_dtypes: (x + x).dtype -> (x - x).dtype": (
        "subtracting gives the dtype of adding, and mixed_add still adds"
    ),
    "dropped to in result_dtypes: x.to(low) -> x": (
        "float32 plus any low precision is float32, as float32 plus float32"
    ),
    "operator in result_dtypes: (x + x.to(low)) -> (x - x.to(low))": (
        "subtracting gives the dtype of adding, and add still adds"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"autocast_dtypes": ("by_switch", "by_default_device")}


def by_switch(device_type: str) -> dict[str, torch.dtype]:
    before = torch.is_autocast_enabled(device_type)
    torch.set_autocast_enabled(device_type=device_type, enabled=True)
    try:
        x = torch.ones(2, 2, device=device_type)
        return result_dtypes(x, torch.get_autocast_dtype(device_type))
    finally:
        torch.set_autocast_enabled(device_type=device_type, enabled=before)


def by_default_device(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    with torch.device(device_type):
        run = torch.autocast(device_type, dtype=low)(result_dtypes)  # autocast is a decorator too
        return run(torch.zeros(3, 3), low)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "autocast_dtypes": {
        "table": "dtype",
        "table_of_settings": "ops",
        "all_low": "dtype",
        "on_the_cpu": "device",
        "bfloat16_everywhere": "device",
        "switched_on_and_left": "purity",
        "default_changed": "purity",
        "cache_switched_off": "purity",
        "names_of_dtypes": "contract",
    },
}
WHY = {
    "on_the_cpu": (
        "The tensors are on the CPU, and autocast of another type of device does not touch them. "
        "Create them on `device_type`."
    ),
}


def table(device_type: str) -> dict[str, torch.dtype]:
    # Wrong if the program changes the default.
    low = torch.bfloat16 if device_type == "cpu" else torch.float16
    full = torch.float32
    return {"add": full, "matmul": low, "mixed_add": full, "sum": full}


def table_of_settings(device_type: str) -> dict[str, torch.dtype]:
    # Follows the default, but assumes which operations autocast casts.
    low, full = torch.get_autocast_dtype(device_type), torch.float32
    return {"add": full, "matmul": low, "mixed_add": full, "sum": full}


def all_low(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    # Casts the inputs instead of using autocast.
    x = torch.ones(2, 2, device=device_type, dtype=low)
    return result_dtypes(x, low)


def on_the_cpu(device_type: str) -> dict[str, torch.dtype]:
    with torch.autocast(device_type):  # no effect on tensors of another device type
        return result_dtypes(torch.ones(2, 2), torch.get_autocast_dtype(device_type))


def bfloat16_everywhere(device_type: str) -> dict[str, torch.dtype]:
    x = torch.ones(2, 2, device=device_type)
    with torch.autocast(device_type, dtype=torch.bfloat16):  # the default on the CPU only
        return result_dtypes(x, torch.bfloat16)


def switched_on_and_left(device_type: str) -> dict[str, torch.dtype]:
    # Never disabled again: the caller's next operations run in 16 bits too.
    torch.set_autocast_enabled(device_type=device_type, enabled=True)
    x = torch.ones(2, 2, device=device_type)
    return result_dtypes(x, torch.get_autocast_dtype(device_type))


def default_changed(device_type: str) -> dict[str, torch.dtype]:
    low = torch.get_autocast_dtype(device_type)
    other = torch.float16 if low is torch.bfloat16 else torch.bfloat16
    torch.set_autocast_dtype(device_type, other)  # changes the setting of the whole program
    return {
        name: low if dtype is other else dtype for name, dtype in by_switch(device_type).items()
    }


def cache_switched_off(device_type: str) -> dict[str, torch.dtype]:
    # From here on, every operation casts the same weights again.
    torch.set_autocast_cache_enabled(False)
    return by_switch(device_type)


def names_of_dtypes(device_type: str) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in by_switch(device_type).items()}  # not torch.dtype
