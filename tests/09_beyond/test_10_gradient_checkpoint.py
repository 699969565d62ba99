"""Grader of gradient_checkpoint: a plain chain's values and gradients in less memory."""

import torch

from torchkata import EntryPoint, Spec, _, at_most, require, same

SPEC = Spec(EntryPoint("checkpointed"), stub_digest="5ebb1588aa20c4e3")
SHARE = 0.35  # of the plain chain's peak
LARGE = {"count": 16, "width": 256, "dropout": 0.1}
CHAINS = (
    (_("no blocks"), {"count": 0}),
    (_("one block"), {"count": 1}),
    (_("five blocks"), {"count": 5}),
    (_("five blocks with dropout"), {"count": 5, "dropout": 0.4}),
    (_("five blocks in eval mode"), {"count": 5, "dropout": 0.4, "training": False}),
)


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


def random_states(x):
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(x.device)] if x.is_cuda else [])


def modes_and_hooks(blocks):
    return [
        (m.training, len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks))
        for block in blocks
        for m in block.modules()
    ]


def forward_and_backward(kata, x, weight, options, requires_grad):
    """Run a chain forward and backward; `kata` is None for the plain chain."""
    blocks = chain(x, **options)
    apply, before = (kata.checkpointed if kata else plain_chain), modes_and_hooks(blocks)
    leaf = x.clone().requires_grad_(requires_grad)
    torch.manual_seed(6)
    y = apply(blocks, leaf)
    after_forward = random_states(x)
    if y.requires_grad:
        y.backward(weight)
    gradients = {"x": leaf.grad} if requires_grad else {}
    for i, block in enumerate(blocks):
        gradients |= {f"blocks[{i}].{name}": p.grad for name, p in block.named_parameters()}
    return {
        "y": y.detach(),
        "x": leaf.detach(),
        "gradients": gradients,
        "random states": {"forward": after_forward, "backward": random_states(x)},
        "blocks changed": modes_and_hooks(blocks) != before,
    }


def plain_forward_and_backward(_kata, *arguments):
    return forward_and_backward(None, *arguments)


def compared(submission, reference, generator, device="cpu", dtype=torch.float32):
    """Yield (description, submission's results, plain chain's results) for every chain."""
    for name, options in CHAINS:
        for requires_grad in (True, False):
            x, weight = torch.randn(2, 7, 4, generator=generator, dtype=dtype)
            arguments = x, weight, options, requires_grad
            got = submission.run(forward_and_backward, *arguments, device=device)
            expected = reference.run(plain_forward_and_backward, *arguments, device=device)
            description = (
                _("({chain}, x requires grad)", chain=name)
                if requires_grad
                else _("({chain}, x does not require grad)", chain=name)
            )
            if device != "cpu":
                description = _("on {device} {chain}", device=device, chain=description)
            yield description, got, expected


def require_same_gradients(got, expected, description):
    for name, gradient in expected.items():
        require(
            got[name] is not None or gradient is None,
            _(
                "No gradient reaches {name} {chain}. The output of each block must be connected to "
                "the graph, whether or not x itself requires grad.",
                name=name,
                chain=description,
            ),
        )
        what = _("the gradient of {name} {chain}", name=name, chain=description)
        same(got[name], gradient, what=what)


def test_values_match_the_plain_chain(submission, reference, generator):
    """The values equal those of the plain chain, dropout included."""
    for dtype in (torch.float32, torch.float64):
        for description, got, expected in compared(submission, reference, generator, dtype=dtype):
            same(got["y"], expected["y"], what=_("the result {chain}", chain=description))


def test_gradient_matches_the_plain_chain(submission, reference, generator):
    """The gradients of x and of all parameters equal those of the plain chain."""
    for description, got, expected in compared(submission, reference, generator):
        require_same_gradients(got["gradients"], expected["gradients"], description)


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


def test_purity_of_blocks_and_x(submission, reference, generator):
    """The blocks keep their mode and have no new hooks; x keeps its values."""
    for description, got, expected in compared(submission, reference, generator):
        require(
            not got["blocks changed"],
            _("The call changes the mode or the hooks of the blocks {chain}.", chain=description),
        )
        same(got["x"], expected["x"], what=_("x after the call {chain}", chain=description))


def test_device_values_and_gradients(submission, reference, device, generator):
    """On another device, values and gradients equal those of the plain chain too."""
    for description, got, expected in compared(submission, reference, generator, device):
        same(got["y"], expected["y"], what=_("the result {chain}", chain=description))
        require_same_gradients(got["gradients"], expected["gradients"], description)


def prepare_chain(kata, x, options):
    """Make a chain that already has gradients, so that they do not count as new memory."""
    kata.chain = chain(x, **options)
    for block in kata.chain:
        for parameter in block.parameters():
            parameter.grad = torch.zeros_like(parameter)


def one_step(kata, x, entry):
    y = getattr(kata, entry)(kata.chain, x) if entry else plain_chain(kata.chain, x)
    if y.requires_grad:
        y.sum().backward()


def peak(subject, x, entry):
    subject.run(prepare_chain, x, LARGE)
    return subject.measure(one_step, x, entry, ops=False, memory=True).memory.peak_bytes


def test_memory_peak_of_forward_and_backward(submission, reference, generator):
    """The peak is at most 0.35 of the plain chain's, for 16 blocks and a batch of 256."""
    x = torch.randn(256, 64, generator=generator)
    at_most(
        peak(submission, x, "checkpointed"),
        int(SHARE * peak(reference, x, "")),
        what=_("Bytes at the peak of forward and backward"),
        why=_(
            "The limit is 0.35 of what the plain chain needs. Keep only the input of each block, "
            "and run the blocks again one at a time."
        ),
        metric="peak_bytes",
    )
