"""Grader of operator_table: every entry against its operator."""

import torch

from torchkata import CheckFailed, EntryPoint, Spec, _, join, require, same

SPEC = Spec(EntryPoint("OPERATORS"), stub_digest="57708f05f7263610", broken_axis="values")

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


def calls_of_all(dtype, generator):
    """Yield (key, operands) for every entry, with negative numbers and equal pairs."""

    def tensor(*shape):
        return torch.randint(-9, 10, shape, generator=generator).to(dtype)

    for key in OPERATORS:
        if key == SLICE:
            for bounds in ((1, 3), (-3, -1), (-99, 99), (4, 2), (0, 0)):
                yield key, (tensor(2, 5).T, *bounds)
        elif key == "x @ y":
            for x, y in (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((4, 2, 3), (3, 2))):
                yield key, (tensor(*x), tensor(*y))
        elif "y" not in key:
            yield key, (tensor(4, 5),)
        else:
            for n, shape in ((6, (6, 9)), (6, (1, 9)), (6, (9,)), (1, (1, 1)), (0, (0, 9))):
                x, y = tensor(n, 9), tensor(*shape)
                y[y == 0] = 5  # no division by zero
                if key == "x ** y":
                    x, y = (x, y.abs() % 4) if dtype is not torch.bool else (x, y)
                x[:1] = y[:1]  # equal pairs, for the comparisons
                yield key, (x, y)


def result_of_operator(key, operands):
    """Return the result of the operator itself; None if it raises."""
    try:
        return OPERATORS[key](*operands)
    except (RuntimeError, TypeError):
        return None


def functions_of_torch(kata):
    """Return for each key whether its entry is a function of torch."""
    return {
        str(key): getattr(torch, str(getattr(entry, "__name__", "")), None) is entry
        for key, entry in kata.OPERATORS.items()
    }


def results_of_entries(kata, *calls):
    """Return the value or error of each call, and whether it changed an operand."""
    results = []
    for key, operands in calls:
        x, before = operands[0], [t.clone() if torch.is_tensor(t) else t for t in operands]
        try:
            value, error = kata.OPERATORS[key](*operands), ""
        except Exception as raised:  # noqa: BLE001 - an entry may raise anything
            value, error = None, f"{type(raised).__name__}: {raised}"
        changed = any(
            torch.is_tensor(t) and not t.equal(b) for t, b in zip(operands, before, strict=True)
        )
        on_device = torch.is_tensor(value) and value.device == x.device
        results.append({"value": value, "error": error, "changed": changed, "on device": on_device})
    return results


def compared(submission, calls, device="cpu"):
    """Yield (key, name of the call, result of the entry, result of the operator) for each call."""
    calls = list(calls)
    results = submission.run(results_of_entries, *calls, device=device)
    for (key, operands), result in zip(calls, results, strict=True):
        yield key, call_name(key, operands), result, result_of_operator(key, operands)


def call_name(key, operands):
    x, *others = operands
    values = {"key": key, "dtype": str(x.dtype).removeprefix("torch."), "shape": list(x.shape)}
    if key == SLICE:
        begin, end = others
        return _(
            'OPERATORS["{key}"] on {dtype} {shape}, begin={begin}, end={end}',
            **values,
            begin=begin,
            end=end,
        )
    if others:
        (y,) = others
        return _('OPERATORS["{key}"] on {dtype} {shape} and {other}', **values, other=list(y.shape))
    return _('OPERATORS["{key}"] on {dtype} {shape}', **values)


def difference_from_operator(call, result, expected):
    """Return how a result differs from that of the operator; None if it does not."""
    if result["error"]:
        return _(
            "{call} raises {error}; the operator does not.",
            call=call,
            error=result["error"].splitlines()[0][:90],
        )
    try:
        same(result["value"], expected, what=call, dtype=False)
    except CheckFailed as error:
        return error.message
    return None


def test_contract_keys(submission):
    """OPERATORS has exactly the 21 spellings as keys."""
    keys = set(submission.run(functions_of_torch))
    missing, unknown = sorted(set(OPERATORS) - keys), sorted(keys - set(OPERATORS))
    require(
        not missing,
        _(
            "OPERATORS is missing the keys {keys}. Keys must match character for character, spaces "
            "included.",
            keys=", ".join(map(repr, missing)),
        ),
    )
    require(
        not unknown,
        _("OPERATORS has unexpected keys: {keys}.", keys=", ".join(map(repr, unknown))),
    )


