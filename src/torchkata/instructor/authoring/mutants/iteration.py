"""Faults of datasets and samplers: in their passes, and in what they do with their arguments."""

from __future__ import annotations

from collections.abc import Iterator

from torchkata.instructor.authoring.mutants.faults import Fault


def pass_faults(*, tensors: bool) -> Iterator[Fault]:
    """Yield faults of `__iter__`.

    Args:
        tensors: whether its items hold tensors.
    """
    for kind, items in (
        ("last item dropped", "list(CALL)[:-1]"),
        ("first item dropped", "list(CALL)[1:]"),
        ("reversed", "list(CALL)[::-1]"),
        ("first item twice", "[*list(CALL)[:1], *CALL]"),
        ("read at once", "list(CALL)"),
        ("same pass again", "_mutant_cached(id(self), lambda: list(CALL))"),
        ("first pass of all", "_mutant_cached(0, lambda: list(CALL))"),
        ("one pass only", "(_mutant_cached(id(self), lambda: CALL))"),
        ("at most 64 items", "list(CALL)[:64]"),
    ):
        yield Fault(kind=kind, about="items", instead=f"yield from {items}")
    yield Fault(
        kind="seed left changed", about="items",
        before="torch.manual_seed(0)", instead="yield from CALL",
    )  # fmt: skip
    if tensors:
        yield Fault(
            kind="one buffer", about="items",
            instead="yield from (_mutant_map(_mutant_kept, item) for item in CALL)",
        )  # fmt: skip


def start_faults(name: str) -> Iterator[Fault]:
    """Yield faults of an `__init__` that changes one of its arguments."""
    yield Fault(kind="list sorted", about=name, after=f"if isinstance({name}, list): {name}.sort()")
    yield Fault(
        kind="list reversed", about=name, after=f"if isinstance({name}, list): {name}.reverse()"
    )
    yield Fault(
        kind="overwritten", about=name,
        after=f"_mutant_each(lambda t: t.copy_(t.flip(-1)), {name})",
    )  # fmt: skip
