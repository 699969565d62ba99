"""Names that ordinary answers do not need, by what they lead to."""

from __future__ import annotations

import builtins
from typing import Final

USUAL: Final = frozenset(
    {"__future__", "abc", "collections", "contextlib", "copy", "dataclasses", "enum", "fnmatch"}
    | {"functools", "heapq", "io", "itertools", "math", "numbers", "numpy", "operator", "pathlib"}
    | {"random", "re", "statistics", "string", "tarfile", "textwrap", "torch", "typing", "zlib"}
    | {"bisect", "concurrent", "os", "threading", "warnings"}
)
"""Modules that answers import."""

INSIDE: Final = frozenset(
    {"torch.library", "torch.overrides", "torch.utils._python_dispatch", "torch.utils._pytree"}
    | {"torch.utils.cpp_extension", "torch.utils.dlpack", "torch.classes"}
    | {"torch.profiler", "torch.autograd.profiler", "torch.hub", "torch.cond", "torch.while_loop"}
    | {"torch.jit.fork", "torch.jit._fork", "torch.save", "torch.frombuffer", "torch.from_file"}
    | {"torch.UntypedStorage", "torch.multiprocessing", "torch.serialization"}
)
"""Names that reach how PyTorch runs or stores things."""
PROCESS: Final = frozenset(
    {"os." + name for name in ("_exit", "abort", "fork", "kill", "system", "popen", "dup", "dup2")}
    | {"os.open", "os.write", "os.read", "os.environ", "os.getpid", "os.getppid", "os.listdir"}
    | {"os.setsid", "os.nice", "os.sched_setaffinity", "os.waitpid", "os.pipe", "os.remove"}
    | {"threading.Thread", "threading.Timer", "threading.settrace", "threading.setprofile"}
    | {"warnings.simplefilter", "warnings.filterwarnings"}
    | {"torch.manual_seed", "random.seed", "numpy.random.seed"}
)
"""Names that concern the process, its threads, files or generators."""
FRAMES: Final = frozenset(
    {"__builtins__", "__closure__", "__code__", "__globals__", "__subclasses__", "__wrapped__"}
    | {"__traceback__", "cell_contents", "f_back", "f_builtins", "f_code", "f_globals", "f_locals"}
    | {"gi_frame", "tb_frame", "__self__", "__mro__", "__bases__"}
)
"""Attributes that lead to frames and to the insides of functions."""
MEMORY: Final = frozenset(
    {"data_ptr", "untyped_storage", "storage", "_typed_storage", "_cdata", "from_address"}
    | {"share_memory_", "to_mkldnn", "set_", "resize_", "_version", "_base", "_make_subclass"}
    | {"__array_interface__", "__dlpack__", "_op", "py_impl", "py_kernels"}
)
"""Attributes that lead to the memory of a tensor, or to the insides of an op."""
DYNAMIC: Final = frozenset(
    {"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "globals", "id"}
    | {"input", "locals", "open", "quit", "setattr", "vars", "memoryview"}
)
"""Builtins that run or change what is not in the source."""
HOOKS: Final = frozenset(
    {
        "__array__",
        "__bool__",
        "__del__",
        "__eq__",
        "__reduce__",
        "__reduce_ex__",
        "__torch_function__",
    }
    | {"__torch_dispatch__", "__getattribute__", "__getattr__", "__instancecheck__", "__str__"}
)
"""Methods that run when other code looks at an object."""
EXITS: Final = frozenset({"BaseException", "GeneratorExit", "KeyboardInterrupt", "SystemExit"})
"""Exceptions that end a process."""
PUBLIC: Final = ("torch._foreach_", "torch._dynamo.mark_", "torch._dynamo.maybe_mark_")
"""Names with an underscore that PyTorch's own documentation recommends."""
HUGE: Final = 1000
"""Copies of a text from which on it is remarkable."""
STATE: Final = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "Queue", "deque"})
"""Calls that make containers."""
TABLES: Final = frozenset(
    {"arange", "empty", "full", "ones", "rand", "randn", "tensor", "zeros", "load", "Generator"}
)
"""Calls that make tensors."""
BUILTINS: Final = frozenset(vars(builtins))
"""All names of builtins."""
