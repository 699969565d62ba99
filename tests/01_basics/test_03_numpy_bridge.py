"""Grader of numpy_bridge: values, dtypes and shared memory between tensors and NumPy arrays."""

import torch

from torchkata import EntryPoint, Spec, _, require, same, same_as_reference

SPEC = Spec(
    EntryPoint("to_numpy"),
    EntryPoint("from_numpy"),
    EntryPoint("sample_normal"),
    stub_digest="ffb0587a7e35ec08",
    broken_axis="shape",
)
DTYPES = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")


def call_to_numpy(kata, t):
    return kata.to_numpy(t)


def array_of(kata, t):
    """Return the type of to_numpy's result, and whether changes show in both directions."""
    array = kata.to_numpy(t)
    with torch.no_grad():
        t.fill_(3)
        seen_in_array = bool((array == 3).all())
        array[...] = 5
    return {"type": type(array).__name__, "shared": seen_in_array and bool((t == 5).all())}


def tensor_of(kata, array, layout):
    """Return the tensor of an array with that layout, and whether they share memory."""
    if layout != "contiguous":
        array = array.T if layout == "transposed" else array[::2]
    tensor = kata.from_numpy(array)
    values = tensor.clone()
    array[...] = 1
    seen_in_tensor = bool((tensor == 1).all())
    tensor.fill_(0)
    return {"tensor": values, "shared": seen_in_tensor and not array.any()}


def samples(kata, seed, sizes):
    import numpy as np  # noqa: PLC0415 - probes import what they need

    rng = np.random.default_rng(seed)
    return [kata.sample_normal(rng, *size) for size in sizes]


def graph_after_to_numpy(kata, w):
    """Convert a parameter and a result of it; return whether both keep their place in the graph."""
    w.requires_grad_()
    squares = w * w
    kata.to_numpy(w), kata.to_numpy(squares)
    has_graph = squares.requires_grad and squares.grad_fn is not None
    return {"requires_grad": w.requires_grad, "has_graph": has_graph}


def test_shape_of_sample(submission, reference):
    """The sample has the shape [rows, cols]."""
    for rows, cols in ((3, 5), (1, 1), (1, 4), (0, 2), (6, 1)):
        got, expected = (
            subject.run(samples, 1, [(rows, cols)])[0] for subject in (submission, reference)
        )
        shape = list(getattr(got, "shape", ()))
        require(
            shape == list(expected.shape),
            _(
                "sample_normal(rng, {rows}, {cols}): expected shape {expected}, got {shape}. Which "
                "argument of the NumPy method is the size?",
                rows=rows,
                cols=cols,
                expected=list(expected.shape),
                shape=shape,
            ),
        )


def test_values_of_sample(submission, reference, generator):
    """The same rng returns the numbers of rng.standard_normal, call by call."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    sizes = [(3, 5), (1, 1), (4, 2)]
    got, expected = (subject.run(samples, seed, sizes) for subject in (submission, reference))
    for (rows, cols), mine, theirs in zip(sizes, got, expected, strict=True):
        what = _("the result of sample_normal(rng, {rows}, {cols})", rows=rows, cols=cols)
        same(mine, theirs, what=what, dtype=False)


def test_dtype_of_sample(submission):
    """The sample keeps NumPy's float64."""
    (got,) = submission.run(samples, 1, [(2, 3)])
    dtype = str(got.dtype).removeprefix("torch.")
    require(
        dtype == "float64",
        _(
            "sample_normal: expected float64, got {dtype}. NumPy draws float64 numbers; keep their "
            "precision.",
            dtype=dtype,
        ),
    )


def test_values_of_to_numpy(submission, reference, generator):
    """The array has the tensor's values, shape and dtype, whatever the strides."""
    x = torch.randn(4, 6, generator=generator)
    for t in (x, x[0, 0], x[:0], x.mT, x[:, ::2], (9 * x).long(), x > 0, x.double()):
        what = _("the result of to_numpy(t) for t of shape {shape}", shape=list(t.shape))
        same_as_reference(submission, reference, call_to_numpy, t, what=what)


def test_gradient_tensors_that_require_grad_can_be_converted(submission, reference, generator):
    """to_numpy accepts tensors that require grad."""
    t = torch.randn(2, 3, generator=generator).requires_grad_()
    what = _("the result of to_numpy(t)")
    same_as_reference(submission, reference, call_to_numpy, t, what=what)


def test_device_tensors_of_any_device_can_be_converted(submission, reference, device, generator):
    """to_numpy accepts tensors on any device, with or without a graph."""
    x = torch.randn(2, 3, generator=generator)
    for t in (x, x.clone().requires_grad_()):
        what = _("the result of to_numpy(t)")
        same_as_reference(submission, reference, call_to_numpy, t, what=what, device=device)


def test_memory_of_to_numpy_is_shared(submission, generator):
    """to_numpy does not copy a CPU tensor."""
    for t in (torch.randn(2, 3, generator=generator), torch.ones(3).requires_grad_()):
        got = submission.run(array_of, t)
        require(
            got["type"] == "ndarray",
            _("to_numpy: expected a numpy.ndarray, got {type}.", type=got["type"]),
        )
        require(
            got["shared"],
            _(
                "to_numpy copies a CPU tensor: a change of the tensor does not show in the array. "
                "Copying a large tensor takes time and twice the memory."
            ),
        )


def test_purity_of_to_numpy(submission, generator):
    """After the call, the tensor still requires grad and keeps its graph."""
    after = submission.run(graph_after_to_numpy, torch.randn(3, generator=generator))
    require(
        after["requires_grad"],
        _("After to_numpy(w), w no longer requires grad, so it would not be trained."),
    )
    require(
        after["has_graph"],
        _("After to_numpy(y), y has lost its graph, so no gradient flows back from it."),
    )


def test_dtype_of_from_numpy(submission, reference, generator):
    """The tensor has the dtype and the values of the array."""
    x = 9 * torch.rand(3, 4, generator=generator)
    for dtype in DTYPES:
        array = x.to(getattr(torch, dtype)).numpy()
        what = {"tensor": _("the result of from_numpy(a) for a of {dtype}", dtype=dtype)}
        same_as_reference(submission, reference, tensor_of, array, "contiguous", what=what)


def test_memory_of_from_numpy_is_shared(submission, reference, generator):
    """Changes of the array show in the tensor and vice versa, whatever the strides."""
    whats = {
        "contiguous": _("the result of from_numpy(a)"),
        "transposed": _("the result of from_numpy(a.T)"),
        "every second": _("the result of from_numpy(a[::2])"),
    }
    for shape in ((5,), (3, 4), (2, 3, 2), ()):
        array = torch.rand(shape, generator=generator).numpy()
        for layout in list(whats)[: 3 if shape else 1]:
            what = {"tensor": whats[layout]}
            got = same_as_reference(submission, reference, tensor_of, array, layout, what=what)
            require(
                got["shared"],
                _(
                    "For an array a of shape {shape}, {what} is a copy: a change of the array does "
                    "not show in the tensor. `torch.tensor` always copies.",
                    what=whats[layout],
                    shape=list(shape),
                ),
            )
