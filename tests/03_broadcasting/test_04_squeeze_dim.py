"""Grader of squeeze_dim: one named dim goes, and its memory stays."""

import torch

from torchkata import Case, Spec, Function, normal, require


def image_by_image(images):
    n, _, h, w = images.shape
    out = torch.zeros(n, h, w, dtype=images.dtype)
    for i in range(n):
        out[i] = images[i, 0]
    return out


def with_channels(count):
    def given(sizes, generator):
        return (torch.randn(3, count, 5, 4, generator=generator),)

    return given


SPEC = Spec(
    Function(
        "drop_channel",
        inputs={"images": normal("n 1 h w")},
        naive=image_by_image,
        cases=(
            Case("one pixel", n=1, h=1, w=1),
            Case("one image", n=1, h=5, w=7),
            Case("one line", n=4, h=1, w=6),
            Case("one pixel wide", n=4, h=6, w=1),
            Case("no images", n=0, h=3, w=2),
            Case("a batch", n=6, h=9, w=11),
            Case("three channels", given=with_channels(3), raises=ValueError),
            Case("no channel", given=with_channels(0), raises=ValueError),
        ),
        dtypes=(torch.float32, torch.float64, torch.uint8, torch.bool),
    ),
    stub_digest="be0480e9a8b2d931",
    broken_axis="shape",
)


def written(kata, images):
    """Whether a number that is written into the result arrives in the images."""
    kata.drop_channel(images).fill_(7.0)
    return images


def test_memory_is_shared(submission, generator):
    """The result is a view of the images, whatever their layout."""
    for n in (1, 3):
        images = torch.randn(n, 1, 4, 5, generator=generator)
        for name, given in (("contiguous", images), ("transposed", images.mT)):
            require(
                bool((submission.run(written, given.clone()) == 7).all()),
                f"Writing into the result leaves the images as they were ({name}, n={n}): it is a "
                "copy. Dropping a dim needs none; look for clone, contiguous or arithmetic.",
            )
