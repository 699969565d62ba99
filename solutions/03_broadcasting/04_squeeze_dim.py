"""Reference: check the dim, then squeeze exactly that one.

Right for every size: `squeeze()` without a dim drops all dims of size 1, so its result depends on
the data's sizes. `squeeze(1)` drops one dim or none; which of the two is checked before. Free: the
result is a view, so no pixel is copied.
"""

from torch import Tensor

HINTS = (
    "Which dims go when nobody says which?",
    "`squeeze` takes the dim to drop. If that dim is not of size 1 it does nothing: check first.",
    "`if images.shape[1] != 1: raise ValueError(...)`, then `return images.squeeze(1)`.",
)

TRAPS = {
    "drop_channel": {
        "squeeze_everything": "shape",
        "squeeze_in_silence": "contract",
        "first_channel": "contract",
        "first_image": "shape",
        "copied": "memory",
        "average_of_channels": "dtype",
    },
}

ALTERNATIVES = {"drop_channel": ("by_index", "by_reshape", "by_flatten")}


def drop_channel(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError(f"Grey images have 1 channel, but these have {images.shape[1]}.")
    return images.squeeze(1)  # [n, 1, h, w] -> [n, h, w]


def by_index(images: Tensor) -> Tensor:
    if images.size(1) != 1:
        raise ValueError("There has to be one channel.")
    return images[:, 0]


def by_reshape(images: Tensor) -> Tensor:
    n, channels, h, w = images.shape
    if channels != 1:
        raise ValueError("There has to be one channel.")
    return images.reshape(n, h, w)  # a dim of size 1 can always go without a copy


def by_flatten(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("There has to be one channel.")
    return images.flatten(0, 1)  # n times 1 is n


def squeeze_everything(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("There has to be one channel.")
    return images.squeeze()  # the batch goes too where it has one image


def squeeze_in_silence(images: Tensor) -> Tensor:
    return images.squeeze(1)  # three channels stay, and nobody hears of it


def first_channel(images: Tensor) -> Tensor:
    return images[:, 0]  # of a colour image this is the red part


def first_image(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("There has to be one channel.")
    return images[0]  # dim 0 counts the images; [1, h, w] only looks like three dims of a batch


def copied(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("There has to be one channel.")
    return images.squeeze(1).clone()  # every pixel again, for nothing


def average_of_channels(images: Tensor) -> Tensor:
    if images.shape[1] != 1:
        raise ValueError("There has to be one channel.")
    return images.float().mean(dim=1)  # the mean of one number is that number, but now a float
