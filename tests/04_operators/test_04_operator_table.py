"""Grader of operator_table: every entry against its operator."""

import torch

from torchkata import (
    Case,
    CheckFailed,
    EntryPoint,
    Function,
    Spec,
    _,
    join,
    none_of,
    normal,
    require,
    same,
    same_as_reference,
    value,
)
from torchkata.probes import copying_calls, views_of_one_memory


def slice_of_x(kata, x, begin, end):
    return kata.OPERATORS["x[begin:end]"](x, begin, end)


def row_by_row(x, begin, end):
    rows = list(x)[begin:end]
    return torch.stack(rows) if rows else x.new_zeros(0, *x.shape[1:])


SPEC = Spec(
    EntryPoint("OPERATORS"),
    Function(
        "x[begin:end]",
        adapter=slice_of_x,
        inputs={"x": normal("n d"), "begin": value("b"), "end": value("e")},
        naive=row_by_row,
        cases=(
            Case("some rows", n=9, d=4, b=2, e=6),
            Case("square", n=5, d=5, b=1, e=4),
            Case("the last row left out", n=6, d=2, b=1, e=-1),
            Case("begin beyond the last row", n=4, d=3, b=7, e=9),
        ),
        dtypes=(torch.float32, torch.int64, torch.bool),
        square=False,  # begin and end would be the same in a case of equal sizes
        variant_case="some rows",
    ),
    stub_digest="7a8cb76d93de4336",
    broken_axis="values",
)

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
    """Yield (key, operands) for every entry, with negative, equal, close and special numbers."""

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
                if n > 1 and dtype.is_floating_point:
                    x[1] = y.expand_as(x)[1] * (1 + 1e-6)
                    x[2, :3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
                elif n > 1 and dtype is torch.int64:
                    x[1] += 2**53
                yield key, (x, y)


def result_of_operator(key, operands):
    """Return the result of the operator itself; None if it raises."""
    try:
        return OPERATORS[key](*operands)
    except (RuntimeError, TypeError):
        return None


def functions_of_torch(kata):
    """Return for each key whether its entry is a function of torch, or of torch.linalg."""
    known = [*vars(torch).values(), *vars(torch.linalg).values()]
    return {
        str(key): any(entry is function for function in known)
        for key, entry in kata.OPERATORS.items()
    }


def differs(x, before):
    both_nan = (x != x) & (before != before)  # noqa: PLR0124 - nan differs from itself
    return not bool(((x == before) | both_nan).all())


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
            torch.is_tensor(t) and differs(t, b) for t, b in zip(operands, before, strict=True)
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


def on_the_slice(kata, probe, *arguments):
    """Run a probe on the entry of the slice."""
    from types import SimpleNamespace  # noqa: PLC0415 - probes import what they need

    return probe(SimpleNamespace(rows=kata.OPERATORS[SLICE]), "rows", *arguments)


def test_values_of_transposed_rows(submission, reference, generator):
    """The transpose of x, which has the same memory, gives other rows."""
    what = {0: _("the rows of x"), 1: _("the rows of x.T after it")}
    arguments = views_of_one_memory, torch.randn(5, 5, generator=generator), 1, 4
    same_as_reference(submission, reference, on_the_slice, *arguments, what=what)


def test_memory_of_the_slice_is_shared(submission):
    """The slice is a view."""
    for x in (torch.ones(5, 2), torch.ones(2, 5).T):
        none_of(
            submission.run(on_the_slice, copying_calls, x, 1, 3),
            what=_('Calls of OPERATORS["{key}"] that return a copy', key=SLICE),
            why=_("x[begin:end] is a view: writing to it changes x."),
        )
