"""Reference: check the size of the dimension, then squeeze exactly that dimension.

Correct for every size: `squeeze()` without an argument removes all dimensions of size 1, so the
shape of its result depends on the data. `squeeze(1)` removes one dimension or none, and the check
rules out "none". Free: the result is a view, so no pixel is copied.
"""

from torch import Tensor


def drop_channel(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError(f"expected images with 1 channel, got {images.shape[1]}")
    return images.squeeze(1)  # [n, 1, h, w] -> [n, h, w]


HINTS = (
    "Which dimensions does `squeeze()` remove if you do not name one?",
    "`squeeze(dim)` removes one dimension, and does nothing if its size is not 1: check it first.",
    "`if images.shape[1] != 1: raise ValueError(...)`, then `return images.squeeze(1)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"drop_channel": ("by_index", "by_reshape", "by_flatten")}


def by_index(images: Tensor) -> Tensor:
    if images.size(1) != 1:
        raise ValueError("expected one channel")
    return images[:, 0]


def by_reshape(images: Tensor) -> Tensor:
    n, channels, h, w = images.shape
    if channels != 1:
        raise ValueError("expected one channel")
    return images.reshape(n, h, w)  # removing a dimension of size 1 never needs a copy


def by_flatten(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.flatten(0, 1)  # n * 1 is n


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "drop_channel": {
        "squeeze_everything": "shape",
        "squeeze_in_silence": "contract",
        "first_channel": "contract",
        "first_image": "shape",
        "copied": "memory",
        "average_of_channels": "dtype",
        "without_graph": "gradient",
        "unchecked_if_empty": "contract",
        "copied_unless_contiguous": "memory",
    },
}


def squeeze_everything(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.squeeze()  # a batch of one image loses its batch dimension too


def squeeze_in_silence(images: Tensor) -> Tensor:
    return images.squeeze(1)  # three channels stay, and there is no error


def first_channel(images: Tensor) -> Tensor:
    return images[:, 0]  # keeps only the red channel of a color image


def first_image(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images[0]  # [1, h, w] only looks like a batch: dim 0 counts the images


def copied(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.squeeze(1).clone()  # copies every pixel for nothing


def average_of_channels(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.float().mean(dim=1)  # the mean of one channel has its value, but is a float


def without_graph(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.data.squeeze(1)  # the images get no gradient


def unchecked_if_empty(images: Tensor) -> Tensor:
    if any(image.shape[0] != 1 for image in images):  # never true without images
        raise ValueError("expected one channel")
    return images.squeeze(1) if len(images) else images[:, 0]


def copied_unless_contiguous(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("expected one channel")
    return images.contiguous().squeeze(1)  # copies transposed images
