"""Grader of squeeze_dim: one dim is removed, as a view."""

import torch

from torchkata import Case, Function, Spec, _, normal, require


def image_by_image(images):
    n, _, h, w = images.shape
    out = torch.zeros(n, h, w, dtype=images.dtype)
    for i in range(n):
        out[i] = images[i, 0]
    return out


def with_channels(count):
    return lambda _sizes, generator: (torch.randn(3, count, 5, 4, generator=generator),)


SPEC = Spec(
    Function(
        "drop_channel",
        inputs={"images": normal("n 1 h w")},
        naive=image_by_image,
        cases=(
            Case("one pixel", n=1, h=1, w=1),
            Case("one image", n=1, h=5, w=7),
            Case("one row of pixels", n=4, h=1, w=6),
            Case("one column of pixels", n=4, h=6, w=1),
            Case("no images", n=0, h=3, w=2),
            Case("a batch", n=6, h=9, w=11),
            Case("three channels", given=with_channels(3), raises=ValueError),
            Case("no channels", given=with_channels(0), raises=ValueError),
        ),
        dtypes=(torch.float32, torch.float64, torch.uint8, torch.bool),
    ),
    stub_digest="be0480e9a8b2d931",
    broken_axis="shape",
)


def after_writing(kata, images):
    """Write to the result, and return the images."""
    kata.drop_channel(images).fill_(7.0)
    return images


def test_memory_is_shared(submission, generator):
    """The result is a view of the images, whatever their layout."""
    for n in (1, 3):
        contiguous = torch.randn(n, 1, 4, 5, generator=generator)
        for layout, images in (("contiguous", contiguous), ("transposed", contiguous.mT)):
            require(
                bool((submission.run(after_writing, images.clone()) == 7).all()),
                _(
                    "Writing to the result does not change the images ({layout}, n={n}), so it is "
                    "a copy. Removing a dim needs no copy; look for clone, contiguous or "
                    "arithmetic.",
                    layout=layout,
                    n=n,
                ),
            )
