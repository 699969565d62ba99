"""The Python side of a twin tensor: its device, and the methods that C++ cannot provide."""

from __future__ import annotations

from copy import deepcopy as copy_deeply
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from torchkata.worker.frames import called_by_submission
from torchkata.worker.twin import messages
from torchkata.worker.twin.host_syncs import sync_reason

if TYPE_CHECKING:
    from torch import Tensor


def twin_device() -> torch.device:
    """Return the device `twin:0`, which PyTorch knows once the twin is registered."""
    return torch.device("twin:0")


def names_twin(device: torch.device) -> bool:
    """Return whether `device` means the twin, by its own name or by the name that C++ uses."""
    return device.type in {"twin", "meta"}


class TwinTensorBase(torch.Tensor):
    """The methods of a twin tensor that the dispatcher alone would not handle correctly.

    The CPU tensor that holds the data is in a slot without a name; see `inner_of`.
    """

    __slots__ = ("_inner",)

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """The device: always `twin:0`."""
        return twin_device()

    @property
    def layout(self) -> torch.layout:  # type: ignore[override]
        """The memory layout of the data."""
        return inner_of(self).layout

    @property
    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        """Whether the tensor is sparse in CSR format."""
        return inner_of(self).is_sparse_csr

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        """Always False: that C++ sees a meta tensor is an implementation detail."""
        return False

    @property
    def data(self) -> Tensor:
        """The same values without the graph; assigning replaces the values in place."""
        return torch.Tensor.data.__get__(self)  # type: ignore[attr-defined, no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TwinTensorBase):
            raise messages.data_error(value)
        replace_inner(self, inner_of(value))

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """Behave like `Tensor.to`; return the tensor itself if there is nothing to change."""
        first = args[0] if args else None
        last = 2 if isinstance(first, (torch.Tensor, torch.dtype)) else 3  # position of `copy`
        parsed = {key: value for key, value in kwargs.items() if key != "copy"}
        device, dtype, non_blocking, memory_format = torch._C._nn._parse_to(*args[:last], **parsed)  # noqa: SLF001 - Module.to uses it
        copy = kwargs.get("copy", len(args) > last and args[last])
        if device is None or not names_twin(device):
            return super().to(*args, **kwargs)
        rest = {} if memory_format is None else {"memory_format": memory_format}
        return super().to(dtype or self.dtype, non_blocking=non_blocking, copy=copy, **rest)

    def type(self, *args: Any, **kwargs: Any) -> Any:
        """Behave like `Tensor.type`; names look like `torch.twin.FloatTensor`."""
        result = super().type(*args, **kwargs)
        return result.replace("meta", "twin") if isinstance(result, str) else result

    def cuda(self, *_: Any, **__: Any) -> NoReturn:
        """Raise, because the code names a device instead of taking it from the input."""
        raise messages.explicit_device_error("cuda")

    def new_tensor(self, data: Any, **options: Any) -> Tensor:  # type: ignore[override]
        """Behave like `Tensor.new_tensor`, on the twin unless `device` says otherwise."""
        return torch.tensor(data, **{"dtype": self.dtype, "device": self.device, **options})

    def numpy(self, *, force: bool = False) -> Any:
        """Return a copy as an array with `force=True`; raise TypeError otherwise, as on a GPU."""
        if not force:
            raise messages.numpy_error()
        return self._read("numpy").numpy(force=True)

    def tolist(self) -> Any:
        """Return the values as nested lists; the host waits for the device."""
        return self._read("tolist").tolist()

    def _read(self, reason: str) -> Tensor:
        with sync_reason(reason), torch.no_grad():
            return self.cpu()

    def __bool__(self) -> bool:
        with sync_reason("bool"):
            return bool(super().__bool__())

    def __int__(self) -> int:
        with sync_reason("int"):
            return super().__int__()

    def __float__(self) -> float:
        with sync_reason("float"):
            return super().__float__()

    def __getitem__(self, index: Any) -> Tensor:
        return super().__getitem__(_indices(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_indices(index), value)

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        text = repr(self._read("print"))[:-1] + ", device='twin:0'"
        if self.grad_fn is not None:
            return f"{text}, grad_fn=<{self.grad_fn.name()}>)"
        return text + (", requires_grad=True)" if self.requires_grad else ")")

    def __format__(self, form: str) -> str:
        return format(self._read("print"), form) if self.dim() == 0 else format(repr(self), form)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        if not self.is_leaf:
            raise RuntimeError("Only a leaf tensor can be deep-copied, not the result of an op.")
        copy = type(self)(inner_of(self).detach().clone()).requires_grad_(self.requires_grad)
        memo[id(self)] = copy
        if self.grad is not None:
            copy.grad = copy_deeply(self.grad, memo)
        if getattr(self, "_is_param", False):
            copy._is_param = True  # noqa: SLF001 - how Parameter checks it
        return copy

    def untyped_storage(self) -> torch.UntypedStorage:
        """Return the storage that holds the data; for the submission, that is a read."""
        if called_by_submission():
            self._read("untyped_storage")
        return inner_of(self).untyped_storage()

    def data_ptr(self) -> int:
        """Return the address of the first element."""
        return inner_of(self).data_ptr()


# The slot is taken out of the class: code that reads attributes of a twin tensor must not
# get at the data without a synchronization.
_slot = vars(TwinTensorBase)["_inner"]
del TwinTensorBase._inner  # type: ignore[attr-defined]  # noqa: SLF001
_get, hold_inner = _slot.__get__, _slot.__set__
"""`hold_inner(twin, inner)` puts the CPU tensor that holds the data into a new twin tensor."""


def inner_of(twin: TwinTensorBase) -> Tensor:
    """Return the CPU tensor that holds the data of a twin tensor."""
    return _get(twin)  # type: ignore[no-any-return]


def replace_inner(twin: TwinTensorBase, inner: Tensor) -> None:
    """Replace the data of a twin tensor, together with their shape, strides and dtype."""
    torch.Tensor.data.__set__(twin, type(twin)(inner))  # type: ignore[attr-defined]
    hold_inner(twin, inner)


def _indices(index: Any) -> Any:
    """Convert lists among the indices to tensors; C++ would create them on the meta device."""
    if isinstance(index, list):
        return index if any(_is_slice(part) for part in index) else torch.tensor(index)
    if isinstance(index, tuple):
        return tuple(_indices(part) for part in index)
    if type(index).__module__ == "numpy" and getattr(index, "ndim", 0) > 0:
        return torch.from_numpy(index)
    return index


def _is_slice(part: Any) -> bool:
    return part is None or part is Ellipsis or isinstance(part, slice | torch.Tensor)
