"""Grader of accumulate: many small backward passes that equal one large one."""

import torch

from torchkata import Case, Entry, Exercise, Function, normal, require


def cut(*letters):
    """Draw micro-batches with as many rows as the sizes of these letters say."""

    def make(sizes, generator):
        return [
            tuple(normal(f"{letter} {width}")(sizes, generator) for width in ("i", "o"))
            for letter in letters
        ]

    return make


def made(first, last):
    """A net with given weights and stale gradients."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Parameter(first.clone())
            self.last = torch.nn.Parameter(last.clone())
            for parameter in self.parameters():
                parameter.grad = torch.full_like(parameter, 9.0)

        def forward(self, x):
            return torch.tanh(torch.tanh(x @ self.first) @ self.first.T @ self.first) @ self.last

    return Net()


def two_steps(kata, first, last, batches):
    """Make two steps on the same micro-batches."""
    net = made(first, last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    loss_fn = torch.nn.functional.mse_loss
    losses = [kata.accumulate_step(net, optimizer, loss_fn, batches).detach() for _ in range(2)]
    return {
        "losses": losses,
        "parameters": {name: p.detach() for name, p in net.named_parameters()},
        "gradients": {name: p.grad for name, p in net.named_parameters()},
    }


def steps_on_the_concatenation(first, last, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    net = made(first, last)
    weights = dict(net.named_parameters())
    velocity, losses, gradients = dict.fromkeys(weights, 0.0), [], ()
    for _ in range(2):
        loss = (net(x) - y).square().mean()
        gradients = dict(zip(weights, torch.autograd.grad(loss, weights.values()), strict=True))
        velocity = {name: 0.9 * velocity[name] + g for name, g in gradients.items()}
        for name, weight in weights.items():
            weight.data -= 0.1 * velocity[name]
        losses.append(loss.detach())
    parameters = {name: weight.detach() for name, weight in weights.items()}
    return {"losses": losses, "parameters": parameters, "gradients": gradients}


def one_batch(sizes, generator):
    return tuple(make(sizes, generator) for make in (normal("i h"), normal("h o"), cut("a")))


EXERCISE = Exercise(
    Entry("accumulate_step"),
    Function(
        "two_steps",
        via=two_steps,
        inputs={"first": normal("i h"), "last": normal("h o"), "batches": cut("a", "b", "c")},
        naive=steps_on_the_concatenation,
        cases=(
            Case("one row in one micro-batch", given=one_batch, i=1, h=1, o=1, a=1),
            Case("one micro-batch", given=one_batch, i=3, h=4, o=2, a=6),
            Case("equal sizes", i=3, h=5, o=2, a=4, b=4, c=4),
            Case("unequal sizes", i=4, h=6, o=3, a=7, b=1, c=2),
        ),
        gradient=False,
        usual="unequal sizes",
    ),
    shipped="2509326c0d2109a2",
)


def returned(kata, first, last, *batches):
    """What kind of loss comes back, and how often the optimizer made a step."""
    net = made(first, last)
    optimizer, steps = torch.optim.Adam(net.parameters()), []
    optimizer.register_step_post_hook(lambda *_: steps.append(1))
    loss = kata.accumulate_step(net, optimizer, torch.nn.functional.mse_loss, list(batches))
    return loss.requires_grad, len(steps), loss.device == first.device


def on_parts(kata, first, last, batches):
    two_steps(kata, first, last, batches)


def on_the_whole(_kata, first, last, x, y):
    net = made(first, last)
    torch.nn.functional.mse_loss(net(x), y).backward()
    torch.optim.SGD(net.parameters(), lr=0.1).step()


def drawn(generator, rows, width=64):
    weights = (torch.randn(width, width, generator=generator) / 8 for _ in range(2))
    return *weights, [tuple(torch.randn(2, n, width, generator=generator)) for n in rows]


def test_contract_loss_is_detached(submission, generator):
    """The loss has no gradient graph, and the optimizer makes one step."""
    first, last, batches = drawn(generator, (2, 3), 4)
    attached, steps, _ = submission.run(returned, first, last, *batches)
    require(
        not attached,
        "The returned loss still hangs on its gradient graph; add up detached losses.",
    )
    require(
        steps == 1,
        f"The optimizer made {steps} steps for two micro-batches; one for all of them is due.",
    )


def test_device_loss(submission, device, generator):
    """The loss lies where the batches lie."""
    first, last, batches = drawn(generator, (2, 3), 4)
    require(
        submission.run(returned, first, last, *batches, device=device)[2],
        f"With all tensors on {device} the loss comes back on another device; leave it there, so "
        "that nobody has to wait for it.",
    )


def test_memory_of_one_micro_batch(submission, reference, generator):
    """At 8 micro-batches of 256 rows, less than 0.4 of the step on the concatenation."""
    first, last, batches = drawn(generator, [256] * 8)
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    whole = reference.measure(on_the_whole, first, last, x, y, ops=False, memory=True).memory
    mine = submission.measure(on_parts, first, last, batches, ops=False, memory=True).memory
    ratio = mine.peak_bytes / whole.peak_bytes
    require(
        ratio < 0.4,
        f"It holds {mine.peak_bytes:,} bytes at the peak, {ratio:.2f} times as many as the step on "
        f"the concatenation ({whole.peak_bytes:,}); less than 0.4 times are allowed. Go backward "
        "after each micro-batch, and keep nothing that hangs on a graph.",
        ratio_of_memory=ratio,
    )
