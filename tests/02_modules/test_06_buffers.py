"""Grader of buffers: constants that move and are saved with their module."""

import torch

from torchkata import Entry, Exercise, require, same

EXERCISE = Exercise(Entry("Standardize"), shipped="bf6d753b8d050cd9", fault="device")


def built(kata, mean, std):
    """The names of parameters and of the state, and the two tensors."""
    net = kata.Standardize(mean, std)
    names = [name for name, _ in net.named_parameters()]
    return names, sorted(net.state_dict()), [net.mean.detach(), net.std.detach()]


def applied(kata, mean, std, x):
    """Build with CPU tensors, move to where x is, apply; say whether x was left alone."""
    net = kata.Standardize(mean.cpu(), std.cpu()).to(x.device)
    behind = [name for name in ("mean", "std") if getattr(net, name).device != x.device]
    if behind:
        return None, None, None, behind
    before = x.clone()
    y = net(x).detach()
    untouched = x.shape == before.shape and bool((x == before).all())
    z = net(before.requires_grad_().clone())
    grad = torch.autograd.grad(z.sum(), before)[0] if z.requires_grad else None
    return y, grad, untouched, behind


def loaded(kata, mean, std, state, x):
    """Load another state; give forward, the caller's tensors, and the state after it."""
    net = kata.Standardize(mean, std)
    net.load_state_dict(state)
    return net(x).detach(), [mean, std], dict(net.state_dict())


def doubled(kata, mean, std, x):
    return kata.Standardize(mean, std).double()(x.double()).detach()


def drawn(generator, *shape, dtype=torch.float32):
    """A mean and a std of the last size of `shape`, and x."""
    mean, std = torch.randn(2, shape[-1], generator=generator, dtype=dtype)
    return mean, std.abs() + 0.5, torch.randn(shape, generator=generator, dtype=dtype)


def test_contract_names(submission, generator):
    """state_dict() has exactly mean and std, and parameters() yields neither."""
    mean, std, _ = drawn(generator, 3)
    parameters, keys, tensors = submission.run(built, mean, std)
    require(
        not parameters,
        f"net.parameters() yields {parameters}. They are measured, not learned: an optimizer must "
        "not see them.",
    )
    require(
        keys == ["mean", "std"],
        f"state_dict() has the keys {keys}; they have to be ['mean', 'std'], or a saved model "
        "forgets how its data were scaled.",
    )
    same(tensors, [mean, std], what="`[net.mean, net.std]`")


def test_shape_of_x(submission, generator):
    """The result has the shape of x, whatever its number of dims."""
    for shape in ((6, 3), (3,), (1, 1), (0, 3), (2, 4, 5)):
        got = list(submission.run(applied, *drawn(generator, *shape))[0].shape)
        require(got == list(shape), f"x of shape {list(shape)} gives a result of shape {got}.")


def test_values_forward(submission, reference, generator):
    """Forward is (x - mean) / std over the last dim."""
    for shape in ((7, 3), (3,), (1, 1), (0, 3), (4, 4), (2, 4, 5)):
        given = drawn(generator, *shape)
        got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
        same(got, expected, what=f"`net(x)` for x of shape {list(shape)}")


def test_values_transposed_x(submission, reference, generator):
    """Forward takes x in another memory layout too."""
    mean, std, x = drawn(generator, 5, 4)
    x = x.T.contiguous().T
    got, expected = (who.run(applied, mean, std, x)[0] for who in (submission, reference))
    same(got, expected, what="`net(x)` for a transposed x")


def test_values_loaded_state(submission, reference, generator):
    """After load_state_dict, forward computes with the loaded numbers."""
    (mean, std, x), (other, scale, _) = drawn(generator, 6, 3), drawn(generator, 3)
    given = mean, std, {"mean": other, "std": scale}, x
    got, expected = submission.run(loaded, *given), reference.run(loaded, *given)
    same(got[0], expected[0], what="`net(x)` after load_state_dict")
    same(got[2], expected[2], what="the state after load_state_dict")


def test_dtype_follows(submission, reference, generator):
    """The module computes in the dtype of its tensors, and .double() changes that."""
    given = drawn(generator, 6, 3, dtype=torch.float64)
    same(
        submission.run(applied, *given)[0],
        reference.run(applied, *given)[0],
        what="`net(x)` in float64",
    )
    given = drawn(generator, 6, 3)
    got, expected = submission.run(doubled, *given), reference.run(doubled, *given)
    same(got, expected, what="`net.double()(x.double())`")


def test_purity_x(submission, generator):
    """The argument of forward stays as it is."""
    kept = submission.run(applied, *drawn(generator, 6, 3))[2]
    require(kept, "forward changes x in place; whoever passed it still needs the old values.")


def test_purity_callers_tensors(submission, generator):
    """Loading a state does not write into the tensors that the caller passed."""
    (mean, std, x), (other, scale, _) = drawn(generator, 6, 3), drawn(generator, 3)
    after = submission.run(loaded, mean, std, {"mean": other, "std": scale}, x)[1]
    require(
        [tensor.tolist() for tensor in after] == [mean.tolist(), std.tolist()],
        "load_state_dict has changed the mean and std that were passed to Standardize: the module "
        "holds the caller's tensors. Let it hold copies.",
    )


def test_gradient_reaches_x(submission, reference, generator):
    """Gradients flow to x."""
    given = drawn(generator, 6, 3)
    got = submission.run(applied, *given)[1]
    require(got is not None, "No gradient reaches x: the result forgets where it came from.")
    same(got, reference.run(applied, *given)[1], what="the gradient of x")


def test_device_moves(submission, reference, device, generator):
    """Both tensors move by net.to(device), and forward works there."""
    given = drawn(generator, 6, 3)
    got = submission.run(applied, *given, device=device)
    require(
        not got[3],
        f"net.to('{device}') leaves {' and '.join(got[3])} behind on the CPU, so forward would "
        "fail there. A tensor that is a mere attribute is nothing that a module knows of.",
    )
    same(got[0], reference.run(applied, *given)[0], what=f"`net(x)` on {device}")
