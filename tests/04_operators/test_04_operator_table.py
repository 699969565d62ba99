"""Grader of operator_table: every entry beside its operator."""

import torch

from torchkata import EntryPoint, Spec, require, same

SPEC = Spec(EntryPoint("OPERATORS"), stub_digest="57708f05f7263610", fault="values")

SLICE = "x[begin:end]"
OPERATORS = {
    "-x": lambda x: -x,
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x * y": lambda x, y: x * y,
    "x / y": lambda x, y: x / y,
    "x // y": lambda x, y: x // y,
    "x % y": lambda x, y: x % y,
    "x ** y": lambda x, y: x**y,
    "x @ y": lambda x, y: x @ y,
    "x > y": lambda x, y: x > y,
    "x >= y": lambda x, y: x >= y,
    "x < y": lambda x, y: x < y,
    "x <= y": lambda x, y: x <= y,
    "abs(x)": abs,
    "x & y": lambda x, y: x & y,
    "x | y": lambda x, y: x | y,
    "x ^ y": lambda x, y: x ^ y,
    "~x": lambda x: ~x,
    "x == y": lambda x, y: x == y,
    "x != y": lambda x, y: x != y,
    SLICE: lambda x, begin, end: x[begin:end],
}
DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool)


def drawn(dtype, generator):
    """Operands of every entry: [(spelling, operands)], with negative numbers and equal pairs."""

    def tensor(*shape):
        return torch.randint(-9, 10, shape, generator=generator).to(dtype)

    for spelling in OPERATORS:
        if spelling == SLICE:
            for bounds in ((1, 3), (-3, -1), (-99, 99), (4, 2), (0, 0)):
                yield spelling, (tensor(2, 5).T, *bounds)
        elif spelling == "x @ y":
            for x, y in (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((4, 2, 3), (3, 2))):
                yield spelling, (tensor(*x), tensor(*y))
        elif "y" not in spelling:
            yield spelling, (tensor(4, 5),)
        else:
            for n, shape in ((6, (6, 9)), (6, (1, 9)), (6, (9,)), (1, (1, 1)), (0, (0, 9))):
                x, y = tensor(n, 9), tensor(*shape)
                y[y == 0] = 5  # nothing is divided by zero
                if spelling == "x ** y":
                    x, y = (x, y.abs() % 4) if dtype is not torch.bool else (x, y)
                x[:1] = y[:1]  # equal pairs, for the comparisons
                yield spelling, (x, y)


def operated(spelling, operands):
    """What the operator itself gives; None where it raises."""
    try:
        return OPERATORS[spelling](*operands)
    except (RuntimeError, TypeError):
        return None


def looked_up(kata):
    """Each key, and whether the function there is one of torch's own."""
    return {
        str(key): getattr(torch, str(getattr(entry, "__name__", "")), None) is entry
        for key, entry in kata.OPERATORS.items()
    }


def applied(kata, *calls):
    """(value, text of the exception, whether an operand changed, devices) of each call."""
    answers = []
    for spelling, operands in calls:
        x, before = operands[0], [t.clone() if torch.is_tensor(t) else t for t in operands]
        try:
            value, error = kata.OPERATORS[spelling](*operands), ""
        except Exception as raised:  # noqa: BLE001 - whatever an entry raises
            value, error = None, f"{type(raised).__name__}: {raised}"
        changed = any(
            torch.is_tensor(t) and not t.equal(b) for t, b in zip(operands, before, strict=True)
        )
        answers.append((value, error, changed, torch.is_tensor(value) and value.device == x.device))
    return answers


def judged(submission, calls, device="cpu"):
    """Yield (spelling, operands, answer, what the operator gives) for each call."""
    calls = list(calls)
    answers = submission.run(applied, *calls, device=device)
    for (spelling, operands), answer in zip(calls, answers, strict=True):
        yield spelling, operands, answer, operated(spelling, operands)


def on(spelling, operands):
    """Say which call it was."""
    kind = str(operands[0].dtype).removeprefix("torch.")
    shapes = " and ".join(str(list(t.shape)) for t in operands if torch.is_tensor(t))
    bounds = f", begin={operands[1]}, end={operands[2]}" if spelling == SLICE else ""
    return f'OPERATORS["{spelling}"] on {kind} {shapes}{bounds}'


def test_contract_spellings(submission):
    """OPERATORS has exactly the 21 spellings as keys."""
    keys = set(submission.run(looked_up))
    missing, unknown = sorted(set(OPERATORS) - keys), sorted(keys - set(OPERATORS))
    require(not missing, f"OPERATORS lacks {', '.join(map(repr, missing))}; spaces count.")
    require(not unknown, f"OPERATORS has keys that nobody asked for: {unknown}.")


