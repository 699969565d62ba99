"""Grader of squeeze_dim: one dim is removed, as a view."""

import torch

from torchkata import Case, Function, Spec, _, arguments, none_of, normal, same_as_reference
from torchkata.probes import copying_calls, views_of_one_memory


def image_by_image(images):
    n, _, h, w = images.shape
    out = torch.zeros(n, h, w, dtype=images.dtype)
    for i in range(n):
        out[i] = images[i, 0]
    return out


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
            Case("5,000 images", n=5000, h=2, w=3),
            Case("three channels", given=arguments(normal("3 3 5 4")), raises=ValueError),
            Case("one image, two channels", given=arguments(normal("1 2 1 1")), raises=ValueError),
            Case("no channels", given=arguments(normal("3 0 5 4")), raises=ValueError),
            Case(
                "no images, three channels", given=arguments(normal("0 3 5 4")), raises=ValueError
            ),
        ),
        dtypes=(torch.float32, torch.float64, torch.float16, torch.uint8, torch.bool),
    ),
    stub_digest="9522668706bd1876",
    broken_axis="shape",
)


def test_values_of_the_transpose(submission, reference, generator):
    """The transpose of the images, which has the same memory, gives another result."""
    images = torch.randn(3, 1, 4, 4, generator=generator)
    what = {0: _("the result of images"), 1: _("the result of images.mT after it")}
    same_as_reference(submission, reference, views_of_one_memory, "drop_channel", images, what=what)


def test_memory_is_shared(submission, generator):
    """The result is a view of the images, whatever their layout."""
    images = torch.randn(3, 1, 4, 5, generator=generator)
    for layout, given in (
        (_("contiguous"), images),
        (_("transposed"), images.mT),
        (_("one image"), images[1:2]),
    ):
        none_of(
            submission.run(copying_calls, "drop_channel", given),
            what=_("Calls that copy the images ({layout})", layout=layout),
            why=_(
                "Writing to the result must change the images. Removing a dim needs no copy; look "
                "for clone, contiguous or arithmetic."
            ),
        )
