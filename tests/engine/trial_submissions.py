"""Submissions with mistakes that learners make, and what the message about each has to say.

One entry: exercise, mistake, what the messages must say, the code. Trials scored the messages of
these mistakes as vague or misleading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A wrong submission.

    Attributes:
        exercise: the short name.
        mistake: what is wrong, in a few words.
        says: what the messages or the explanation have to contain.
        source: the submission.
        never: what no message may contain, besides guesses.
    """

    exercise: str
    mistake: str
    says: tuple[str, ...]
    source: str
    never: tuple[str, ...] = ()


def _trials(text: str) -> tuple[Trial, ...]:
    """Read trials from a text: `#: exercise | mistake | says` above each submission.

    Further lines that start with `#|` are texts that the messages must contain, or, after
    a hyphen, must not contain.
    """
    found = []
    for part in text.split("\n#: ")[1:]:
        head, *lines = part.splitlines()
        exercise, mistake, *says = (each.strip() for each in head.split(" | "))
        while lines and lines[0].startswith("#| "):
            says.append(lines.pop(0)[3:])
        source = "\n".join(lines) + "\n"
        never = tuple(each[1:].strip() for each in says if each.startswith("-"))
        wanted = tuple(each for each in says if not each.startswith("-"))
        found.append(
            Trial(exercise=exercise, mistake=mistake, says=wanted, source=source, never=never)
        )
    return tuple(found)


