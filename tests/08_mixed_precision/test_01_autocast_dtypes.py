"""Grader of autocast_dtypes: the dtypes that autocast chooses for four operations."""

import torch

from torchkata import EntryPoint, Spec, _, require, same_as_reference
from torchkata.probes import autocast_changes

SPEC = Spec(EntryPoint("autocast_dtypes"), stub_digest="c41ef5cbb151d3ab")
KEYS = ["add", "matmul", "mixed_add", "sum"]


def dtypes_and_changes(kata, kind, low="", outer=None):
    """Return the dtypes as text, and the settings of autocast that the call leaves changed."""
    with autocast_changes(kind, low, outer=outer) as changes:
        result = kata.autocast_dtypes(kind)
    if not isinstance(result, dict):
        return {"no dict": repr(result), "dtypes": {}, "changes": changes}
    dtypes = {
        name: str(dtype) if isinstance(dtype, torch.dtype) else repr(dtype)
        for name, dtype in result.items()
    }
    return {"no dict": "", "dtypes": dtypes, "changes": changes}


def require_same_dtypes(submission, reference, *arguments, what, device="cpu"):
    what = {"dtypes": what}
    same_as_reference(
        submission, reference, dtypes_and_changes, *arguments, what=what, device=device
    )


def test_contract_dict(submission):
    """The result is a dict from four names to torch.dtype."""
    got = submission.run(dtypes_and_changes, "cpu")
    require(not got["no dict"], _("Expected a dict, got {result}.", result=got["no dict"]))
    keys = sorted(got["dtypes"])
    require(
        keys == KEYS,
        _("Expected the keys {expected}, got {keys}.", expected=KEYS, keys=keys),
    )
    for key, dtype in got["dtypes"].items():
        require(
            dtype.startswith("torch."),
            _('The value of "{key}": expected a torch.dtype, got {value}.', key=key, value=dtype),
        )


def test_dtype_default(submission, reference):
    """The result is right for the CPU's default low precision."""
    what = _('the result of `autocast_dtypes("cpu")` with the default low precision')
    require_same_dtypes(submission, reference, "cpu", what=what)


def test_dtype_changed_default(submission, reference):
    """The result follows torch.set_autocast_dtype."""
    for low in ("float16", "bfloat16"):
        what = _(
            'the result of `autocast_dtypes("cpu")` after '
            'torch.set_autocast_dtype("cpu", torch.{low})',
            low=low,
        )
        require_same_dtypes(submission, reference, "cpu", low, what=what)


def test_dtype_inside_autocast(submission, reference):
    """The result is the same if the caller has enabled or disabled autocast."""
    for outer in (True, False):
        what = _(
            'the result of `autocast_dtypes("cpu")` inside '
            'torch.autocast("cpu", enabled={enabled})',
            enabled=outer,
        )
        require_same_dtypes(submission, reference, "cpu", "", outer, what=what)


def test_purity_autocast(submission):
    """The call leaves the settings of autocast unchanged."""
    for outer in (None, True, False):
        changes = submission.run(dtypes_and_changes, "cpu", "", outer)["changes"]
        require(
            not changes,
            _(
                "The call changes the settings of autocast ({changes}), so the caller's next "
                "operations run in another precision.",
                changes="; ".join(changes),
            ),
        )


def test_device_default(submission, reference, device):
    """The result is right for another device type, with its default and a changed low precision."""
    kind = device.split(":")[0]
    what = _(
        'the result of `autocast_dtypes("{kind}")` with the default low precision of {kind}, which '
        "may differ from that of the CPU",
        kind=kind,
    )
    require_same_dtypes(submission, reference, kind, "", device=device, what=what)
    what = _(
        'the result of `autocast_dtypes("{kind}")` after '
        'torch.set_autocast_dtype("{kind}", torch.bfloat16)',
        kind=kind,
    )
    require_same_dtypes(submission, reference, kind, "bfloat16", device=device, what=what)
