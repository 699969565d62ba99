"""Grader of make_tensors: values, dtypes, initialized memory, new tensors and seeds."""

import torch

from torchkata import Case, Function, Spec, _, none_of, require, same


def three():
    return torch.zeros((), dtype=torch.int64) + 3


def one_and_two():
    return torch.ones(2, dtype=torch.int64).cumsum(0)


def four_zeros():
    return torch.stack([torch.tensor([0.0, 0.0])] * 2)


def eight_random_numbers(generator):
    return torch.stack([torch.rand((), generator=generator) for _i in range(8)]).view(2, 2, 2)


def seeded(_sizes, generator):
    """Make a generator whose state differs from run to run."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    return torch.Generator().manual_seed(seed)


def constructor(name, naive, dtype, **inputs):
    return Function(
        name, inputs, naive, cases=(Case(f"{name}()"),), dtypes=(dtype,), layouts=(),
        gradient=False, device=False, purity=False,
    )  # fmt: skip


NAMES = ("scalar", "vector", "matrix", "cube")
SPEC = Spec(
    constructor("scalar", three, torch.int64),
    constructor("vector", one_and_two, torch.int64),
    constructor("matrix", four_zeros, torch.float32),
    constructor("cube", eight_random_numbers, torch.float32, generator=seeded),
    stub_digest="70dd892344577843",
)
RULES = {
    "returns a new tensor": "purity",
    "No tensor requires grad": "gradient",
    "With the same seed": "values[of cube follow the seed]",
}


def tensors_from_poisoned_memory(kata):
    """Call all four while PyTorch fills uninitialized memory with nan or huge numbers."""
    torch.use_deterministic_algorithms(mode=True)
    try:
        return {name: getattr(kata, name)() for name in NAMES}
    finally:
        torch.use_deterministic_algorithms(mode=False)


def consecutive_cubes(kata, seed):
    """Call cube twice with the global generator, then twice with a generator of the same seed."""
    torch.manual_seed(seed)
    from_global = [kata.cube(), kata.cube()]
    generator = torch.Generator().manual_seed(seed)
    from_generator = [kata.cube(generator), kata.cube(generator)]
    return {"global": from_global, "generator": from_generator}


def results_share_memory(kata, name):
    """Modify the result of the first call; return whether that shows in the third one's."""
    first = getattr(kata, name)()
    getattr(kata, name)()
    first.detach().fill_(77)
    return bool((getattr(kata, name)() == 77).any())


def requiring_grad(kata):
    return [name for name in NAMES if getattr(kata, name)().requires_grad]


def test_values_are_initialized(submission):
    """All elements are initialized."""
    for name, tensor in submission.run(tensors_from_poisoned_memory).items():
        require(
            (tensor.abs() < 1e6).all(),
            _(
                "`{name}()` returns uninitialized memory. The grader lets PyTorch fill such memory "
                "with nan or a huge number, and got {values}. `torch.empty` and "
                "`torch.Tensor(sizes)` only allocate memory.",
                name=name,
                values=tensor.tolist(),
            ),
        )


def test_values_of_cube_follow_the_seed(submission, reference, generator):
    """With the same seed, cube returns the same numbers as torch.rand, call by call."""
    seed = torch.randint(1 << 40, (), generator=generator).item()
    got, expected = submission.run(consecutive_cubes, seed), reference.run(consecutive_cubes, seed)
    for i in (0, 1):
        what = _("cube number {number} after torch.manual_seed", number=i + 1)
        same(got["global"][i], expected["global"][i], what=what)
    for i in (0, 1):
        what = _("cube number {number} from the generator", number=i + 1)
        same(got["generator"][i], expected["generator"][i], what=what)


def test_purity_each_call_returns_a_new_tensor(submission):
    """Modifying the result of one call does not change the result of the next."""
    for name in NAMES:
        require(
            not submission.run(results_share_memory, name),
            _(
                "`{name}()` returns the same tensor from every call: modifying the first result "
                "changes the next one. Create the tensor inside the function, in each call.",
                name=name,
            ),
        )


def test_gradient_is_not_required(submission):
    """No tensor requires grad."""
    none_of(
        [f"{name}()" for name in submission.run(requiring_grad)],
        what=_("Tensors that require grad"),
        why=_("Leave out requires_grad: these tensors are data, and nothing trains them."),
    )
