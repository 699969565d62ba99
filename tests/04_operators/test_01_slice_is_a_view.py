"""Grader of slice_is_a_view: rows as a view, in one op."""

import torch

from torchkata import (
    Case,
    Function,
    Ops,
    Spec,
    _,
    arguments,
    equal,
    none_of,
    normal,
    same_as_reference,
    special,
    value,
)
from torchkata.probes import copying_calls, views_of_one_memory


def row_by_row(x, begin, end):
    rows = [row for i, row in enumerate(x) if i in range(*slice(begin, end).indices(len(x)))]
    return torch.stack(rows) if rows else torch.zeros(0, *x.shape[1:], dtype=x.dtype)


SPEC = Spec(
    Function(
        "window",
        inputs={"x": normal("n d"), "begin": value("b"), "end": value("e")},
        naive=row_by_row,
        cases=(
            Case("one row of one", n=1, d=1, b=0, e=1),
            Case("x has no rows", n=0, d=2, b=0, e=3),
            Case("begin equals end", n=5, d=2, b=3, e=3),
            Case("end before begin", n=5, d=2, b=4, e=1),
            Case("negative values", n=6, d=2, b=-3, e=-1),
            Case("beyond both ends", n=6, d=2, b=-99, e=99),
            Case("middle", n=40, d=7, b=11, e=30),
            Case("square", n=6, d=6, b=1, e=4),
            Case("far from the first row", n=6000, d=2, b=1500, e=5800),
            Case("a vector", given=arguments(normal("9"), 2, 7)),
            Case("three dims", given=arguments(special("5 3 4"), 1, 4)),
        ),
        dtypes=(torch.float32, torch.float64, torch.float16, torch.int64, torch.bool),
        budget=(Ops(1, views=True),),
        square=False,  # begin and end would be the same in a case of equal sizes
        variant_case="middle",
    ),
    stub_digest="2f9e3bfc9173892f",
)


def rows_of_windows(kata, *bounds):
    """Return which of five rows each window has, or the error."""
    rows = []
    for begin, end in bounds:
        try:
            rows.append(kata.window(torch.arange(5), begin, end).tolist())
        except NotImplementedError:
            raise
        except Exception as error:  # noqa: BLE001 - a submission may raise anything
            rows.append(f"{type(error).__name__}: {error}")
    return rows


def test_values_all_bounds(submission):
    """All bounds mean what they mean in a Python slice."""
    bounds = [(begin, end) for begin in range(-7, 8) for end in range(-7, 8)]
    rows = submission.run(rows_of_windows, *bounds)
    for (begin, end), got in zip(bounds, rows, strict=True):
        expected = list(range(5))[begin:end]
        what = _("window(torch.arange(5), {begin}, {end})", begin=begin, end=end)
        equal(got, expected, what=what)


def test_values_of_the_transpose(submission, reference, generator):
    """The transpose of x, which has the same memory, gives another window."""
    x = torch.randn(5, 5, generator=generator)
    what = {0: _("window(x, 1, 4)"), 1: _("window(x.T, 1, 4) after it")}
    same_as_reference(submission, reference, views_of_one_memory, "window", x, 1, 4, what=what)


def test_memory_is_shared(submission, generator):
    """The window is a view of x, whatever the layout of x."""
    x = torch.randn(6, 6, generator=generator)
    for layout, given in ((_("contiguous"), x), (_("transposed"), x.T), (_("strided"), x[:, ::2])):
        none_of(
            submission.run(copying_calls, "window", given, 1, 4),
            what=_("Calls whose window is a copy ({layout})", layout=layout),
            why=_(
                "Writing to the window must change x. A view costs next to nothing; a copy moves "
                "every element."
            ),
        )
