"""Small computations that take a device and create their own tensors, for `twin_table`."""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint


def mat(d, *, grad=False):
    """Return a (4, 3) matrix of the values 0.5 to 6, far from zero."""
    values = torch.arange(1.0, 13.0, device=d).reshape(4, 3) / 2
    return values.requires_grad_(grad)


def ids(d):
    return torch.tensor([2, 0, 1, 2], device=d)


def mask(d):
    return mat(d) > 3


def spd(d):
    return torch.eye(3, device=d) * 2 + 0.1


def back(loss, *leaves):
    loss.backward()
    return leaves[0].grad


def filled(d, index, value):
    x = mat(d)
    x[index] = value
    return x


def step(d, kind, **options):
    layer = nn.Linear(3, 2).to(d)
    layer(mat(d)).sum().backward()
    kind(layer.parameters(), lr=0.1, **options).step()
    return layer.weight


def trained(d, layer, x):
    layer = layer.to(d)
    layer(x).sum().backward()
    return next(layer.parameters()).grad


def per_sample(d):
    layer = nn.Linear(3, 2).to(d)
    names = dict(layer.named_parameters())

    def loss(p, row):
        return torch.func.functional_call(layer, p, (row,)).sum()

    return torch.vmap(torch.func.grad(loss), in_dims=(None, 0))(names, mat(d))["bias"]


def loaded(d):
    layer = nn.Linear(3, 2).to(d)
    layer.load_state_dict(nn.Linear(3, 2).state_dict())
    return layer.weight


def cast(d, dtype=None):
    with torch.autocast(torch.device(d).type, dtype=dtype):
        return nn.Linear(3, 2).to(d)(mat(d))


def scaled(d):
    layer = nn.Linear(3, 2).to(d)
    scaler = torch.amp.GradScaler(torch.device(d).type)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    scaler.scale(layer(mat(d)).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    return layer.weight


def out_grown(d):
    out = torch.empty(0, device=d)
    torch.mul(mat(d), 2, out=out)
    return out.view(4, 3)


def drawn(d, generator):
    return torch.rand(3, device=d, generator=torch.Generator(device=generator or d))


def clipped(d):
    layer = nn.Linear(3, 2).to(d)
    layer(mat(d)).sum().backward()
    return clip_grad_norm_(layer.parameters(), 1.0)


def hooked(d):
    x, seen = mat(d, grad=True), []
    x.register_hook(seen.append)
    (x * 2).sum().backward()
    return seen[0]


def twice(d):
    x = mat(d, grad=True)
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    return torch.autograd.grad(first.sum(), x)[0]


def stale(d):
    x = mat(d, grad=True)
    y = (x * 2).exp()
    z = y.sum()
    y.add_(1)
    z.backward()


def same(got, wanted):
    assert got is wanted
    return got


def swapped(d):
    x = nn.Parameter(mat(d))
    x.data = torch.ones(2, 2, device=d)
    return x + torch.ones(2, 2, device=d)


class Raising(torch.autograd.Function):
    """Its backward raises."""

    @staticmethod
    def forward(ctx, x):  # noqa: ARG004 - required by torch
        return x * 2

    @staticmethod
    def backward(ctx, gradient):  # noqa: ARG004 - required by torch
        raise ValueError("in backward")


def _unpack(_):
    raise ValueError("in unpack")


def raising_unpack(d):
    x = mat(d, grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, _unpack):
        loss = (x * x).sum()
    loss.backward()


def default_device(d):
    with torch.device(d):
        return torch.zeros(3)


def grad_with(d, other):
    x = mat(d, grad=True)
    return torch.autograd.grad(x * x, x, torch.ones(4, 3, device=other))[0]


def through_view(d):
    x = mat(d)
    x[0].zero_()
    assert x._version == 1
    return x * torch.tensor([0.0, 1, 1, 1], device=d)[:, None] - x


def checkpointed(d):
    layer, x = nn.Linear(3, 3).to(d), mat(d, grad=True)
    return back(checkpoint(lambda t: layer(t).exp(), x, use_reentrant=False).sum(), x)


def packed(d):
    packed = pack_padded_sequence(mat(d)[:, None].expand(4, 2, 3), torch.tensor([4, 2]))
    return nn.LSTM(3, 2).to(d)(packed)[0].data
