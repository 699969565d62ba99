"""Mixed precision 01: autocast dtypes. Find out which operations autocast makes less precise.

Task
    Inside `with torch.autocast(device_type):` PyTorch chooses a dtype for each operation. Some
    gain speed from 16 bits and lose little, others would lose too much, and most are simply run in
    whatever dtype they are given. Try four of them under autocast, in its default low precision,
    and return the dtype of each result:

        "add"         float32 + float32
        "matmul"      float32 @ float32
        "mixed_add"   float32 + a tensor that is in the low precision already
        "sum"         the sum of a float32 tensor

    The default low precision is a setting, one for each type of device: on the CPU it is bfloat16,
    on most GPUs float16, and a program may change it. Under the default, the CPU gives

        >>> autocast_dtypes("cpu")["matmul"]
        torch.bfloat16

Shapes and units
    device_type    str, such as "cpu" or "cuda": the type alone, without an index
    return         dict of the four names above -> torch.dtype

Rules
    Use the device type's low precision as it is set when the function is called: after
    `torch.set_autocast_dtype("cpu", torch.float16)` the answer differs. Autocast acts on the
    tensors of one type of device only, so make yours there. Leave autocast as it was: on or off,
    and with the same low precision, even where the caller has switched it off around the call.

Budget
    No budget; tensors of a few elements tell all there is to know.

Hints
    1. Do not look the answer up in a table: run the four operations, and ask the results.
    Levels 2 and 3: `nox -s hint -- autocast_dtypes`.
"""

import torch


def autocast_dtypes(device_type: str) -> dict[str, torch.dtype]:
    raise NotImplementedError  # TODO: your code here
