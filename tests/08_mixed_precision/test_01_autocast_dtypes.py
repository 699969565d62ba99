"""Grader of autocast_dtypes: what autocast makes of four operations."""

import torch

from torchkata import Entry, Exercise, require

EXERCISE = Exercise(Entry("autocast_dtypes"), shipped="ced51e97996fed07")


def found(kata, kind, low=None, outer=None):
    """The dtypes as text, and what was left changed.

    Args:
        kata: the submission.
        kind: the type of device.
        low: the default low precision to set before, if any, as text.
        outer: whether autocast is on around the call; nothing is around it when None.
    """
    from contextlib import nullcontext  # noqa: PLC0415 - probes import in their bodies

    def state():
        return {
            "autocast is on": torch.is_autocast_enabled(kind),
            "autocast of cuda is on": torch.is_autocast_enabled("cuda"),
            "the low precision": torch.get_autocast_dtype(kind),
            "the cache of cast weights is on": torch.is_autocast_cache_enabled(),
        }

    shipped = torch.get_autocast_dtype(kind)
    try:
        if low:
            torch.set_autocast_dtype(kind, getattr(torch, low))
        with nullcontext() if outer is None else torch.autocast(kind, enabled=outer):
            before = state()
            got = kata.autocast_dtypes(kind)
            after = state()
    finally:
        for device_type in (kind, "cuda"):
            torch.set_autocast_enabled(device_type=device_type, enabled=False)
        torch.set_autocast_dtype(kind, shipped)
        torch.set_autocast_cache_enabled(True)
    left = [f"{what}: {before[what]} before, {after[what]} after" for what in before]
    return (
        {
            name: str(dtype) if isinstance(dtype, torch.dtype) else f"{dtype!r} (no torch.dtype)"
            for name, dtype in (got if isinstance(got, dict) else {"": got}).items()
        },
        [line for line, what in zip(left, before, strict=True) if before[what] != after[what]],
    )


def agree(submission, reference, *given, device="cpu", where):
    got = submission.run(found, *given, device=device)[0]
    for name, dtype in reference.run(found, *given, device=device)[0].items():
        call = f'autocast_dtypes("{given[0]}")["{name}"]'
        require(got.get(name) == dtype, f"{call} is {got.get(name)}, expected {dtype}, {where}.")


def test_contract_dict(submission):
    """The result is a dict of four names -> torch.dtype."""
    got = submission.run(found, "cpu")[0]
    require("" not in got, f"No dict came, but {got.get('')}.")
    names = ["add", "matmul", "mixed_add", "sum"]
    require(sorted(got) == names, f"The keys are {sorted(got)}; they have to be {names}.")
    for name, dtype in got.items():
        require(dtype.startswith("torch."), f'For "{name}" came {dtype}; give the dtype.')


def test_dtype_default(submission, reference):
    """On the CPU, under its own default."""
    agree(submission, reference, "cpu", where="under the default of the CPU")


def test_dtype_changed_default(submission, reference):
    """After torch.set_autocast_dtype the other low precision comes."""
    for low in ("float16", "bfloat16"):
        where = f'after torch.set_autocast_dtype("cpu", torch.{low}): ask for the setting'
        agree(submission, reference, "cpu", low, where=where)


def test_dtype_inside_autocast(submission, reference):
    """Called where autocast is on already, or switched off, the answer is the same."""
    for outer in (True, False):
        where = f'called inside torch.autocast("cpu", enabled={outer})'
        agree(submission, reference, "cpu", None, outer, where=where)


def test_purity_autocast(submission):
    """Autocast is on or off as before, with the same low precision."""
    for outer in (None, True, False):
        left = submission.run(found, "cpu", None, outer)[1]
        require(
            not left,
            f"The call leaves autocast changed ({'; '.join(left)}), so that the caller's next "
            "operations run in another precision.",
        )


def test_device_default(submission, reference, device):
    """On another type of device, under its own default and a changed one."""
    kind = device.split(":")[0]
    where = f"under the default of {kind}, a stand-in for a GPU (each type of device has its own)"
    agree(submission, reference, kind, device=device, where=where)
    where = f"after the low precision of {kind} was set to bfloat16"
    agree(submission, reference, kind, "bfloat16", device=device, where=where)
