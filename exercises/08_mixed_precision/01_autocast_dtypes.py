"""Mixed precision 01: autocast dtypes. Find out which dtypes autocast chooses.

Task
    Inside `with torch.autocast(device_type):` PyTorch chooses a dtype for each operation. Some
    operations run in 16 bits, which is faster and costs little precision. Others run in float32,
    because they would lose too many digits. Most run in the dtype of their inputs. Run four
    operations under autocast in its default low precision, and return the dtype of each result:

        "add"         float32 + float32
        "matmul"      float32 @ float32
        "mixed_add"   float32 + a tensor in the low precision
        "sum"         the sum of a float32 tensor

    The default low precision is a setting of each device type: bfloat16 on the CPU and float16 on
    most GPUs, unless the program changes it. With the CPU's default,

        >>> autocast_dtypes("cpu")["matmul"]
        torch.bfloat16

Shapes and units
    device_type    str, such as "cpu" or "cuda": the type alone, without an index
    return         dict from the four names above to torch.dtype

Rules
    Run the operations in each call; do not return a fixed table. Use the low precision that is set
    when the function is called: the result changes after
    `torch.set_autocast_dtype("cpu", torch.float16)`. The result is the same whether the caller has
    enabled or disabled autocast. Leave the settings of autocast as they were.

Budget
    No budget.

Hints
    1. Do not look the dtypes up in a table: run the operations, and read the dtypes of the results.
    Levels 2 and 3: `nox -s hint -- autocast_dtypes`.
"""

import torch


def autocast_dtypes(device_type: str) -> dict[str, torch.dtype]:
    raise NotImplementedError  # TODO: your code here
