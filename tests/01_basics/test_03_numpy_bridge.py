"""Grader of numpy_bridge: values, dtypes and shared memory on the way to NumPy and back."""

import torch

from torchkata import EntryPoint, Spec, same_as_reference, require, same

SPEC = Spec(
    EntryPoint("to_numpy"),
    EntryPoint("from_numpy"),
    EntryPoint("sample_normal"),
    stub_digest="8406de2ae30bb56e",
    broken_axis="shape",
)
DTYPES = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")


def taken(kata, t):
    return kata.to_numpy(t)


def changed(kata, t):
    """The kind of what comes, and whether changes show both ways."""
    array = kata.to_numpy(t)
    with torch.no_grad():
        t.fill_(3)
        seen_there = bool((array == 3).all())
        array[...] = 5
    return type(array).__name__, seen_there and bool((t == 5).all())


def wrapped(kata, array, cut):
    """The tensor of an array that is cut to other strides, and whether changes show both ways."""
    if cut != "whole":
        array = array.T if cut == "transposed" else array[::2]
    tensor = kata.from_numpy(array)
    kept = tensor.clone()
    array[...] = 1
    seen_there = bool((tensor == 1).all())
    tensor.fill_(0)
    return {"tensor": kept, "shared": seen_there and not array.any()}


def drawn(kata, seed, sizes):
    import numpy as np  # noqa: PLC0415 - probes import what they need

    rng = np.random.default_rng(seed)
    return [kata.sample_normal(rng, *size) for size in sizes]


def kept(kata, w):
    """A parameter and a result of it, after both were taken to NumPy."""
    w.requires_grad_()
    squares = w * w
    kata.to_numpy(w), kata.to_numpy(squares)
    return w.requires_grad, squares.requires_grad and squares.grad_fn is not None


def test_shape_of_sample(submission, reference):
    """Rows and columns are sizes."""
    for sizes in ([(3, 5)], [(1, 1)], [(1, 4)], [(0, 2)], [(6, 1)]):
        got, expected = (who.run(drawn, 1, sizes)[0] for who in (submission, reference))
        shape = list(getattr(got, "shape", ()))
        require(
            shape == list(expected.shape),
            f"sample_normal(rng, {sizes[0][0]}, {sizes[0][1]}) has the shape {shape}, not "
            f"{list(expected.shape)}. Which argument of NumPy's call is the size?",
        )


def test_values_of_sample(submission, reference, generator):
    """One rng gives the numbers of rng.standard_normal, call by call."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    sizes = [(3, 5), (1, 1), (4, 2)]
    got, expected = (who.run(drawn, seed, sizes) for who in (submission, reference))
    for (rows, cols), mine, theirs in zip(sizes, got, expected, strict=True):
        same(mine, theirs, what=f"the result of sample_normal(rng, {rows}, {cols})", dtype=False)


def test_dtype_of_sample(submission):
    """NumPy draws float64, and so it stays."""
    (got,) = submission.run(drawn, 1, [(2, 3)])
    kind = str(got.dtype).removeprefix("torch.")
    require(kind == "float64", f"sample_normal gives {kind}; NumPy drew float64: keep its digits.")


def test_values_of_to_numpy(submission, reference, generator):
    """An array with the tensor's numbers, shape and dtype comes, for all strides."""
    x = torch.randn(4, 6, generator=generator)
    for t in (x, x[0, 0], x[:0], x.mT, x[:, ::2], (9 * x).long(), x > 0, x.double()):
        what = f"the result of to_numpy(t) for t of shape {list(t.shape)}"
        same_as_reference(submission, reference, taken, t, what=what)


def test_gradient_tensors_are_taken(submission, reference, generator):
    """Tensors that require grad can be taken to NumPy too."""
    t = torch.randn(2, 3, generator=generator).requires_grad_()
    same_as_reference(submission, reference, taken, t, what="the result of to_numpy(t)")


def test_device_tensors_are_taken(submission, reference, device, generator):
    """Tensors of any device can be taken to NumPy, with or without a graph."""
    x = torch.randn(2, 3, generator=generator)
    for t in (x, x.clone().requires_grad_()):
        what = "the result of to_numpy(t)"
        same_as_reference(submission, reference, taken, t, what=what, device=device)


def test_memory_of_to_numpy_is_shared(submission, generator):
    """No copy is made of a CPU tensor."""
    for t in (torch.randn(2, 3, generator=generator), torch.ones(3).requires_grad_()):
        kind, shared = submission.run(changed, t)
        require(kind == "ndarray", f"to_numpy returns {kind}, not a numpy.ndarray.")
        require(
            shared,
            "to_numpy copies a CPU tensor: a change of the tensor does not show in the array. A "
            "large tensor would take its memory twice, and time.",
        )


def test_purity_of_to_numpy(submission, generator):
    """The tensor still requires grad afterwards, and keeps its graph."""
    w, squares = submission.run(kept, torch.randn(3, generator=generator))
    require(w, "After to_numpy(w) the parameter w no longer requires grad: it is not trained.")
    require(squares, "After to_numpy(y) the tensor y has lost its graph: nothing flows back.")


def test_dtype_of_from_numpy(submission, reference, generator):
    """The tensor has the array's dtype, and its values."""
    x = 9 * torch.rand(3, 4, generator=generator)
    for dtype in DTYPES:
        array = x.to(getattr(torch, dtype)).numpy()
        what = {"tensor": f"the result of from_numpy(a) for a of {dtype}"}
        same_as_reference(submission, reference, wrapped, array, "whole", what=what)


def test_memory_of_from_numpy_is_shared(submission, reference, generator):
    """A change of the array shows in the tensor and the other way, for all strides."""
    for shape in ((5,), (3, 4), (2, 3, 2), ()):
        array = torch.rand(shape, generator=generator).numpy()
        for cut in ("whole", "transposed", "every second")[: 3 if shape else 1]:
            what = {"tensor": f"the result of from_numpy(a), a {cut}"}
            got = same_as_reference(submission, reference, wrapped, array, cut, what=what)
            require(
                got["shared"],
                f"from_numpy copies: a change of the array (shape {list(shape)}, {cut}) does not "
                "show in the tensor. `torch.tensor` always copies.",
            )
