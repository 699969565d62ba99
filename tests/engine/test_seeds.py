"""Seeds of hidden inputs cannot be searched or derived from each other."""

from __future__ import annotations

import torch

from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.seeds import derived_seed, random_seed

_PURPOSE = ("chapter/01_name", "entry", "usual", "None", 0)


def test_random_seeds_have_128_bits():
    """Seeds use the whole range, so no search finds one."""
    seeds = [random_seed() for _ in range(200)]

    assert len(set(seeds)) == 200
    assert max(seeds).bit_length() > 120


def test_derived_seeds_depend_on_secret_and_purpose():
    """Each learner, exercise and submission has inputs that another secret would not give."""
    purposes = [(who, what, key) for who in "ab" for what in "cd" for key in "ef"]
    seeds = [derived_seed(secret, *purpose) for secret in (1, 1 << 127) for purpose in purposes]

    assert len(set(seeds)) == len(seeds)
    assert seeds[: len(purposes)] == [derived_seed(1, *purpose) for purpose in purposes]
    assert min(seed.bit_length() for seed in seeds) > 96


def test_a_search_of_the_bits_that_inputs_show_finds_no_other_inputs():
    """A generator's seed is a digest: with it known, the inputs of other purposes stay unknown."""
    secret = random_seed()
    known = RandomSource(secret).generator(*_PURPOSE).initial_seed()
    hidden = torch.rand(4, generator=RandomSource(secret).generator(*_PURPOSE[:-1], 1))

    candidates = [
        known,
        *(known ^ (1 << bit) for bit in range(63)),
        known >> 31,
        known & 0xFFFFFFFF,
    ]
    for seed in candidates:
        for generator in (RandomSource(seed).generator(*_PURPOSE[:-1], 1), _seeded(seed)):
            assert not torch.equal(torch.rand(4, generator=generator), hidden), seed


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
