"""Grader of bucket_sampler: batches of like lengths, in random order."""

import torch

from torchkata import EntryPoint, Spec, loader_yields, require
from torchkata.probes import collect_bounded, loader_output

SPEC = Spec(EntryPoint("BucketSampler"), stub_digest="db883322faf358bc", loads_data=True)
SIZES = ((0, 4), (1, 1), (1, 5), (5, 1), (7, 3), (12, 4), (203, 16))


def passes(kata, lengths, batch_size, times=1, seed=None, chance=0):
    """len(), the batches of several passes, and whether chance from elsewhere was drawn."""
    import random  # noqa: PLC0415 - a probe brings its own

    torch.manual_seed(chance)
    random.seed(chance)
    how = {} if seed is None else {"generator": torch.Generator().manual_seed(seed)}
    before = torch.get_rng_state(), random.getstate()
    sampler = kata.BucketSampler(lengths, batch_size, **how)
    found = [collect_bounded(sampler) for _ in range(times)]
    drawn = not torch.equal(before[0], torch.get_rng_state()) or before[1] != random.getstate()
    return len(sampler), found, drawn


def touched(kata, lengths):
    """The lengths after a pass."""
    collect_bounded(kata.BucketSampler(lengths, 3))
    return lengths


def loaded(kata, lengths, workers):
    """The sample numbers that two passes of a DataLoader give."""
    how = {"batch_sampler": kata.BucketSampler(lengths, 4), "num_workers": workers}
    return loader_output(range(len(lengths)), passes=2, **how)


def drawn(generator, n, high=500):
    return torch.randint(1, high + 1, (n,), generator=generator)


def padding(lengths, batches):
    """The number of steps that are filled."""
    rows = [lengths[batch] for batch in batches]
    return sum(int((row.max() - row).sum()) for row in rows)


def sized(submission, generator, times=1):
    """Yield n, batch_size, len() and the batches of some passes, for a tensor and for a list."""
    for n, size in SIZES:
        lengths = drawn(generator, n, 60)
        for given in (lengths, lengths.tolist()):
            yield n, size, *submission.run(passes, given, size, times)[:2]


def complete(batches, n, where):
    """Fail unless each number comes once."""
    got = sorted(i for batch in batches for i in batch)
    missing = len(set(range(n)) - set(got))
    require(
        got == list(range(n)),
        f"{where}: {len(got)} numbers come, {len(set(got))} different ones, and {missing} of the "
        f"{n} samples are missing. Each has to come exactly once in a pass.",
    )


def test_contract_lists_of_ints(submission, generator):
    """A batch is a list of Python's ints, whether lengths is a list or a tensor."""
    lengths = drawn(generator, 10)
    for given in (lengths, lengths.tolist()):
        for batch in submission.run(passes, given, 4)[1][0]:
            kind = type(batch).__name__
            if isinstance(batch, list):
                kind += " of " + " and ".join(sorted({type(i).__name__ for i in batch}))
            require(
                kind == "list of int",
                f"A batch is a {kind}; it has to be a list of int. `.tolist()` makes one of a "
                "tensor.",
            )


def test_contract_len(submission, generator):
    """len() is the number of batches."""
    for n, size, count, _passes in sized(submission, generator):
        wanted = -(-n // size)
        require(
            count == wanted,
            f"len(sampler) is {count} for n={n} and batch_size={size}; the number of batches is "
            f"{wanted}.",
        )


def test_shape_of_batches(submission, generator):
    """All batches have batch_size numbers, apart from at most one."""
    for n, size, _count, (batches,) in sized(submission, generator):
        sizes, full, rest = sorted(len(batch) for batch in batches), n // size, n % size
        require(
            sizes in ([size] * full, [rest] * (rest > 0) + [size] * full),  # or one is missing
            f"{n} samples in batches of {size} make {full} full batches"
            + (f" and one of {rest}" if rest else "")
            + f"; the batches that came have the sizes {sizes[:12]}.",
        )


def test_values_each_once(submission, generator):
    """In each pass every number comes once."""
    for n, size, _count, both in sized(submission, generator, times=2):
        for batches in both:
            complete(batches, n, f"n={n}, batch_size={size}")


def test_values_padding(submission, generator):
    """Neighbours in length come together."""
    # All n are multiples of 16, so there is but one way to keep neighbours together.
    many, few = drawn(generator, 1008), drawn(generator, 640)
    few[::40] = 5000  # some are far longer than the rest
    for lengths in (many, few, drawn(generator, 608, 3), torch.full((48,), 7)):
        _count, (batches,), _drawn = submission.run(passes, lengths, 16, 1, 3)
        complete(batches, len(lengths), "For the padding")
        got = padding(lengths, batches)
        best = padding(lengths, lengths.argsort().split(16))
        require(
            got <= 1.1 * best,
            f"{len(lengths)} samples of {lengths.min()} to {lengths.max()} steps get {got:,} steps "
            f"of filling; in ascending order it is {best:,}, and 1.1 x that is allowed. Samples "
            "that are neighbours in length belong into one batch.",
            steps_of_padding=got,
            steps_of_padding_allowed=1.1 * best,
        )


def test_values_new_order_each_pass(submission, generator):
    """Any order of the batches can come, and each pass has its own."""
    lengths = torch.randperm(12, generator=generator)
    for seed in (None, 5):
        _count, found, _drawn = submission.run(passes, lengths, 3, 60, seed)
        orders = [tuple(int(lengths[batch].min()) for batch in batches) for batches in found]
        count = len(set(orders))
        how = "without a generator" if seed is None else "with a generator"
        require(
            count > 12,  # of 24 that there are; chance gives 22
            f"4 batches came in {count} different orders in 60 passes, {how}; 24 are possible, and "
            "about 22 of them come if each pass draws a new one.",
        )


def test_values_generator_alone(submission, generator):
    """The same seed gives the same passes, whatever else is drawn; another seed, others."""
    lengths = drawn(generator, 60)
    (_, one, elsewhere), (_, again, _), (_, other, _) = (
        submission.run(passes, lengths, 3, 3, seed, chance)
        for seed, chance in ((8, 1), (8, 2), (9, 1))
    )
    require(
        one == again,
        "Two generators with the same seed give different passes: something else is drawn from, "
        "too. An experiment can be repeated only if all chance comes from the generator.",
    )
    require(one != other, "Generators with different seeds give the same passes.")
    require(
        not elsewhere,
        "With a generator given, a pass also draws from the global generator (or seeds it), which "
        "belongs to the rest of the program. Pass generator=... to whatever draws.",
    )


def test_values_in_a_loader(submission, generator):
    """A DataLoader takes it, without worker processes and with two."""
    for found in loader_yields(submission, loaded, drawn(generator, 18)):
        for batches in found:
            complete([batch.tolist() for batch in batches], 18, "In a DataLoader")


def test_purity_of_lengths(submission, generator):
    """The lengths are the same after a pass."""
    lengths = drawn(generator, 20)
    for given in (lengths.clone(), lengths.tolist()):
        after = submission.run(touched, given)
        kept = torch.equal(torch.as_tensor(after), lengths)
        require(kept, f"The {type(given).__name__} of lengths is changed; sort a copy, or argsort.")


def test_device_of_lengths(submission, generator, device):
    """Lengths may be a tensor on any device."""
    lengths = drawn(generator, 40)
    _count, (batches,), _drawn = submission.run(passes, lengths, 8, device=device)
    complete(batches, 40, f"Lengths on {device}")
