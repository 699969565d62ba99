"""Grader of pairwise_distance: the expanded square, near and far from the origin."""

import torch

from torchkata import Case, Function, Memory, Scale, Spec, Speedup, _, arguments, normal, require


def double_loop(a, b):
    out = torch.zeros(a.shape[0], b.shape[0], dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            out[i, j] = (a[i] - b[j]).square().sum()
    return out


def some_equal(sizes, generator):
    a = normal("7 3")(sizes, generator)
    return a, a[2:5].clone()


SPEC = Spec(
    Function(
        "pairwise_sqdist",
        # Two distant clusters, so that no true distance is as small as the rounding error.
        inputs={"a": normal("n d", std=0.5), "b": normal("m d", mean=4.0, std=0.5)},
        naive=double_loop,
        cases=(
            Case("one number each", n=1, m=1, d=1),
            Case("one point against many", n=1, m=7, d=3),
            Case("many against one point", n=6, m=1, d=4),
            Case("one dimension", n=9, m=5, d=1),
            # Without their gradient, because the mean of no points is nan.
            Case("no points in a", given=arguments(normal("0 2"), normal("3 2"))),
            Case("no points in b", given=arguments(normal("3 2"), normal("0 2"))),
            Case("many points", n=13, m=8, d=5),
            Case("many dimensions", n=4, m=6, d=90),
            Case("equal points", given=some_equal, gradient=True),
            Case("4100 points", given=arguments(normal("4100 2"), normal("2 2", mean=9.0))),
        ),
        no_loop=("n", "m"),
        scale=Scale(_("distances between 100,000 embeddings"), n=100_000, m=100_000, d=768),
        budget=(
            Speedup(30, over=double_loop, at={"n": 64, "m": 64, "d": 16}),
            Memory("4 * output", at={"n": 256, "m": 256, "d": 64}),
        ),
    ),
    stub_digest="8688877ebcb45074",
)


def squared_distances(kata, a, b):
    return kata.pairwise_sqdist(a, b).detach()


def test_stability_never_negative(submission, generator):
    """No squared distance is negative, and that of equal points is about 0."""
    for n in (16, 64, 100):
        x = torch.randn(n, 64, generator=generator)
        got = submission.run(squared_distances, x, x.clone())
        require(
            bool((got >= 0).all()),
            _(
                "A squared distance is {smallest:.3g}: rounding made it negative (or it is nan), "
                "so its square root would be nan. Clamp the result at 0.",
                smallest=float(got.min()),
            ),
        )
        require(
            bool((got.diagonal() < 1e-3 * got.mean()).all()),
            _(
                "The squared distance of equal points: expected about 0, got {largest:.3g}.",
                largest=float(got.diagonal().max()),
            ),
        )


def test_stability_far_from_the_origin(submission, generator):
    """Far from the origin, the error is at most 0.001 of the mean squared distance."""
    for spread in (1.0, 0.1):
        for n, m in ((64, 64), (80, 70)):
            center = 100 * torch.randn(64, generator=generator).sign()
            a, b = (torch.randn(k, 64, generator=generator) * spread + center for k in (n, m))
            true = (a.double().unsqueeze(1) - b.double()).square().sum(-1)
            got = submission.run(squared_distances, a, b)
            require(
                got.shape == (n, m),
                _(
                    "Expected shape {expected}, got {shape}.",
                    expected=[n, m],
                    shape=list(got.shape),
                ),
            )
            error = float((got.double() - true).abs().max() / true.mean())
            require(
                error <= 1e-3,
                _(
                    "For points around a center with coordinates of 100 and -100 and a spread of "
                    "{spread:g}, the largest error is {error:.2g} of the mean squared distance; "
                    "the limit is 0.001. Large squares cancel, and their rounding errors remain. "
                    "Move all points near the origin first; this does not change the distances.",
                    spread=spread,
                    error=error,
                ),
                relative_error=error,
                relative_error_allowed=1e-3,
            )