def test_contract_functions_of_torch(submission):
    """Each entry except the slice is a function of torch."""
    entries = submission.run(functions_of_torch).items()
    others = [f'"{key}"' for key, of_torch in entries if not of_torch and key != SLICE]
    require(
        not others,
        _(
            "These entries are not functions of torch: {keys}. The table names the function that "
            "each operator calls: enter torch.NAME itself, without a lambda or a method around it.",
            keys=", ".join(others),
        ),
    )


def test_contract_raises_if_the_operator_raises(submission, generator):
    """An entry rejects the dtypes that its operator rejects."""
    for dtype in DTYPES:
        for _key, call, result, expected in compared(submission, calls_of_all(dtype, generator)):
            require(
                expected is not None or result["error"],
                _(
                    "{call} returns a result, but the operator raises an error. A function that "
                    "accepts more than the operator is not the function that it calls.",
                    call=call,
                ),
            )


def test_dtype_matches_the_operator(submission, generator):
    """The result has the dtype of the operator's result."""
    wrong = {}
    for dtype in DTYPES:
        for key, call, result, expected in compared(submission, calls_of_all(dtype, generator)):
            mine, theirs = (getattr(value, "dtype", None) for value in (result["value"], expected))
            if None not in (mine, theirs) and mine is not theirs:
                message = _(
                    "{call}: expected {expected} like the operator, got {dtype}.",
                    call=call,
                    expected=theirs,
                    dtype=mine,
                )
                wrong.setdefault(key, message)
    require(not wrong, join(*wrong.values()))


def test_values_match_the_operator(submission, generator):
    """Each entry returns the values of its operator."""
    wrong = {}
    for dtype in DTYPES:
        for key, call, result, expected in compared(submission, calls_of_all(dtype, generator)):
            if expected is None or key in wrong:
                continue
            if difference := difference_from_operator(call, result, expected):
                wrong[key] = difference
    head = _("{count} of 21 entries differ from their operator.", count=len(wrong))
    require(not wrong, join(head, *wrong.values()))


def test_device_follows_x(submission, device, generator):
    """Every entry works on the device of its operands."""
    for dtype in (torch.float32, torch.int64):
        calls = [
            (key, operands)
            for key, operands in calls_of_all(dtype, generator)
            if result_of_operator(key, operands) is not None
        ]
        for _key, call, result, expected in compared(submission, calls, device):
            difference = difference_from_operator(call, result, expected)
            require(
                not difference,
                _("On {device}: {difference}", device=device, difference=difference),
            )
            require(
                result["on device"],
                _("{call}: expected a result on {device}, like x.", call=call, device=device),
            )


def test_purity_of_all(submission, generator):
    """No entry modifies its operands."""
    for dtype in DTYPES:
        for _key, call, result, _expected in compared(submission, calls_of_all(dtype, generator)):
            require(
                not result["changed"],
                _(
                    "{call} modifies its operand; the operator returns a new tensor. Functions "
                    "whose name ends in _ work in place.",
                    call=call,
                ),
            )


def slice_of(kata, x):
    """Return whether writing to a slice changes x, and the gradient of x through a slice."""
    before, leaf = x.clone(), x.clone().requires_grad_()
    kata.OPERATORS[SLICE](x, 1, 3).zero_()
    y = kata.OPERATORS[SLICE](leaf, 1, 3)
    gradient = torch.autograd.grad((y * y).sum(), leaf)[0] if y.requires_grad else None
    return {"shared": not x.equal(before), "gradient": gradient}


def test_gradient_of_the_slice(submission, reference, generator):
    """Gradients flow through the slice."""
    x = torch.randn(5, 2, generator=generator)
    got, expected = (subject.run(slice_of, x)["gradient"] for subject in (submission, reference))
    require(got is not None, _('No gradient flows through OPERATORS["{key}"].', key=SLICE))
    same(got, expected, what=_('the gradient of OPERATORS["{key}"]', key=SLICE))


def test_memory_of_the_slice_is_shared(submission):
    """The slice is a view."""
    require(
        submission.run(slice_of, torch.ones(5, 2))["shared"],
        _(
            'OPERATORS["{key}"] returns a copy, but x[begin:end] is a view: writing to it changes '
            "x.",
            key=SLICE,
        ),
    )