TRIALS: Final = _trials(r"""
#: make_tensors | torch.Tensor of values
#| `torch.Tensor(...)` on line 4 always creates the same dtype
#| - NumPy
import torch
def scalar(): return torch.tensor(3)
def vector():
    return torch.Tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None): return torch.rand(2, 2, 2, generator=generator)
#: make_tensors | an ignored generator | `torch.rand` on line 6 does not receive `generator`
import torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None):
    return torch.rand(2, 2, 2)
#: make_tensors | a fixed seed | `torch.manual_seed(...)` on line 6 seeds the generator
import torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None):
    torch.manual_seed(0)
    return torch.rand(2, 2, 2, generator=generator)
#: make_tensors | normal numbers | With `rand` in place of `randn` on line 5
import torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None): return torch.randn(2, 2, 2, generator=generator)
#: make_tensors | NumPy's random numbers
#| `np.random.rand` on line 6 does not draw from PyTorch's generator
import numpy as np, torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None):
    return torch.from_numpy(np.random.rand(2, 2, 2)).float()
#: vector_and_matrix | a star for a product | `*` multiplies
import torch
def add(x, y): return x + y
def product(x, y): return x * y
#: vector_and_matrix | a conversion in add
#| `.float()` on line 3 converts to float32
#| - torch.zeros
import torch
def add(x, y):
    return x.float() + y.float()
def product(x, y): return x @ y
#: vector_and_matrix | a transposed factor | Without `.T` on line 4, this check passes
import torch
def add(x, y): return x + y
def product(x, y):
    return x @ y.T
#: derivative | no create_graph | With `create_graph=True`, this check passes | - written to
import torch
def derivative(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    if not y.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(y.sum(), x, materialize_grads=True)[0]
def second_derivative(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    if not y.requires_grad:
        return torch.zeros_like(x)
    (slope,) = torch.autograd.grad(y.sum(), x, materialize_grads=True)
    if not slope.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(slope.sum(), x, materialize_grads=True)[0]
#: derivative | a gradient of several values | Line 4 differentiates a tensor with several values
import torch
def derivative(f, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x, materialize_grads=True)[0]
def second_derivative(f, x):
    return derivative(lambda t: derivative(f, t), x)
#: derivative | finite differences | Line 3 approximates the derivative of `f` by a difference
import torch
def derivative(f, x):
    return (f(x + 1e-3) - f(x - 1e-3)) / 2e-3
def second_derivative(f, x):
    return derivative(lambda t: derivative(f, t), x)
#: zero_grad | zeroed between backward and step
#| Line 6 clears the gradient after the backward pass (line 5)
import torch
def sgd(loss_fn, w, lr, steps):
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()
        w.grad.zero_()
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()
#: zero_grad | a new tensor that is no leaf | `w` is no leaf after line 6
import torch
def sgd(loss_fn, w, lr, steps):
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss_fn(w).backward()
        w = w - lr * w.grad
    return w.detach()
#: zero_grad | the clone of a tensor with a graph | `w` is no leaf after line 3
import torch
def sgd(loss_fn, w, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        w.grad = None
        loss_fn(w).backward()
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()
#: zero_grad | Adam | With `SGD` in place of `Adam` on line 4
import torch
def sgd(loss_fn, w, lr, steps):
    w = w.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([w], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(w).backward()
        optimizer.step()
    return w.detach()
#: curve_fit_exact | three points | The least-squares fit uses all points
import torch
def fit_exact(x, y):
    few = torch.stack((x.argmin(), x.abs().argmin(), x.argmax()))
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    return torch.linalg.solve(f[few], y[few].unsqueeze(1))
#: linear_net | a fixed seed | `torch.manual_seed(...)` on line 6 seeds the generator
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))
    def forward(self, x):
        return self.a * x + self.b
#: fit_line | momentum | Without `momentum=0.9` on line 4, this check passes
import torch
from torch.nn.functional import mse_loss
def fit(net, x, y, steps=10000, lr=0.01):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()
#: fit_line | clipped gradients | Without `clip_grad_norm_(...)` on line 9, this check passes
import torch
from torch.nn.functional import mse_loss
def fit(net, x, y, steps=10000, lr=0.01):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = mse_loss(net(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        optimizer.step()
    return loss.item()
#: fit_line | a sum of errors | With `mean` in place of `sum` on line 7, this check passes
import torch
from torch.nn.functional import mse_loss
def fit(net, x, y, steps=10000, lr=0.01):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).sum()
        loss.backward()
        optimizer.step()
    return loss.item()
#: linear_layer | a row for a column | so the inner sizes,
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x.unsqueeze(0)).squeeze(0)
#: submodules | a ModuleDict | `nn.ModuleDict` on line 7 has strings as keys
import torch
from torch import nn
class Stack(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.depth = depth
        self.layers = nn.ModuleDict({str(i): nn.Linear(width, width) for i in range(depth)})
    def forward(self, x):
        for i in range(self.depth):
            x = torch.relu(self.layers[i](x))
        return x
#: buffers | eps in the scale | `+ 1e-06` on line 8 changes every value
import torch
from torch import nn
class Standardize(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())
    def forward(self, x): return (x - self.mean) / (self.std + 1e-6)
#: add_column | a conversion | `.float()` on line 3 converts to float32 | - torch.zeros
import torch
def add_column(a, b):
    return a.float() + b.float()
#: add_column | a loop over columns | Python loop | - copies every number
import torch
def add_column(a, b):
    out = a.clone()
    for j in range(a.shape[1]):
        out[:, j] = a[:, j] + b[:, 0]
    return out
#: silent_sum | the other dim | Dim 0 counts the rows
import torch
def column_sum(a, b):
    return (a + b).sum(dim=1)
#: silent_sum | a conversion | `.float()` on line 3 converts to float32 | - keeps integers
import torch
def column_sum(a, b):
    return (a + b).float().sum(0)
#: silent_sum | a transposed b | unsqueeze
import torch
def column_sum(a, b):
    return (a + b.unsqueeze(1)).sum(0)
#: squeeze_dim | a detached result | `.detach()` on line 5
import torch
def drop_channel(images):
    if images.shape[1] != 1:
        raise ValueError("one channel expected, got " + str(images.shape))
    return images.detach().squeeze(1)
#: loss_shapes | mse_loss of two shapes | `mse_loss` on line 6 receives two shapes
import torch
from torch.nn.functional import mse_loss
def mse(yhat, y):
    if yhat.numel() != y.numel():
        raise ValueError(f"{list(yhat.shape)} {list(y.shape)}")
    return mse_loss(yhat, y)
#: normalize_rows | eps added | eps is added to every norm
import torch
def normalize_rows(x, eps=1e-12):
    return x / (x.norm(dim=-1, keepdim=True) + eps)
#: normalize_rows | eps under the root | eps is added to every sum of squares
import torch
def normalize_rows(x, eps=1e-12):
    return x / ((x * x).sum(-1, keepdim=True) + eps).sqrt()
#: normalize_rows | the other dim | last dim
import torch
def normalize_rows(x, eps=1e-12):
    return x / x.norm(dim=0, keepdim=True).clamp(min=eps)
#: normalize_rows | a detached norm | `.detach()` on line 3 cuts the graph
import torch
def normalize_rows(x, eps=1e-12):
    return x / x.norm(dim=-1, keepdim=True).detach().clamp(min=eps)
#: normalize_rows | the L1 norm | the L1 norm
import torch
def normalize_rows(x, eps=1e-12):
    return x / x.abs().sum(-1, keepdim=True).clamp(min=eps)
#: normalize_rows | one norm for all | Each row needs its own
import torch
def normalize_rows(x, eps=1e-12):
    return x / x.norm().clamp(min=eps)
#: pairwise_distance | two centers | Subtract the same point from both
import torch
def pairwise_sqdist(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return ((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T).clamp(min=0)
#: pairwise_distance | a wrong sign | With `-` in place of `+` on line 4
import torch
def pairwise_sqdist(a, b):
    c = b.mean(0); a, b = a - c, b - c
    return ((a * a).sum(1)[:, None] + (b * b).sum(1) + 2 * a @ b.T).clamp(min=0)
#: causal_mask | keys only | The rows of the padding | - cumsum
import torch
def causal_mask(lengths, size):
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]) & (at < lengths[:, None])[:, None, :]
#: causal_mask | the other triangle | With `tril` in place of `triu` on line 5 | - reshape
import torch
def causal_mask(lengths, size):
    at = torch.arange(size, device=lengths.device)
    real = at < lengths[:, None]
    return (real[:, :, None] & real[:, None, :]).triu()
#: horner | starts from zeros | Start from c[k] | - from scratch
import torch
def polynomial(coefficients, x):
    result = torch.zeros_like(x)
    for c in coefficients.unbind()[::-1]:
        result = result * x + c
    return result
#: horner | the shape of a constant | It needs the shape of x | - reduced
import torch
def polynomial(coefficients, x):
    *rest, result = coefficients.unbind()
    for c in reversed(rest):
        result = result * x + c
    return result
#: row_sum_unbind | a start in float32 | `torch.zeros` on line 3 creates float32 | - keeps integers
import torch
def row_sum(x):
    total = torch.zeros(x.shape[1], device=x.device)
    for row in x.unbind(0):
        total = total + row
    return total
#: in_place | an update through .data | `.data` on line
import torch
def scale_shift_(x, scale, shift):
    x.data.mul_(scale).add_(shift)
    return x
def scale_shift(x, scale, shift): return x * scale + shift
#: batch_gather | the positions of all items | Item i needs its own positions | - keepdim
import torch
def batch_gather(tensor, indices):
    return tensor[:, indices]
#: no_graph_break | a product with the mask | 0 times infinity is nan
import torch
def activate(x, threshold):
    mask = (x > threshold).to(x.dtype)
    return mask * x * x + (1 - mask) * 0.1 * x
#: vmap | no in_dims | `in_dims=(None, 0, 0)`
import torch
from torch.func import functional_call, grad, vmap
def per_sample_grads(model, x, y):
    def loss(p, x, y):
        return ((functional_call(model, p, (x[None],))[0] - y) ** 2).mean()
    p = {n: q.detach() for n, q in model.named_parameters()}
    return vmap(grad(loss))(p, x, y)
#: vmap | the gradient of the mean | All n gradients are equal
import torch
from torch.nn.functional import mse_loss
def per_sample_grads(model, x, y):
    names, p = zip(*model.named_parameters())
    found = torch.autograd.grad(mse_loss(model(x), y), p)
    return {n: g.expand(len(x), *g.shape).clone() for n, g in zip(names, found)}
#: float_range | eps for the smallest | distance from 1 to the next number | - Internal error
import torch
def float_range(dtype):
    info = torch.finfo(dtype)
    return info.eps, info.max
#: float_range | the smallest normal number | the subnormal numbers | - 128
import torch
def float_range(dtype):
    info = torch.finfo(dtype)
    return info.tiny, info.max
#: float_range | the most negative number | `finfo.min` is the most negative number
import torch
def float_range(dtype):
    info = torch.finfo(dtype)
    return info.min, info.max
#: softmax | one maximum for all rows | Each row needs its own maximum
import torch
def softmax(logits, dim=-1):
    top = logits.max() if logits.numel() else 0
    exp = (logits - top).exp()
    return exp / exp.sum(dim, keepdim=True)
#: softmax | clamped logits | `clamp` on line 3 makes inputs equal
import torch
def softmax(logits, dim=-1):
    exp = logits.clamp(-80, 80).exp()
    return exp / exp.sum(dim, keepdim=True)
#: cross_entropy | a number before the logarithm | `1e-12` on line 4 keeps the logarithm
import torch
def soft_cross_entropy(labels, logits, dim=-1):
    p = logits.softmax(dim)
    return -(labels * (p + 1e-12).log()).sum(dim)
#: cross_entropy | no gradient for labels of 0 | Labels of 0 get no gradient
import torch
def soft_cross_entropy(labels, logits, dim=-1):
    log = torch.log_softmax(logits, dim).masked_fill(labels == 0, 0)
    return -(labels * log).sum(dim)
#: log_sigmoid | a number before the logarithm | `1e-07` on line 4 keeps the logarithm
import torch
def bce_with_logits(logits, targets):
    p = logits.sigmoid()
    return -(targets * (p + 1e-7).log() + (1 - targets) * (1 - p + 1e-7).log()).mean()
#: log_sigmoid | fixed targets | detached | - `return` missing
import torch
from torch.nn.functional import softplus
def bce_with_logits(logits, targets):
    return (softplus(logits) - targets.detach() * logits).mean()
#: log_sigmoid | a backward that ignores its gradient | does not use `grad`
import torch
from torch.nn.functional import softplus
class Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets):
        ctx.save_for_backward(logits, targets)
        return (softplus(logits) - targets * logits).mean()
    @staticmethod
    def backward(ctx, grad):
        logits, targets = ctx.saved_tensors
        return (logits.sigmoid() - targets) / logits.numel(), -logits / logits.numel()
def bce_with_logits(logits, targets): return Loss.apply(logits, targets)
#: variance | n - 1 | n - 1 | - precision
import torch
def variance(x, dim):
    mean = x.mean(dim, keepdim=True)
    return ((x - mean) ** 2).sum(dim) / max(x.shape[dim] - 1, 1)
#: safe_norm | an infinite slope beside a harmless where
#| The square root on line 5 has an infinite derivative
#| - hides
import torch
def safe_norm(x, dim=-1):
    scale = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where(scale == 0, 1.0, scale)
    return (x / scale).square().sum(dim).sqrt() * scale.squeeze(dim)
#: masked_softmax | rows that are nan | contains only -inf
import torch
def masked_softmax(scores, mask, dim=-1):
    return scores.masked_fill(~mask, -torch.inf).softmax(dim)
#: masked_softmax | no maximum | Subtract the maximum of each row first
import torch
def masked_softmax(scores, mask, dim=-1):
    exp = scores.masked_fill(~mask, -torch.inf).exp()
    total = exp.sum(dim, keepdim=True)
    return exp / torch.where(total == 0, 1, total)
#: masked_softmax | a mask that is not broadcast | Broadcast it to the shape of scores
import torch
def masked_softmax(scores, mask, dim=-1):
    some = mask.any(dim, keepdim=True)
    return torch.where(some, scores.masked_fill(~mask, -torch.inf).softmax(dim), 0)
#: autocast_dtypes | tensors on the CPU | The tensors are on the CPU
import torch
def autocast_dtypes(device_type):
    with torch.autocast(device_type):
        x = torch.ones(2, 2)
        low = torch.get_autocast_dtype(device_type)
        return {"add": (x + x).dtype, "matmul": (x @ x).dtype,
                "mixed_add": (x + x.to(low)).dtype, "sum": x.sum().dtype}
#: grad_scaler | clipped by value | limits each number of the gradients
import torch
def scaled_step(model, optimizer, scaler, loss_fn, x, y, max_norm):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_value_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()
#: accumulate | a mean of means | A mean of means counts the rows | - precision
import torch
def accumulate_step(model, optimizer, loss_fn, batches):
    optimizer.zero_grad()
    total = 0.0
    for x, y in batches:
        loss = loss_fn(model(x), y) / len(batches)
        loss.backward()
        total = total + loss.detach()
    optimizer.step()
    return total
#: segment_sum | scatter for scatter_add | `scatter_add`
import torch
def segment_sum(values, segments, count):
    out = values.new_zeros(count, values.shape[1])
    return out.scatter(0, segments[:, None].expand(values.shape), values)
#: moving_average | running sums in float32 | Sum in float64 | - lower precision
import torch
def moving_average(x, width):
    if not 1 <= width <= x.shape[-1]:
        raise ValueError("width")
    s = torch.nn.functional.pad(x.cumsum(-1), (1, 0))
    return (s[..., width:] - s[..., :-width]) / width
#: moving_average | running sums about the mean | Sum in float64
import torch
def moving_average(x, width):
    if not 1 <= width <= x.shape[-1]:
        raise ValueError("width")
    m = x.mean(-1, keepdim=True)
    s = torch.nn.functional.pad((x - m).cumsum(-1), (1, 0))
    return (s[..., width:] - s[..., :-width]) / width + m
#: topk_accuracy | place k alone | any of the first k places | - mean
import torch
def topk_accuracy(logits, labels, ks=(1, 5)):
    most = min(max(ks), logits.shape[1])
    hits = logits.topk(most, dim=1).indices == labels[:, None]
    return {k: hits[:, min(k, most) - 1].float().mean() for k in ks}
#: attention | scaled by the number of keys | The scale is sqrt(d)
import torch
def attention(q, k, v, causal=False):
    s = q @ k.mT / k.shape[-2] ** 0.5
    if causal:
        s = s.masked_fill(torch.ones_like(s, dtype=torch.bool).triu(1), -torch.inf)
    return s.softmax(-1) @ v
#: attention | a triangle at the end | It has to start at the first one
import torch
def attention(q, k, v, causal=False):
    s = q @ k.mT / q.shape[-1] ** 0.5
    if causal:
        seen = torch.ones(s.shape[-2:], dtype=torch.bool, device=q.device)
        s = s.masked_fill(~seen.tril(k.shape[-2] - q.shape[-2]), -torch.inf)
    return s.softmax(-1).nan_to_num(0.0) @ v
#: rotary | neighbors as pairs | The pairs here are neighbors
import torch
def rotary(x, base=10000.0):
    n, d = x.shape[-2:]
    if d % 2: raise ValueError("d")
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    f = base ** (-torch.arange(0, d, 2, device=x.device, dtype=kind) / max(d, 1))
    t = torch.arange(n, device=x.device, dtype=kind)[:, None] * f
    a, b = x[..., ::2], x[..., 1::2]
    out = torch.stack((a * t.cos() - b * t.sin(), a * t.sin() + b * t.cos()), -1)
    return out.flatten(-2).to(x.dtype)
#: rotary | turned backwards | in the other direction
import torch
def rotary(x, base=10000.0):
    n, d = x.shape[-2:]
    if d % 2: raise ValueError("d")
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    f = base ** (-torch.arange(0, d, 2, device=x.device, dtype=kind) / max(d, 1))
    t = torch.arange(n, device=x.device, dtype=kind)[:, None] * f
    a, b = x.chunk(2, -1)
    return torch.cat((a * t.cos() + b * t.sin(), b * t.cos() - a * t.sin()), -1).to(x.dtype)
#: rotary | half of the exponent | The exponent is -i / d
import torch
def rotary(x, base=10000.0):
    n, d = x.shape[-2:]
    if d % 2: raise ValueError("d")
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    f = base ** (-torch.arange(d // 2, device=x.device, dtype=kind) / max(d, 1))
    t = torch.arange(n, device=x.device, dtype=kind)[:, None] * f
    a, b = x.chunk(2, -1)
    return torch.cat((a * t.cos() - b * t.sin(), a * t.sin() + b * t.cos()), -1).to(x.dtype)
#: safe_norm | no import | `torch` is never imported. Add `import torch` | - dtype
def safe_norm(x, dim=-1):
    return torch.linalg.vector_norm(x, dim=dim)
#: softmax | a helper of another cell | Nothing in this file defines `helper`
import torch
def softmax(logits, dim=-1): return helper(logits, dim)
#: softmax | a notebook command | Line 1, `%matplotlib inline`, is a command of a notebook
%matplotlib inline
import torch
def softmax(logits, dim=-1): return logits
#: softmax | a Markdown fence | marks code in a chat or a Markdown text
```python
import torch
def softmax(logits, dim=-1): return logits
```
#: softmax | a merge conflict | is a mark of a merge conflict | The line is `<<<<<<< HEAD`
import torch
<<<<<<< HEAD
def softmax(logits, dim=-1): return logits
=======
def softmax(logits, dim=-1): return logits.exp()
>>>>>>> theirs
#: softmax | a notebook saved as a script | The file is a notebook in JSON
{
 "cells": [{"cell_type": "code", "execution_count": null, "source": ["import torch"]}]
}
#: softmax | a wrapped error | Its cause is IndexError (line 4)
import torch
def softmax(logits, dim=-1):
    try:
        logits.shape[99]
    except IndexError as error:
        raise RuntimeError("cannot do it") from error
#: softmax | no return | has no `return` with a value
import torch
def softmax(logits, dim=-1):
    exp = logits.exp()
#: softmax | another program | without access to files, the network
import subprocess
def softmax(logits, dim=-1):
    subprocess.run(["true"])
    return logits
#: make_tensors | one minus the numbers | Without `1 -` on line 5
import torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2)
def cube(generator=None): return 1 - torch.rand(2, 2, 2, generator=generator)
#: make_tensors | a result that requires grad | requires_grad | - leaf Variable
import torch
def scalar(): return torch.tensor(3)
def vector(): return torch.tensor([1, 2])
def matrix(): return torch.zeros(2, 2, requires_grad=True)
def cube(generator=None): return torch.rand(2, 2, 2, generator=generator)
#: linear_net | swapped parameters | a is the slope
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))
    def forward(self, x): return self.b * x + self.a
#: linear_net | no super().__init__ | cannot assign parameters before Module.__init__() call
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        self.a = nn.Parameter(torch.rand(1))
        self.b = nn.Parameter(torch.rand(1))
    def forward(self, x): return self.a * x + self.b
#: loss_shapes | no square | The errors are not squared
import torch
def mse(yhat, y):
    if yhat.numel() != y.numel(): raise ValueError(f"{list(yhat.shape)} {list(y.shape)}")
    return (yhat.flatten() - y.flatten()).mean()
#: numpy_bridge | ascontiguousarray | copy | - always copies
import numpy as np, torch
def to_numpy(t): return t.detach().cpu().numpy()
def from_numpy(a): return torch.from_numpy(np.ascontiguousarray(a))
def sample_normal(rng, rows, cols): return torch.from_numpy(rng.standard_normal((rows, cols)))
#: numpy_bridge | torch.Tensor of an array
#| `torch.Tensor(...)` on line 3 always creates the same dtype
#| - NumPy
import numpy as np, torch
def to_numpy(t): return t.detach().cpu().numpy()
def from_numpy(a): return torch.Tensor(a)
def sample_normal(rng, rows, cols): return torch.from_numpy(rng.standard_normal((rows, cols)))
#: numpy_bridge | a conversion of the array
#| `.float()` on line 3 converts to float32
#| - torch.zeros
import numpy as np, torch
def to_numpy(t): return t.detach().cpu().numpy()
def from_numpy(a): return torch.from_numpy(a).float()
def sample_normal(rng, rows, cols): return torch.from_numpy(rng.standard_normal((rows, cols)))
#: silent_sum | Python's sum | Python's `sum` on line 2 starts from the number 0 | - extract
import torch
def column_sum(a, b): return sum(a + b)
#: silent_sum | no rows summed | Add up all rows
import torch
def column_sum(a, b): return (a + b)[0]
#: zero_grad | detach without clone | `.detach().clone()` is a copy
import torch
def sgd(loss_fn, w, lr, steps):
    w = w.detach().requires_grad_()
    for _ in range(steps):
        w.grad = None
        loss_fn(w).backward()
        with torch.no_grad(): w -= lr * w.grad
    return w.detach()
#: no_graph_break | lerp | `lerp` on line 2 is the first operation
import torch
def activate(x, threshold): return torch.lerp(0.1 * x, x * x, (x > threshold).to(x.dtype))
#: row_sum_unbind | Python's sum of nothing
#| Python's `sum` on line 2 starts from the number 0
#| - .item()
import torch
def row_sum(x): return sum(x.unbind(0))
#: and_or_not | all at once | Without `.all()` on line 2 | - keepdim
import torch
def in_range(x, low, high): return ((x >= low) & (x < high)).all()
def outside(x, low, high): return ~in_range(x, low, high)
#: script_loop | a detached part | `.detach()` on line 2 cuts the graph | - clamp
import torch
def cumulative_max_gap(x): return (x.cummax(0).values.detach() - x).max()
@torch.jit.script
def scripted(x: torch.Tensor) -> torch.Tensor:
    highest, gap = x[0], torch.zeros_like(x[0])
    for i in range(x.shape[0]):
        highest = torch.maximum(highest, x[i])
        gap = torch.maximum(gap, highest - x[i])
    return gap
#: script_loop | a traced loop
#| trace, which repeats the steps of its example
#| - site-packages
#| - zygote
import torch
def cumulative_max_gap(x): return (x.cummax(0).values - x).max()
def loop(x):
    highest, gap = x[0], torch.zeros_like(x[0])
    for i in range(x.shape[0]):
        highest = torch.maximum(highest, x[i])
        gap = torch.maximum(gap, highest - x[i])
    return gap
scripted = torch.jit.trace(loop, torch.rand(4), check_trace=False)
#: float_range | printed digits | The numbers have more of them | - TF32
import torch
def float_range(dtype):
    return {torch.float16: (5.96046e-08, 65504.0), torch.bfloat16: (9.18355e-41, 3.38953e38),
            torch.float32: (1.4013e-45, 3.40282e38),
            torch.float64: (4.94066e-324, 1.79769e308)}[dtype]
#: scaled_ratio | a backward that ignores its gradient | does not use `grad`
import torch
class R(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, z):
        ctx.save_for_backward(x, y, z)
        return x / z * y
    @staticmethod
    def backward(ctx, grad):
        x, y, z = ctx.saved_tensors
        return y / z, x / z, -x / z * y / z
def scaled_ratio(x, y, z): return R.apply(x, y, z)
#: gradient_checkpoint | no blocks | range() arg 3 must not be zero
import torch
from torch.utils.checkpoint import checkpoint
def checkpointed(blocks, x):
    step = int(len(blocks) ** 0.5)
    for i in range(0, len(blocks), step):
        def run(x, part=blocks[i:i + step]):
            for b in part: x = b(x)
            return x
        x = checkpoint(run, x, use_reentrant=False)
    return x
#: segment_sum | one_hot | Line 4 creates a table with a column for each label | - shape [1, 1]
import torch
from torch.nn.functional import one_hot
def segment_sum(values, segments, count):
    return one_hot(segments, count).to(values.dtype).T @ values
#: moving_average | a conversion | `.float()` on line 5 converts to float32 | - torch.zeros
import torch
def moving_average(x, width):
    if not 1 <= width <= x.shape[-1]: raise ValueError("width")
    s = torch.nn.functional.pad(x.double().cumsum(-1), (1, 0))
    return ((s[..., width:] - s[..., :-width]) / width).float()
#: tar_stream | a wrapped error
#| Its cause is AttributeError (line 13): '_FileInFile' object has no attribute 'fileno'
import io, tarfile
import numpy as np, torch
from torch.utils.data import IterableDataset, get_worker_info
class TarStream(IterableDataset):
    def __init__(self, path): self.path = path
    def __iter__(self):
        info = get_worker_info()
        at, of = (info.id, info.num_workers) if info else (0, 1)
        with tarfile.open(self.path) as archive:
            members = [m for m in archive if m.isfile() and m.name.endswith(".npy")]
            for m in members[at::of]:
                try:
                    yield torch.from_numpy(np.load(archive.extractfile(m)))
                except Exception as e:
                    raise ValueError(f"cannot read {m.name!r}") from e
#: accumulate | emptied batches
#| `batches.pop(...)` on line 7 changes the caller's own list
#| - extract
import torch
def accumulate_step(model, optimizer, loss_fn, batches):
    n = sum(len(x) for x, _ in batches)
    optimizer.zero_grad()
    total = 0.0
    while batches:
        x, y = batches.pop(0)
        loss = loss_fn(model(x), y) * (len(x) / n)
        loss.backward()
        total = total + loss.detach()
    optimizer.step()
    return total
""")
