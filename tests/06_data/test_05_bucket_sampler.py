"""Grader of bucket_sampler: batches of similar lengths, in random order."""

import torch

from torchkata import EntryPoint, Spec, _, equal, loader_yields, require
from torchkata.probes import collect_bounded, loader_output

SPEC = Spec(EntryPoint("BucketSampler"), stub_digest="b613d67c44b540c9", loads_data=True)
RULES = {
    "exactly once": "values[each once]",
    "batch_size indices": "shape[of batches]",
    "The padding is": "values[padding]",
    "at most 1.1x": "values[padding]",
    "new order": "values[new order each pass]",
    "only source": "values[only the generator]",
    "Without it": "values[without a generator]",
    "not modified": "purity[of lengths]",
    "in a DataLoader": "values[in a loader]",
}
SIZES = ((0, 4), (1, 1), (1, 5), (5, 1), (7, 3), (12, 4), (203, 16))


def sample(kata, lengths, batch_size, passes=1, seed=None, global_seed=0):
    """Return the sampler's length, its batches in each pass, and whether it drew global numbers."""
    import random  # noqa: PLC0415 - probes import what they need

    torch.manual_seed(global_seed)
    random.seed(global_seed)
    options = {} if seed is None else {"generator": torch.Generator().manual_seed(seed)}
    before = torch.get_rng_state(), random.getstate()
    sampler = kata.BucketSampler(lengths, batch_size, **options)
    batches = [collect_bounded(sampler) for _pass in range(passes)]
    after = torch.get_rng_state(), random.getstate()
    return {
        "len": len(sampler),
        "passes": batches,
        "drew globally": not torch.equal(before[0], after[0]) or before[1] != after[1],
    }


def lengths_after_a_pass(kata, lengths):
    collect_bounded(kata.BucketSampler(lengths, 3))
    return lengths


def load(kata, lengths, workers):
    """Run two passes of a DataLoader over the indices."""
    options = {"batch_sampler": kata.BucketSampler(lengths, 4), "num_workers": workers}
    return loader_output(range(len(lengths)), passes=2, **options)


def random_lengths(generator, n, high=500):
    return torch.randint(high + 1, (n,), generator=generator)


def as_ints(batches):
    """Return batches as lists of ints, whatever they contain; another test judges their types."""
    return [[int(i) for i in batch] for batch in batches]


def padding(lengths, batches):
    rows = [lengths[batch] for batch in as_ints(batches)]
    return sum(int((row.max() - row).sum()) for row in rows)


def samples_of_all_sizes(submission, generator, passes=1):
    """Yield (n, batch_size, result of `sample`), for lengths as a tensor and as a list."""
    for n, batch_size in SIZES:
        lengths = random_lengths(generator, n, 60)
        for argument in (lengths, lengths.tolist()):
            yield n, batch_size, submission.run(sample, argument, batch_size, passes)


def require_each_once(batches, n, where):
    """Fail unless each index occurs exactly once."""
    indices = sorted(i for batch in as_ints(batches) for i in batch)
    require(
        indices == list(range(n)),
        _(
            "{where}: expected each index exactly once in a pass. Got in total: {count}, distinct: "
            "{distinct}, missing: {missing}.",
            where=where,
            count=len(indices),
            distinct=len(set(indices)),
            missing=len(set(range(n)) - set(indices)),
        ),
    )


def test_contract_lists_of_ints(submission, generator):
    """A batch is a list of Python ints, whether lengths is a list or a tensor."""
    lengths = random_lengths(generator, 10)
    for argument in (lengths, lengths.tolist()):
        for batch in submission.run(sample, argument, 4)["passes"][0]:
            equal(type(batch).__name__, "list", what=_("The type of a batch"))
            types = sorted({type(i).__name__ for i in batch})
            why = _("`.tolist()` converts a tensor to a list of Python numbers.")
            equal(types, ["int"], what=_("The types in a batch"), why=why)