def test_contract_functions_of_torch(submission):
    """Each entry is a function of torch; the slice apart."""
    other = [f'"{key}"' for key, own in submission.run(looked_up).items() if not own]
    other = [key for key in other if key != f'"{SLICE}"']
    require(
        not other,
        f"{', '.join(other)}: these are not functions of torch. The point is to name what the "
        "operator calls: put torch.NAME itself there, without a lambda or a method around it.",
    )


def test_contract_raises_where_the_operator_raises(submission, generator):
    """An entry refuses the dtypes that its operator refuses."""
    for dtype in DTYPES:
        for spelling, operands, answer, expected in judged(submission, drawn(dtype, generator)):
            require(
                expected is not None or answer[1],
                f"{on(spelling, operands)} gives a result, but the operator raises there. A "
                "function that takes more than the operator is another function.",
            )


def test_dtype_is_the_operators(submission, generator):
    """The result has the dtype of the operator's."""
    wrong = {}
    for dtype in DTYPES:
        for spelling, operands, answer, expected in judged(submission, drawn(dtype, generator)):
            kinds = [getattr(value, "dtype", None) for value in (answer[0], expected)]
            if None not in kinds and kinds[0] is not kinds[1]:
                wrong.setdefault(
                    spelling,
                    f"{on(spelling, operands)} gives {kinds[0]}; the operator gives {kinds[1]}.",
                )
    require(not wrong, " ".join(wrong.values()))


def test_values_are_the_operators(submission, generator):
    """Each entry gives what its operator gives."""
    wrong = {}
    for dtype in DTYPES:
        for spelling, operands, answer, expected in judged(submission, drawn(dtype, generator)):
            if expected is None or spelling in wrong:
                continue
            if difference := differs(on(spelling, operands), answer, expected):
                wrong[spelling] = difference
    require(
        not wrong,
        f"{len(wrong)} of 21 entries differ from their operator. " + " ".join(wrong.values()),
    )


def differs(what, answer, expected):
    """How an answer differs from the operator's, or the empty string."""
    if answer[1]:
        return f"{what} raises {answer[1].splitlines()[0][:90]}; the operator does not."
    try:
        same(answer[0], expected, what=what, dtype=False)
    except Exception as failed:  # noqa: BLE001 - its text is what differs
        return str(failed)
    return ""


def test_device_follows_x(submission, device, generator):
    """Every entry works where its operands live."""
    for dtype in (torch.float32, torch.int64):
        calls = [c for c in drawn(dtype, generator) if operated(*c) is not None]
        for spelling, operands, answer, expected in judged(submission, calls, device):
            wrong = differs(on(spelling, operands), answer, expected)
            require(not wrong, f"On {device}: {wrong}")
            require(answer[3], f"{on(spelling, operands)} does not live on {device} as x does.")


def test_purity_of_all(submission, generator):
    """No entry changes its operands."""
    for dtype in DTYPES:
        for spelling, operands, answer, _ in judged(submission, drawn(dtype, generator)):
            require(
                not answer[2],
                f"{on(spelling, operands)} changes its operand; the operator makes a new tensor. "
                "Functions whose name ends in _ work in place.",
            )


def sliced(kata, x):
    """Whether writing into a slice changes x, and the gradient of x through a slice."""
    before, leaf = x.clone(), x.clone().requires_grad_()
    kata.OPERATORS[SLICE](x, 1, 3).zero_()
    y = kata.OPERATORS[SLICE](leaf, 1, 3)
    gradient = torch.autograd.grad((y * y).sum(), leaf)[0] if y.requires_grad else None
    return not x.equal(before), gradient


def test_gradient_of_the_slice(submission, reference, generator):
    """Gradients flow through the slice; torch's own functions have theirs."""
    x = torch.randn(5, 2, generator=generator)
    got, expected = submission.run(sliced, x)[1], reference.run(sliced, x)[1]
    require(got is not None, f'No gradient flows through OPERATORS["{SLICE}"].')
    same(got, expected, what=f'the gradient of OPERATORS["{SLICE}"]')


def test_memory_of_the_slice_is_shared(submission):
    """A slice is a view."""
    require(
        submission.run(sliced, torch.ones(5, 2))[0],
        f'OPERATORS["{SLICE}"] copies; x[begin:end] is a view: writing into it writes into x.',
    )
