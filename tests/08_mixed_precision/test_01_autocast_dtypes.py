"""Grader of autocast_dtypes: what autocast makes of four operations."""

import torch

from torchkata import EntryPoint, Spec, require, same_as_reference
from torchkata.probes import autocast_changes

SPEC = Spec(EntryPoint("autocast_dtypes"), stub_digest="c41ef5cbb151d3ab")
NAMES = ["add", "matmul", "mixed_add", "sum"]


def found(kata, kind, low="", outer=None):
    """The dtypes as text, and the settings of autocast that the call leaves changed."""
    with autocast_changes(kind, low, outer=outer) as left:
        got = kata.autocast_dtypes(kind)
    return (
        {
            name: str(dtype) if isinstance(dtype, torch.dtype) else f"{dtype!r} (no torch.dtype)"
            for name, dtype in (got if isinstance(got, dict) else {"": got}).items()
        },
        left,
    )


def expect(submission, reference, *given, device="cpu", where):
    what = {0: f'{where}, `autocast_dtypes("{given[0]}")`'}
    same_as_reference(submission, reference, found, *given, device=device, what=what)


def test_contract_dict(submission):
    """The result is a dict of four names -> torch.dtype."""
    got = submission.run(found, "cpu")[0]
    require("" not in got, f"No dict came, but {got.get('')}.")
    require(sorted(got) == NAMES, f"The keys are {sorted(got)}; they have to be {NAMES}.")
    for name, dtype in got.items():
        require(dtype.startswith("torch."), f'For "{name}" came {dtype}; give the dtype.')


def test_dtype_default(submission, reference):
    """On the CPU, under its own default."""
    expect(submission, reference, "cpu", where="Under the default of the CPU")


def test_dtype_changed_default(submission, reference):
    """After torch.set_autocast_dtype the other low precision comes."""
    for low in ("float16", "bfloat16"):
        where = f'After torch.set_autocast_dtype("cpu", torch.{low}), a setting to be asked for'
        expect(submission, reference, "cpu", low, where=where)


def test_dtype_inside_autocast(submission, reference):
    """Called where autocast is on already, or switched off, the answer is the same."""
    for outer in (True, False):
        where = f'Inside torch.autocast("cpu", enabled={outer})'
        expect(submission, reference, "cpu", "", outer, where=where)


def test_purity_autocast(submission):
    """Autocast is on or off as before, with the same low precision."""
    for outer in (None, True, False):
        left = submission.run(found, "cpu", "", outer)[1]
        require(
            not left,
            f"The call leaves autocast changed ({'; '.join(left)}), so that the caller's next "
            "operations run in another precision.",
        )


def test_device_default(submission, reference, device):
    """On another type of device, under its own default and a changed one."""
    kind = device.split(":")[0]
    for low, where in {
        "": f"Under the default of {kind}, a stand-in for a GPU (each type of device has its own)",
        "bfloat16": f"After the low precision of {kind} was set to bfloat16",
    }.items():
        expect(submission, reference, kind, low, device=device, where=where)
