"""Grader of autocast_dtypes: the dtypes that autocast chooses for four operations."""

from torchkata import EntryPoint, Spec, _, equal, none_of, same_as_reference
from torchkata.probes import autocast_changes

SPEC = Spec(EntryPoint("autocast_dtypes"), stub_digest="ade9a83d6011ecdf")
KEYS = ["add", "matmul", "mixed_add", "sum"]
PRODUCTS = {"mm", "bmm", "mv", "dot", "addmm", "baddbmm", "matmul"}
RULES = {
    "Run the operations": "ops[operations run]",
    "Use the low precision": ("dtype[of operations]", "device[default, *]"),
    "whether the caller has": "dtype[of operations]",
}


def dtypes_and_changes(kata, kind, low="", outer=None):
    """Return the types in the result, the dtypes as text, and the settings that are changed."""
    with autocast_changes(kind, low, outer=outer) as changes:
        result = kata.autocast_dtypes(kind)
    is_dict = isinstance(result, dict)
    values = result.values() if is_dict else ()
    return {
        "type": type(result).__name__,
        "types": sorted({type(value).__name__ for value in values}),
        "dtypes": {name: str(dtype) for name, dtype in result.items()} if is_dict else {},
        "changes": changes,
    }


def dtypes_in_turn(kata, kind, lows):
    """Return the dtypes for some low precisions, with the same argument in each call."""
    return [dtypes_and_changes(kata, kind, low)["dtypes"] for low in lows]


def require_same_dtypes(submission, reference, *arguments, device="cpu"):
    kind, low, outer = arguments
    what = _(
        'the result of `autocast_dtypes("{kind}")` (low precision: {low}; autocast around the '
        "call: {outer})",
        kind=kind,
        low=low or _("the default"),
        outer=outer,
    )
    run = submission, reference, dtypes_and_changes, *arguments
    same_as_reference(*run, what={"dtypes": what}, device=device)


def test_contract_dict(submission):
    """The result is a dict from four names to torch.dtype."""
    got = submission.run(dtypes_and_changes, "cpu")
    equal(got["type"], "dict", what=_("The type of the result"))
    equal(sorted(got["dtypes"]), KEYS, what=_("The keys"))
    equal(got["types"], ["dtype"], what=_("The types of the values"))


def test_ops_operations_run(submission):
    """Each call adds, multiplies matrices and sums."""
    for _call in range(2):
        ops = submission.measure(dtypes_and_changes, "cpu").ops.ops
        ran = {"add": "add" in ops, "matmul": bool(PRODUCTS & set(ops)), "sum": "sum" in ops}
        none_of(
            [name for name, found in ran.items() if not found],
            what=_("Operations that the call does not run"),
            why=_("A table is only right for this version of PyTorch and this device type."),
        )


def test_dtype_of_operations(submission, reference):
    """The result follows the low precision that is set, but not the caller's autocast."""
    for low, outer in (("", None), ("float16", None), ("bfloat16", None), ("", True), ("", False)):
        require_same_dtypes(submission, reference, "cpu", low, outer)
    what = _("the results after the low precision is set to float16 and to bfloat16")
    lows = ["float16", "bfloat16"]
    same_as_reference(submission, reference, dtypes_in_turn, "cpu", lows, what=what)


def test_purity_autocast(submission):
    """The call leaves the settings of autocast unchanged."""
    for outer in (None, True, False):
        changes = submission.run(dtypes_and_changes, "cpu", "", outer)["changes"]
        why = _("The caller's next operations run in another precision.")
        none_of(changes, what=_("Settings of autocast that the call changes"), why=why)


def test_device_default(submission, reference, device):
    """The result is right for another device type, with its default and a changed low precision."""
    for low in ("", "bfloat16"):
        kind = device.split(":")[0]
        require_same_dtypes(submission, reference, kind, low, None, device=device)