def test_contract_len(submission, generator):
    """len(sampler) is the number of batches."""
    for n, batch_size, got in samples_of_all_sizes(submission, generator):
        what = _("len(sampler) for n={n} and batch_size={size}", n=n, size=batch_size)
        equal(got["len"], -(-n // batch_size), what=what)


def test_shape_of_batches(submission, generator):
    """All batches have batch_size indices, except for at most one shorter batch."""
    for n, batch_size, got in samples_of_all_sizes(submission, generator):
        sizes = sorted(len(batch) for batch in got["passes"][0])
        full, rest = [batch_size] * (n // batch_size), n % batch_size
        expected = [rest] * (rest > 0) + full
        require(
            # Without the shorter batch, test_values_each_once reports the missing samples.
            sizes in (full, expected),
            _(
                "n={n} and batch_size={batch_size}: expected batches of the sizes {expected}, in "
                "any order, got {sizes}.",
                n=n,
                batch_size=batch_size,
                expected=expected[:12],
                sizes=sizes[:12],
            ),
        )


def test_values_each_once(submission, generator):
    """Each pass yields every index exactly once."""
    for n, batch_size, got in samples_of_all_sizes(submission, generator, passes=2):
        where = _("n={n}, batch_size={batch_size}", n=n, batch_size=batch_size)
        for batches in got["passes"]:
            require_each_once(batches, n, where)


def test_values_padding(submission, generator):
    """Batches contain samples of similar length."""
    many, few = random_lengths(generator, 5008), random_lengths(generator, 640)
    few[::40] = 5000  # some are much longer than all others
    # Only the last one is long, so it belongs into the shorter batch.
    one_long = torch.ones(33, dtype=torch.int64).index_fill(
        0, torch.randint(33, (1,), generator=generator), 1000
    )
    for lengths in (many, few, random_lengths(generator, 608, 3), torch.full((48,), 7), one_long):
        (batches,) = submission.run(sample, lengths, 16, 1, 3)["passes"]
        where = _("n={n}, batch_size={batch_size}", n=len(lengths), batch_size=16)
        require_each_once(batches, len(lengths), where)
        got = padding(lengths, batches)
        best = padding(lengths, lengths.argsort().split(16))
        require(
            got <= 1.1 * best,
            _(
                "{n} samples with {shortest} to {longest} steps get {padding:,} steps of padding. "
                "In ascending order it is {best:,}, and the limit is 1.1x that. Put samples of "
                "similar length into the same batch; the shorter batch has the longest ones.",
                n=len(lengths),
                shortest=int(lengths.min()),
                longest=int(lengths.max()),
                padding=got,
                best=best,
            ),
            steps_of_padding=got,
            steps_of_padding_allowed=1.1 * best,
        )


def test_values_new_order_each_pass(submission, generator):
    """Each pass draws a new order of the batches, and every order is possible."""
    lengths = torch.randperm(11, generator=generator)  # the shorter batch moves, too
    for seed in (None, 5):
        passes = submission.run(sample, lengths, 3, 60, seed)["passes"]
        orders = {
            tuple(int(lengths[batch].min()) for batch in as_ints(batches)) for batches in passes
        }
        require(
            len(orders) > 12,  # out of 24; 60 random draws contain about 22
            _(
                "Without a generator, 60 passes over 4 batches produce {count} of the 24 possible "
                "orders. About 22 occur if each pass draws a new one.",
                count=len(orders),
            )
            if seed is None
            else _(
                "With a generator, 60 passes over 4 batches produce {count} of the 24 possible "
                "orders. About 22 occur if each pass draws a new one.",
                count=len(orders),
            ),
        )


def test_values_only_the_generator(submission, generator):
    """The same seed gives the same passes, no matter what else is drawn; others differ."""
    lengths = random_lengths(generator, 60)
    first, again, other = (
        submission.run(sample, lengths, 3, 3, seed, global_seed)
        for seed, global_seed in ((8, 1), (8, 2), (9, 1))
    )
    require(
        first["passes"] == again["passes"],
        _(
            "Two generators with the same seed give different passes, so there is another source "
            "of randomness. An experiment is reproducible only if `generator` is the only one."
        ),
    )
    require(
        first["passes"] != other["passes"],
        _("Generators with different seeds give the same passes."),
    )
    require(
        not first["drew globally"],
        _(
            "Although a generator is given, a pass draws from the global generator (or seeds it), "
            "which the rest of the program uses. Pass generator=... to every random function."
        ),
    )


def test_values_without_a_generator(submission, generator):
    """Without a generator, different seeds of the program give different passes."""
    lengths = random_lengths(generator, 60)
    one, other = (
        submission.run(sample, lengths, 3, 1, None, global_seed)["passes"] for global_seed in (1, 2)
    )
    require(
        one != other,
        _(
            "Without a generator, samplers in two runs of a program give the same order. A fixed "
            "seed repeats one order in every experiment: draw from the global generator instead."
        ),
    )


def test_values_in_a_loader(submission, generator):
    """It works in a DataLoader, without worker processes and with two."""
    for passes in loader_yields(submission, load, random_lengths(generator, 18)):
        for batches in passes:
            indices = [batch.tolist() for batch in batches]
            require_each_once(indices, 18, _("In a DataLoader"))


def test_purity_of_lengths(submission, generator):
    """The lengths are not modified."""
    lengths = random_lengths(generator, 20)
    for argument in (lengths.clone(), lengths.tolist()):
        after = submission.run(lengths_after_a_pass, argument)
        require(
            torch.equal(torch.as_tensor(after), lengths),
            _(
                "A pass modifies lengths (a {type}). Sort a copy, or use argsort.",
                type=type(argument).__name__,
            ),
        )


def test_device_of_lengths(submission, generator, device):
    """Lengths may be a tensor on any device."""
    lengths = random_lengths(generator, 40)
    (batches,) = submission.run(sample, lengths, 8, device=device)["passes"]
    require_each_once(batches, 40, _("With lengths on {device}", device=device))
