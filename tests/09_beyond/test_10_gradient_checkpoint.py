"""Grader of gradient_checkpoint: a plain chain's values and gradients, in a part of its memory."""

import torch

from torchkata import EntryPoint, Spec, require, same

SPEC = Spec(EntryPoint("checkpointed"), stub_digest="5ebb1588aa20c4e3")
AT_MOST = 0.35  # of the plain chain's peak
LARGE = {"count": 16, "width": 256, "dropout": 0.1}
CHAINS = {
    "no blocks": {"count": 0},
    "one block": {"count": 1},
    "five blocks": {"count": 5},
    "five blocks with dropout": {"count": 5, "dropout": 0.4},
    "five blocks in eval mode": {"count": 5, "dropout": 0.4, "training": False},
}


def chain(like, count, width=6, dropout=0.0, *, training=True):
    """Blocks with the same parameters at each call, with the device and dtype of `like`."""
    torch.manual_seed(5)
    nn, size = torch.nn, like.shape[-1]
    blocks = [
        nn.Sequential(
            nn.Linear(size, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, size)
        )
        for _ in range(count)
    ]
    return [block.to(like.device, like.dtype).train(training) for block in blocks]


def plain(blocks, x):
    for block in blocks:
        x = block(x)
    return x


def random_states(x):
    states = [torch.get_rng_state()]
    return states + ([torch.cuda.get_rng_state(x.device)] if x.is_cuda else [])


def left(blocks):
    """Modes and hooks of all modules."""
    return [
        (m.training, len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks))
        for block in blocks
        for m in block.modules()
    ]


def trained(kata, x, weight, form, requires_grad):
    """Go forward and backward through a chain; `kata` is None for the plain one."""
    blocks = chain(x, **form)
    apply, before = (kata.checkpointed if kata else plain), left(blocks)
    leaf = x.clone().requires_grad_(requires_grad)
    torch.manual_seed(6)
    y = apply(blocks, leaf)
    states = [random_states(x)]
    if y.requires_grad:
        y.backward(weight)
    states.append(random_states(x))
    gradients = {"x": leaf.grad} if requires_grad else {}
    for i, block in enumerate(blocks):
        gradients |= {f"blocks[{i}].{name}": p.grad for name, p in block.named_parameters()}
    return {
        "y": y.detach(),
        "x": leaf.detach(),
        "gradients": gradients,
        "states": states,
        "changed": left(blocks) != before,
    }


def plainly(_kata, *given):
    return trained(None, *given)


def passes(submission, reference, generator, device="cpu", dtype=torch.float32):
    """Yield what a chain is, what the submission makes of it, and what the plain chain makes."""
    for name, form in CHAINS.items():
        for requires_grad in (True, False):
            x, weight = torch.randn(2, 7, 4, generator=generator, dtype=dtype)
            given = x, weight, form, requires_grad
            got = submission.run(trained, *given, device=device)
            expected = reference.run(plainly, *given, device=device)
            where = f"({name}, x {'requires' if requires_grad else 'does not require'} grad)"
            yield where, got, expected


def same_gradients(got, expected, where):
    for name, gradient in expected.items():
        require(
            got[name] is not None or gradient is None,
            f"No gradient reaches {name} {where}. Each block's output has to remember where it "
            "came from, whether or not x itself requires grad.",
        )
        same(got[name], gradient, what=f"the gradient of {name} {where}")


def test_values_of_the_plain_chain(submission, reference, generator):
    """The values are those of the blocks applied in order, dropout included."""
    for dtype in (torch.float32, torch.float64):
        for where, got, expected in passes(submission, reference, generator, dtype=dtype):
            same(got["y"], expected["y"], what=f"the result {where}")


def test_gradient_of_the_plain_chain(submission, reference, generator):
    """The gradients of x and of all parameters are those of the plain chain."""
    for where, got, expected in passes(submission, reference, generator):
        same_gradients(got["gradients"], expected["gradients"], where)


def test_contract_generator(submission, reference, generator):
    """The random generator ends where the plain chain leaves it."""
    for where, got, expected in passes(submission, reference, generator):
        for after, mine, theirs in zip(
            ("forward", "backward"), got["states"], expected["states"], strict=True
        ):
            require(
                all(map(torch.equal, mine, theirs)),
                f"After the {after} pass the random generator is not where the plain chain leaves "
                f"it {where}: whatever draws next gets other numbers. Set it back after the "
                "second run, and draw nothing besides.",
            )


def test_purity_of_blocks_and_x(submission, reference, generator):
    """The blocks keep their mode, and have no hooks left on them; x keeps its values."""
    for where, got, expected in passes(submission, reference, generator):
        require(not got["changed"], f"The blocks have another mode, or hooks on them {where}.")
        same(got["x"], expected["x"], what=f"x after the passes {where}")


def test_device_values_and_gradients(submission, reference, device, generator):
    """Values and gradients are those of the plain chain on another device, too."""
    for where, got, expected in passes(submission, reference, generator, device):
        same(got["y"], expected["y"], what=f"the result on {device} {where}")
        same_gradients(got["gradients"], expected["gradients"], f"on {device} {where}")


def prepared(kata, x, form):
    """Make a chain that has been trained before, so that its gradients' memory is there."""
    kata.chain = chain(x, **form)
    for block in kata.chain:
        for parameter in block.parameters():
            parameter.grad = torch.zeros_like(parameter)


def one_step(kata, x, entry):
    y = getattr(kata, entry)(kata.chain, x) if entry else plain(kata.chain, x)
    if y.requires_grad:
        y.sum().backward()


def peak(subject, x, entry):
    subject.run(prepared, x, LARGE)
    return subject.measure(one_step, x, entry, ops=False, memory=True).memory.peak_bytes


def test_memory_peak_of_forward_and_backward(submission, reference, generator):
    """The peak is at most 0.35 of the plain chain's, for 16 blocks and a batch of 256."""
    x = torch.randn(256, 64, generator=generator)
    mine, theirs = peak(submission, x, "checkpointed"), peak(reference, x, "checkpointed")
    most = AT_MOST * (all_kept := peak(reference, x, ""))
    require(
        mine <= most,
        f"{mine:,} bytes are alive at the peak of forward and backward; the plain chain has "
        f"{all_kept:,}, and at most {AT_MOST} of that is allowed, {most:,.0f}. The reference has "
        f"{theirs:,}. Keep of each block only what goes into it, and run one block again at a "
        "time.",
        peak_bytes=mine,
        peak_bytes_allowed=most,
    )
