"""Input factories: make one argument from the sizes of a case and a random generator."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import torch

from torchkata.course.spec.formula import evaluate, sizes_of

T = TypeVar("T")


class Sizes(dict[str, float]):
    """The axis letters of a case, with the dtype under judgment as `sizes.dtype`."""

    def __init__(self, sizes: Mapping[str, float], dtype: torch.dtype = torch.float32) -> None:
        super().__init__(sizes)
        self.dtype = dtype

    def __getattr__(self, letter: str) -> int:
        """Return a size as an integer: `sizes.N`."""
        try:
            return int(self[letter])
        except KeyError:
            raise AttributeError(letter) from None


_SPECIAL: Final = (math.nan, math.inf, -math.inf)

InputFactory = Callable[[Sizes, torch.Generator], object]
"""Makes one argument from the case's sizes and a generator; called anew for every call."""


@dataclass(frozen=True)
class TensorFactory:
    """An input factory that makes a tensor of a known shape.

    Attributes:
        shape: axis letters, numbers or formulas, separated by spaces.
        draw: makes the tensor.
    """

    shape: str
    draw: Callable[[Sizes, torch.Generator], torch.Tensor]

    def __call__(self, sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        """Make the tensor."""
        return self.draw(sizes, generator)

    @property
    def letters(self) -> tuple[str, ...]:
        """The axis letters that are sizes of a dimension by themselves."""
        return tuple(part for part in self.shape.split() if part.isidentifier())


def normal(
    shape: str, *, mean: float = 0.0, std: float = 1.0, dtype: torch.dtype | None = None
) -> InputFactory:
    """Draw from a normal distribution; integer dtypes get integers in [-9, 9], bool fair coins.

    Args:
        shape: axis letters, numbers or formulas, separated by spaces, such as `"N D"`.
        mean: of the floating distribution.
        std: its standard deviation.
        dtype: a fixed dtype; by default the dtype under judgment.
    """

    def make(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        kind = dtype or sizes.dtype
        size = sizes_of(shape, sizes)
        if kind is torch.bool:
            return torch.rand(size, generator=generator) < 0.5  # noqa: PLR2004 - a fair coin
        if not kind.is_floating_point and not kind.is_complex:
            return torch.randint(-9, 10, size, generator=generator).to(kind)
        drawn = torch.randn(size, generator=generator, dtype=_drawable(kind))
        if (mean, std) != (0.0, 1.0):
            drawn.mul_(std).add_(mean)
        return drawn.to(kind)

    return TensorFactory(shape, make)


def uniform(
    shape: str, low: float = 0.0, high: float = 1.0, *, dtype: torch.dtype | None = None
) -> InputFactory:
    """Draw floats uniformly from [low, high)."""

    def make(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        kind = dtype or sizes.dtype
        drawn = torch.rand(sizes_of(shape, sizes), generator=generator, dtype=_drawable(kind))
        return drawn.mul_(high - low).add_(low).to(kind)

    return TensorFactory(shape, make)


def integers(
    shape: str, low: float | str, high: float | str, *, dtype: torch.dtype = torch.int64
) -> InputFactory:
    """Draw integers from [low, high); either bound may be a formula over the axis letters."""

    def make(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        first, end = (int(evaluate(str(bound), sizes)) for bound in (low, high))
        return torch.randint(first, end, sizes_of(shape, sizes), generator=generator).to(dtype)

    return TensorFactory(shape, make)


def special(
    shape: str, *, values: tuple[float, ...] = _SPECIAL, dtype: torch.dtype | None = None
) -> InputFactory:
    """Draw from a normal distribution, with nan, inf and -inf at three random places.

    Args:
        shape: axis letters, numbers or formulas, separated by spaces.
        values: other special values, for cases in which nan would hide an infinity.
        dtype: a fixed dtype; by default the dtype under judgment. Integers have no such values, so
            they are drawn as by `normal`.
    """
    draw = normal(shape, dtype=dtype)

    def make(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        tensor = draw(sizes, generator)
        assert isinstance(tensor, torch.Tensor)
        if not tensor.is_floating_point():
            return tensor
        places = torch.randperm(tensor.numel(), generator=generator)[: len(values)]
        tensor.view(-1)[places] = tensor.new_tensor(values)[: len(places)]
        return tensor

    return TensorFactory(shape, make)


def large_integers(shape: str, *, dtype: torch.dtype | None = None) -> InputFactory:
    """Draw odd integers that float32 cannot hold, and float64 neither if the dtype is int64.

    Args:
        shape: axis letters, numbers or formulas, separated by spaces.
        dtype: a fixed integer dtype; by default the dtype under judgment.
    """

    def make(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
        kind = dtype or sizes.dtype
        least = 2**53 if kind is torch.int64 else 2**24
        drawn = torch.randint(0, 1000, sizes_of(shape, sizes), generator=generator)
        return (least + 2 * drawn + 1).to(kind)

    return TensorFactory(shape, make)


def value(constant: T | str) -> InputFactory:
    """Pass a constant, or a number from a formula over the axis letters: `value("N")`."""

    def make(sizes: Sizes, _generator: torch.Generator) -> object:
        if not isinstance(constant, str):
            return constant
        number = evaluate(constant, sizes)
        return int(number) if number == int(number) else number

    return make


def arguments(*factories: object) -> Callable[[Sizes, torch.Generator], tuple[object, ...]]:
    """Make all arguments of one case: `Case("a vector", given=arguments(normal("9"), 0))`.

    Args:
        factories: an input factory or a constant per argument; parameters with defaults may be
            left out at the end.
    """

    def make(sizes: Sizes, generator: torch.Generator) -> tuple[object, ...]:
        return tuple(each(sizes, generator) if callable(each) else each for each in factories)

    return make


def _drawable(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype is torch.float64 else torch.float32


_OFFSET = 3  # elements

LAYOUTS = ("contiguous", "transposed", "strided", "offset", "expanded", "overlapping")
SHARED_LAYOUTS = ("expanded", "overlapping")
"""Layouts in which several elements share memory, so that nothing can be written in place."""


def with_layout(tree: object, layout: str) -> object:
    """Copy a tuple, list or dict of arguments, with every tensor in another memory layout.

    Args:
        tree: the arguments.
        layout: `contiguous`; `transposed` (the last two dimensions swapped in memory); `strided`
            (every second element of a larger buffer, along the last dimension); `offset` (in the
            middle of a larger buffer); `expanded` (the first dimension has stride 0); or
            `overlapping` (each row starts one element after the previous one, as windows do). The
            last two replace the values of floating tensors, because elements share memory.
    """
    if isinstance(tree, torch.Tensor):
        return _relayout(tree, layout)
    if isinstance(tree, (list, tuple)):
        return type(tree)(with_layout(leaf, layout) for leaf in tree)
    if isinstance(tree, dict):
        return {key: with_layout(leaf, layout) for key, leaf in tree.items()}
    return tree


def _relayout(tensor: torch.Tensor, layout: str) -> torch.Tensor:
    if layout == "transposed" and tensor.dim() > 1:
        return tensor.mT.contiguous().mT
    if layout == "strided" and tensor.dim() > 0:
        buffer = tensor.new_zeros(*tensor.shape[:-1], 2 * tensor.shape[-1])
        return buffer[..., ::2].copy_(tensor)
    if layout == "offset":
        buffer = tensor.new_zeros(tensor.numel() + 2 * _OFFSET)
        return buffer[_OFFSET : _OFFSET + tensor.numel()].view(tensor.shape).copy_(tensor)
    if layout == "expanded" and tensor.is_floating_point() and 0 not in tensor.shape[:1]:
        return tensor[:1].expand_as(tensor) if tensor.dim() > 1 else tensor
    if layout == "overlapping" and tensor.is_floating_point() and tensor.dim() > 1:
        return _overlapping(tensor)
    return tensor.contiguous()


def _overlapping(tensor: torch.Tensor) -> torch.Tensor:
    if 0 in tensor.shape:
        return tensor
    buffer = torch.cat([tensor[..., 0, :], tensor[..., 1:, -1]], -1)  # rows + columns - 1
    return buffer.unfold(-1, tensor.shape[-1], 1)


@dataclass(frozen=True)
class RandomSource:
    """Random generators of a run: the same seed and purpose give the same numbers."""

    seed: int

    def generator(self, *purpose: object) -> torch.Generator:
        """Return a new generator for one purpose, such as an exercise, a case and a dtype."""
        digest = hashlib.blake2b(repr((self.seed, *purpose)).encode(), digest_size=8).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
