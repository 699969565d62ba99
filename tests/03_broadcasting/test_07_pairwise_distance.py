"""Grader of pairwise_distance: the expanded square, near and far from the origin."""

import torch

from torchkata import Case, Spec, Function, Memory, Speedup, normal, require


def double_loop(a, b):
    out = torch.zeros(a.shape[0], b.shape[0], dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            out[i, j] = (a[i] - b[j]).square().sum()
    return out


SPEC = Spec(
    Function(
        "pairwise_sqdist",
        # Two sets apart: no true distance is so small that honest rounding outweighs it.
        inputs={"a": normal("n d", std=0.5), "b": normal("m d", mean=4.0, std=0.5)},
        naive=double_loop,
        cases=(
            Case("one number each", n=1, m=1, d=1),
            Case("one point against many", n=1, m=7, d=3),
            Case("many against one point", n=6, m=1, d=4),
            Case("points on a line", n=9, m=5, d=1),
            Case("no points in a", n=0, m=3, d=2),
            Case("no points in b", n=3, m=0, d=2),
            Case("two sets", n=13, m=8, d=5),
            Case("many dims", n=4, m=6, d=90),
        ),
        budget=(
            Speedup(30, over=double_loop, at={"n": 64, "m": 64, "d": 16}),
            Memory("4 * output", at={"n": 256, "m": 256, "d": 64}),
        ),
    ),
    stub_digest="389619f5d8b9b6f7",
)


def distances(kata, a, b):
    return kata.pairwise_sqdist(a, b).detach()


def test_stability_never_negative(submission, generator):
    """Equal points have distance 0, not a little less."""
    for n in (16, 64, 100):
        x = torch.randn(n, 64, generator=generator)
        got = submission.run(distances, x, x.clone())
        require(
            bool((got >= 0).all()),
            f"A squared distance is {got.min():.3g}: rounding made it negative (or it is nan), and "
            "its square root would be nan. Cut off at 0 what lies below.",
        )
        require(
            bool((got.diagonal() < 1e-3 * got.mean()).all()),
            f"Equal points are {got.diagonal().max():.3g} apart, but have to be about 0 apart.",
        )


def test_stability_far_from_the_origin(submission, generator):
    """Around 100 the error stays below 0.001 of the mean distance."""
    for spread in (1.0, 0.1):
        for n, m in ((64, 64), (80, 70)):
            a, b = (torch.randn(k, 64, generator=generator) * spread + 100 for k in (n, m))
            true = (a.double().unsqueeze(1) - b.double()).square().sum(-1)
            got = submission.run(distances, a, b)
            require(got.shape == (n, m), f"The result is {list(got.shape)}, not {[n, m]}.")
            error = float((got.double() - true).abs().max() / true.mean())
            require(
                error <= 1e-3,
                f"For points of spread {spread:g} around 100 the largest error is {error:.2g} of "
                "the mean squared distance; 0.001 is allowed. Huge squares cancel, and their "
                "rounding is left. Move all points to the origin first: distances stay the same.",
                relative_error=error,
                relative_error_allowed=1e-3,
            )
