"""Grader of numpy_bridge: values, dtypes and shared memory between tensors and NumPy arrays."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    _,
    arguments,
    large_integers,
    normal,
    require,
    same_as_reference,
    special,
    value,
)

KINDS = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
DTYPES = tuple(getattr(torch, kind) for kind in KINDS)


def element_by_element(t):
    import numpy as np  # noqa: PLC0415 - runs in a worker, too

    return np.array(t.tolist(), dtype=str(t.dtype).removeprefix("torch.")).reshape(t.shape)


def copied(a):
    return torch.tensor(a.tolist(), dtype=getattr(torch, str(a.dtype))).reshape(a.shape)


def array(*shapes):
    return lambda sizes, generator: normal(*shapes)(sizes, generator).numpy()


def sample_twice(kata, seed, rows, cols):
    import numpy as np  # noqa: PLC0415 - runs in a worker

    rng = np.random.default_rng(seed)
    return [kata.sample_normal(rng, rows, cols) for _draw in range(2)]


def number_by_number(seed, rows, cols):
    import numpy as np  # noqa: PLC0415 - runs in a worker, too

    rng = np.random.default_rng(seed)
    draws = [[rng.standard_normal() for _i in range(rows * cols)] for _draw in range(2)]
    return [torch.tensor(draw, dtype=torch.float64).reshape(rows, cols) for draw in draws]


def seed(_sizes, generator):
    return torch.randint(1 << 40, (), generator=generator).item()


CASES = (
    Case("one element", n=1, d=1),
    Case("no rows", n=0, d=3),
    Case("a matrix", n=4, d=6),
    Case("7,000 rows", n=7000, d=3),
)
SPEC = Spec(
    Function(
        "to_numpy",
        inputs={"t": normal("n d")},
        naive=element_by_element,
        cases=(
            *CASES,
            Case("0-d", given=arguments(normal(""))),
            Case("nan and infinity", given=arguments(special("7"))),
            Case("integers above 2^53", given=arguments(large_integers("5", dtype=torch.int64))),
        ),
        dtypes=DTYPES,
        gradient=False,
        device=False,
    ),
    Function(
        "from_numpy",
        inputs={"a": array("n d")},
        naive=copied,
        cases=(
            *CASES,
            Case("0-d", given=arguments(array(""))),
            Case("a vector", given=arguments(array("9"))),
        ),
        dtypes=DTYPES,
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
    ),
    EntryPoint("sample_normal"),
    Function(
        "sample_normal(rng, rows, cols)",
        adapter=sample_twice,
        inputs={"seed": seed, "rows": value("n"), "cols": value("d")},
        naive=number_by_number,
        cases=(
            *CASES,
            Case("one row", n=1, d=4),
            Case("one column", n=6, d=1),
            Case("7,000 columns", n=3, d=7000),
        ),
        dtypes=(torch.float64,),
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
    ),
    stub_digest="81318deb60fd44d6",
    broken_axis="shape",
)
RULES = {
    "The result of `from_numpy`": "memory[of from numpy*]",
    "the result of `to_numpy`": "memory[of to numpy*]",
    "leaves the graph": "purity[of to numpy]",
}


def call_to_numpy(kata, t):
    return kata.to_numpy(t)


def array_of(kata, t, layout):
    """Return the type of to_numpy's result, and whether changes show in both directions."""
    if layout != "contiguous":
        t = t.mT if layout == "transposed" else t[..., 1::2]
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


def graph_after_to_numpy(kata, w):
    """Convert a parameter and a result of it; return whether both keep their place in the graph."""
    w.requires_grad_()
    squares = w * w
    kata.to_numpy(w), kata.to_numpy(squares)
    has_graph = squares.requires_grad and squares.grad_fn is not None
    return {"requires_grad": w.requires_grad, "has_graph": has_graph}


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
    """to_numpy does not copy a CPU tensor, whatever its strides."""
    x = torch.randn(2, 6, generator=generator)
    for t, layout in (
        (x, "contiguous"),
        (x, "transposed"),
        (x, "every second"),
        (x[0, 0].clone(), "contiguous"),
        (x.half(), "contiguous"),
        (x.long(), "transposed"),
        (x.clone().requires_grad_(), "contiguous"),
    ):
        got = submission.run(array_of, t, layout)
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


def test_memory_of_from_numpy_is_shared(submission, reference, generator):
    """Changes of the array show in the tensor and vice versa, whatever the strides."""
    whats = {
        "contiguous": _("the result of from_numpy(a)"),
        "transposed": _("the result of from_numpy(a.T)"),
        "every second": _("the result of from_numpy(a[::2])"),
    }
    for shape, dtype in (
        ((5,), "float32"),
        ((3, 4), "int16"),
        ((2, 3, 2), "float64"),
        ((), "bool"),
    ):
        drawn = 9 * torch.rand(shape, generator=generator)
        array = drawn.to(getattr(torch, dtype)).numpy()
        for layout in list(whats)[: 3 if shape else 1]:
            what = {"tensor": whats[layout]}
            got = same_as_reference(submission, reference, tensor_of, array, layout, what=what)
            require(
                got["shared"],
                _(
                    "For an array a of shape {shape}, {what} is a copy: a change of the array does "
                    "not show in the tensor.",
                    what=whats[layout],
                    shape=list(shape),
                ),
            )
