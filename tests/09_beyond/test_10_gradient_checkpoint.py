"""Grader of gradient_checkpoint: a plain chain's values and gradients in less memory."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Tolerance,
    _,
    at_most,
    normal,
    require,
    same,
    value,
)

SHARE = 0.35  # of the plain chain's peak
LARGE = {"count": 16, "width": 256, "dropout": 0.1}
CHAINS = (
    (_("no blocks"), {"count": 0}),
    (_("five blocks with dropout"), {"count": 5, "dropout": 0.4}),
    (_("five blocks in eval mode"), {"count": 5, "dropout": 0.4, "training": False}),
)
RULES = {
    "Values and gradients": ("values", "gradient"),
    "random generator": "contract[random state]",
    "The parameters get": "gradient[x does not require grad]",
    "Do not modify x": ("purity[of blocks]", "purity[two runs]"),
}


class Namespace:
    """A module whose names are given."""

    def __init__(self, **names):
        vars(self).update(names)


def chain(like, count, width=6, dropout=0.0, *, training=True):
    """Make blocks with the same parameters in each call, with the device and dtype of `like`."""
    torch.manual_seed(5)
    nn, size = torch.nn, like.shape[-1]
    blocks = [
        nn.Sequential(
            nn.Linear(size, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, size)
        )
        for _block in range(count)
    ]
    return [block.to(like.device, like.dtype).train(training) for block in blocks]


def plain_chain(blocks, x):
    for block in blocks:
        x = block(x)
    return x


def two_runs(kata, x, weight, count, dropout):
    """Run a chain, differentiate it by its parameters, and run it again with smaller ones."""
    with torch.random.fork_rng(devices=[]):
        blocks = chain(x, count, dropout=dropout)
        parameters = [p for block in blocks for p in block.parameters()]
        torch.manual_seed(6)
        first, gradients = kata.checkpointed(blocks, x), ()
        if parameters and first.requires_grad:
            gradients = torch.autograd.grad(first, parameters, weight)
        with torch.no_grad():
            for parameter in parameters:
                parameter.mul_(0.5)
        second = kata.checkpointed(blocks, x)
    return {"first": first.detach(), "gradients": gradients, "second": second}


def two_plain_runs(*arguments):
    return two_runs(Namespace(checkpointed=plain_chain), *arguments)


SPEC = Spec(
    EntryPoint("checkpointed"),
    Function(
        "two runs",
        adapter=two_runs,
        inputs={
            "x": normal("n d"),
            "weight": normal("n d"),
            "count": value("count"),
            "dropout": value("dropout"),
        },
        naive=two_plain_runs,
        cases=(
            Case("no blocks", n=3, d=4, count=0, dropout=0),
            Case("one block", n=1, d=3, count=1, dropout=0),
            Case("five blocks", n=7, d=4, count=5, dropout=0),
            Case("five blocks with dropout", n=7, d=4, count=5, dropout=0.4),
            Case("5,000 rows", n=5000, d=2, count=2, dropout=0.4),
        ),
        gradient=("x",),
        variant_case="five blocks with dropout",
    ),
    stub_digest="8ec14636ed3e7ee2",
)


def random_states(x):
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(x.device)] if x.is_cuda else [])


def modes_and_hooks(blocks):
    return [
        (m.training, len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks))
        for block in blocks
        for m in block.modules()
    ]


def forward_and_backward(kata, x, weight, options):
    """Run a chain forward and backward; `kata` is None for the plain chain."""
    blocks = chain(x, **options)
    apply, before = (kata.checkpointed if kata else plain_chain), modes_and_hooks(blocks)
    torch.manual_seed(6)
    y = apply(blocks, x)
    after_forward = random_states(x)
    if y.requires_grad:
        y.backward(weight)
    gradients = {
        f"blocks[{i}].{name}": p.grad
        for i, block in enumerate(blocks)
        for name, p in block.named_parameters()
    }
    return {
        "gradients": gradients,
        "random states": {"forward": after_forward, "backward": random_states(x)},
        "blocks changed": modes_and_hooks(blocks) != before,
    }


def plain_forward_and_backward(_kata, *arguments):
    return forward_and_backward(None, *arguments)


def compared(submission, reference, generator):
    """Yield (description, submission's results, plain chain's results) for every chain."""
    for name, options in CHAINS:
        arguments = *torch.randn(2, 7, 4, generator=generator), options
        got = submission.run(forward_and_backward, *arguments)
        expected = reference.run(plain_forward_and_backward, *arguments)
        yield _("({chain}, x does not require grad)", chain=name), got, expected


def test_gradient_x_does_not_require_grad(submission, reference, generator):
    """The gradients of all parameters equal those of the plain chain if x requires none."""
    for description, got, expected in compared(submission, reference, generator):
        for name, gradient in expected["gradients"].items():
            require(
                got["gradients"][name] is not None or gradient is None,
                _(
                    "No gradient reaches {name} {chain}. The output of each block must be "
                    "connected to the graph, whether or not x itself requires grad.",
                    name=name,
                    chain=description,
                ),
            )
            what = _("the gradient of {name} {chain}", name=name, chain=description)
            same(got["gradients"][name], gradient, what=what)


def test_contract_random_state(submission, reference, generator):
    """The state of the random generator is the same as with the plain chain."""
    for description, got, expected in compared(submission, reference, generator):
        for part, what in (
            ("forward", _("the random state after the forward pass {chain}", chain=description)),
            ("backward", _("the random state after the backward pass {chain}", chain=description)),
        ):
            require(
                all(map(torch.equal, got["random states"][part], expected["random states"][part])),
                _(
                    "{what} differs from that with the plain chain, so later random numbers "
                    "differ. Draw nothing besides the blocks, and restore the state after the "
                    "second run of a block.",
                    what=what,
                ),
            )


def test_purity_of_blocks(submission, reference, generator):
    """The blocks keep their mode and have no new hooks."""
    for description, got, _expected in compared(submission, reference, generator):
        require(
            not got["blocks changed"],
            _("The call changes the mode or the hooks of the blocks {chain}.", chain=description),
        )


def prepare_chain(kata, x, options):
    """Make a chain that already has gradients, so that they do not count as new memory."""
    kata.chain = chain(x, **options)
    for block in kata.chain:
        for parameter in block.parameters():
            parameter.grad = torch.zeros_like(parameter)


def one_step(kata, x, entry):
    """Run forward and backward; return the result's sum and the sums of all gradients."""
    torch.manual_seed(7)
    y = getattr(kata, entry)(kata.chain, x) if entry else plain_chain(kata.chain, x)
    if y.requires_grad:
        y.sum().backward()
    sums = [p.grad.sum() for block in kata.chain for p in block.parameters()]
    return y.detach().sum(), torch.stack(sums)


def measured_step(subject, x, entry):
    subject.run(prepare_chain, x, LARGE)
    return subject.measure(one_step, x, entry, ops=False, memory=True)


def test_memory_peak_of_forward_and_backward(submission, reference, generator):
    """The peak is at most 0.35 of the plain chain's, for 16 blocks and a batch of 256."""
    x = torch.randn(256, 64, generator=generator)
    mine, plain = measured_step(submission, x, "checkpointed"), measured_step(reference, x, "")
    what = _("the sums of the result and of all gradients of 16 blocks")
    same(mine.value, plain.value, what=what, tolerance=Tolerance(rtol=1e-4, atol=1e-3))
    at_most(
        mine.memory.peak_bytes,
        int(SHARE * plain.memory.peak_bytes),
        what=_("Bytes at the peak of forward and backward"),
        why=_(
            "The limit is 0.35 of what the plain chain needs. Keep only the input of each block, "
            "and run the blocks again one at a time."
        ),
        metric="peak_bytes",
    )
