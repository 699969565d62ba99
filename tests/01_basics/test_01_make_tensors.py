"""Grader of make_tensors: four makers, judged on numbers, dtypes, fresh memory and seeds."""

import torch

from torchkata import Case, Spec, Function, require, same


def three():
    return torch.zeros((), dtype=torch.int64) + 3


def one_two():
    return torch.ones(2, dtype=torch.int64).cumsum(0)


def four_zeros():
    return torch.stack([torch.tensor([0.0, 0.0])] * 2)


def eight_draws(generator):
    return torch.stack([torch.rand((), generator=generator) for _ in range(8)]).view(2, 2, 2)


def seeded(_sizes, generator):
    """A generator in a state that differs from run to run."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    return torch.Generator().manual_seed(seed)


def maker(name, naive, dtype, **inputs):
    return Function(
        name, inputs, naive, cases=(Case(f"{name}()"),), dtypes=(dtype,), layouts=(),
        gradient=False, device=False, purity=False,
    )  # fmt: skip


SPEC = Spec(
    maker("scalar", three, torch.int64),
    maker("vector", one_two, torch.int64),
    maker("matrix", four_zeros, torch.float32),
    maker("cube", eight_draws, torch.float32, generator=seeded),
    stub_digest="a69dfc9085c68c6f",
)
MAKERS = SPEC.names


def in_poisoned_memory(kata):
    """Make all four while PyTorch fills memory that nobody has written with nan or huge numbers."""
    torch.use_deterministic_algorithms(mode=True)
    try:
        return {name: getattr(kata, name)() for name in MAKERS}
    finally:
        torch.use_deterministic_algorithms(mode=False)


def in_order(kata, seed):
    """Two cubes one after the other, without a generator and with one."""
    torch.manual_seed(seed)
    free = [kata.cube(), kata.cube()]
    generator = torch.Generator().manual_seed(seed)
    return free, [kata.cube(generator), kata.cube(generator)]


def changed(kata, name):
    """Change what the first call returned; is that seen in what the second one returns?"""
    first = getattr(kata, name)()
    getattr(kata, name)()
    first.fill_(77)
    return bool((getattr(kata, name)() == 77).any())


def test_values_are_filled_in(submission):
    """No entry is left as the memory happened to be."""
    for name, made in submission.run(in_poisoned_memory).items():
        require(
            (made.abs() < 1e6).all(),
            f"`{name}()` returns memory that nobody has filled in: PyTorch was told to write nan "
            f"or a huge number into such memory, and {made.tolist()} came. `torch.empty` and "
            "`torch.Tensor(sizes)` only reserve room.",
        )


def test_values_of_cube_follow_the_seed(submission, reference, generator):
    """From one seed come torch.rand's numbers, with and without a generator, call by call."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    got, expected = submission.run(in_order, seed), reference.run(in_order, seed)
    kinds = ("after torch.manual_seed", "of one generator")
    for kind, mine, theirs in zip(kinds, got, expected, strict=True):
        for turn in (0, 1):
            same(mine[turn], theirs[turn], what=f"cube number {turn + 1} {kind}")


def test_purity_each_call_is_fresh(submission):
    """Whoever changes the tensor of one call does not change the next one."""
    for name in MAKERS:
        require(
            not submission.run(changed, name),
            f"`{name}()` returns the same tensor at every call: a change in the first one shows in "
            "the next one. Make the tensor inside of the function, anew in each call.",
        )
