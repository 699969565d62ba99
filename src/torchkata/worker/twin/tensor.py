"""What Python code sees of a twin tensor: its device, and the methods that C++ cannot serve."""

from __future__ import annotations

import contextlib
import threading
from copy import deepcopy as copy_deeply
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from torchkata.worker.twin import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

_reads = threading.local()


def twin_device() -> torch.device:
    """Return `twin:0`, which PyTorch knows once the device is registered."""
    return torch.device("twin:0")


def names_twin(device: torch.device) -> bool:
    """Whether `device` means the twin: by name, or as C++ sees it."""
    return device.type in {"twin", "meta"}


@contextlib.contextmanager
def reading(word: str) -> Iterator[None]:
    """Name the host synchronisations made within after the learner's call, such as `tolist`."""
    before = current_reading()
    _reads.word = before or word
    try:
        yield
    finally:
        _reads.word = before


def current_reading() -> str | None:
    """Return the word of the innermost `reading` of this thread."""
    return getattr(_reads, "word", None)


class Face(torch.Tensor):
    """The methods of a twin tensor that do not go through the dispatcher unchanged.

    Attributes:
        held: the CPU tensor that holds the data.
    """

    held: Tensor

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where the tensor says it lives."""
        return twin_device()

    @property
    def layout(self) -> torch.layout:  # type: ignore[override]
        """How the data are laid out."""
        return self.held.layout

    @property
    def is_sparse_csr(self) -> bool:  # type: ignore[override]
        """Whether only the entries that are not zero are kept, row by row."""
        return self.held.is_sparse_csr

    @property
    def is_meta(self) -> bool:  # type: ignore[override]
        """Always False: the carrier is an inner matter."""
        return False

    @property
    def data(self) -> Tensor:
        """The same values without the graph; assigning swaps the values in place."""
        return torch.Tensor.data.__get__(self)  # type: ignore[attr-defined, no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Face):
            raise RuntimeError(messages.wrong_data(value))  # noqa: TRY004 - as a GPU raises
        self.adopt(value.held)

    def adopt(self, inner: Tensor) -> None:
        """Hold `inner` from now on, with its shape, strides and dtype."""
        torch.Tensor.data.__set__(self, type(self)(inner))  # type: ignore[attr-defined]
        self.held = inner

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """As `Tensor.to`; to where it is already, it returns the tensor itself."""
        first = args[0] if args else None
        last = 2 if isinstance(first, (torch.Tensor, torch.dtype)) else 3  # where `copy` stands
        parsed = {key: value for key, value in kwargs.items() if key != "copy"}
        place, dtype, non_blocking, form = torch._C._nn._parse_to(*args[:last], **parsed)  # noqa: SLF001 - Module.to uses it
        copy = kwargs.get("copy", len(args) > last and args[last])
        if place is None or not names_twin(place):
            return super().to(*args, **kwargs)
        rest = {} if form is None else {"memory_format": form}
        return super().to(dtype or self.dtype, non_blocking=non_blocking, copy=copy, **rest)

    def type(self, *args: Any, **kwargs: Any) -> Any:
        """As `Tensor.type`: without arguments the name, such as `torch.twin.FloatTensor`."""
        found = super().type(*args, **kwargs)
        return found.replace("meta", "twin") if isinstance(found, str) else found

    def cuda(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the device is named in the code instead of taken from the input."""
        raise RuntimeError(messages.by_name("cuda"))

    def new_tensor(self, data: Any, **options: Any) -> Tensor:  # type: ignore[override]
        """As `Tensor.new_tensor`, on the twin unless `device` says otherwise."""
        return torch.tensor(data, **{"dtype": self.dtype, "device": self.device, **options})

    def numpy(self, *, force: bool = False) -> Any:
        """Return a copy as an array with `force=True`; a TypeError otherwise, as on a GPU."""
        if not force:
            raise TypeError(messages.no_numpy())
        return self._read("numpy").numpy(force=True)

    def tolist(self) -> Any:
        """Return the values as nested lists; the device must be waited for."""
        return self._read("tolist").tolist()

    def _read(self, word: str) -> Tensor:
        with reading(word), torch.no_grad():
            return self.cpu()

    def __bool__(self) -> bool:
        with reading("bool"):
            return bool(super().__bool__())

    def __int__(self) -> int:
        with reading("int"):
            return super().__int__()

    def __float__(self) -> float:
        with reading("float"):
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
            raise RuntimeError("Only a tensor that you made yourself can be copied deeply.")
        copy = type(self)(self.held.detach().clone()).requires_grad_(self.requires_grad)
        memo[id(self)] = copy
        if self.grad is not None:
            copy.grad = copy_deeply(self.grad, memo)
        if getattr(self, "_is_param", False):
            copy._is_param = True  # noqa: SLF001 - so Parameter asks
        return copy

    def untyped_storage(self) -> torch.UntypedStorage:
        """The storage that holds the data."""
        return self.held.untyped_storage()

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self.held.data_ptr()


def _indices(index: Any) -> Any:
    """Lists among the indices become tensors here: C++ would build them on the carrier."""
    if isinstance(index, list):
        return index if any(_is_slice(part) for part in index) else torch.tensor(index)
    if isinstance(index, tuple):
        return tuple(_indices(part) for part in index)
    if type(index).__module__ == "numpy" and getattr(index, "ndim", 0) > 0:
        return torch.from_numpy(index)
    return index


def _is_slice(part: Any) -> bool:
    return part is None or part is Ellipsis or isinstance(part, slice | torch.Tensor)
