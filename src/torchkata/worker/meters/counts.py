"""What the meters saw, as plain data: counts of ops, bytes of memory, by op name and line."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from torchkata.i18n import _, quantities
from torchkata.worker.meters.dispatch_meter import counts, lines, record, tables, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

Makers = dict[str, dict[int, int]]
"""Name of an op -> line of the submission -> bytes."""

_TABLES = ("makers", "allocated")


@dataclass(frozen=True, kw_only=True)
class OpCount:
    """What an `OpMeter` saw. Names are ATen's, without overload; most frequent first.

    Attributes:
        ops: operations that compute or move data, such as `add`, `add_`, `sum`, `copy_`. Other
            libraries' operations keep their prefix (`my::op`) and count as one, whatever they do.
        views: operations whose result shares its input's memory, such as `select` and `unbind`
            (which is also how a loop over a tensor shows).
        conversions: values that left for Python or numpy: `item` (also `float(x)`, `if x`),
            `tolist`, `numpy` (also `np.asarray(x)`), `dlpack`, `apply_`.
            Those that PyTorch makes by itself, as Adam reads its step counter, do not count.
            The way back is the view `lift_fresh` (`torch.tensor`, `from_numpy`, `x[0] = 1.0`).
        lines: name -> line of the submission -> count; line 0 where no learner code was running.
    """

    ops: dict[str, int]
    views: dict[str, int]
    conversions: dict[str, int]
    lines: dict[str, dict[int, int]]

    @property
    def total(self) -> int:
        """All dispatched operations: this is what op budgets limit."""
        return self.computing + sum(self.views.values())

    @property
    def computing(self) -> int:
        """The operations without the views."""
        return sum(self.ops.values())

    def sentence(self, most: int = 3) -> str:
        """Say what was counted: `3 ops (line 8: 2 x add; line 7: 1 x zeros)`.

        Without lines of a learner, by name alone: `3 ops: 2 x add, 1 x zeros`.

        Args:
            most: how many lines, and names to a line, to spell out; the rest is summed up.
        """
        if not self.total:
            return _("no ops")
        head = _("1 op") if self.total == 1 else _("{count:,} ops", count=self.total)
        by_line = self.by_line
        ranked = sorted((at for at in by_line if at), key=lambda at: (-by_line[at].total(), at))
        if not ranked:
            return _("{total}: {ops}", total=head, ops=_ranked(by_line[0], most))
        parts = [
            _("line {line}: {ops}", line=at, ops=_ranked(by_line[at], most)) for at in ranked[:most]
        ]
        if rest := sum(by_line[at].total() for at in [0, *ranked[most:]] if at in by_line):
            parts.append(_("elsewhere {count:,} more", count=rest))
        return _("{total} ({ops})", total=head, ops=_("; ").join(parts))

    def left(self, kinds: Iterable[str]) -> str:
        """Say by which conversions values left, and where: `line 12: 500 x item`."""
        return events({(k, at): n for k in kinds for at, n in self.lines[k].items()})

    @property
    def by_line(self) -> dict[int, Counter[str]]:
        """Line of the submission -> name -> count, of operations and views."""
        found: dict[int, Counter[str]] = {}
        for name in (*self.views, *self.ops):
            for at, count in self.lines[name].items():
                found.setdefault(at, Counter())[name] += count
        return found

    def unlined(self) -> Self:
        """The same without lines: those of a reference say nothing to a learner."""
        sums = {name: {0: sum(rows.values())} for name, rows in self.lines.items()}
        return replace(self, lines=sums)

    def as_plain(self) -> dict[str, Any]:
        """The same as dicts that JSON keeps; line numbers become text."""
        texts = {name: {str(at): n for at, n in rows.items()} for name, rows in self.lines.items()}
        return {**asdict(self), "lines": texts}

    @classmethod
    def from_plain(cls, data: object) -> Self:
        """Read `as_plain` back from a process that is not trusted.

        Raises:
            ValueError: the data are ill-formed, or their lines do not add up to their counts.
        """
        fields = record(data, "an op count", {"ops", "views", "conversions", "lines"})
        tables = {name: counts(fields[name], name) for name in ("ops", "views", "conversions")}
        sums: Counter[str] = Counter()
        for table in tables.values():
            sums.update(table)
        by_line = record(fields["lines"], "lines", set(sums))
        parsed = {name: lines(by_line[name], "lines") for name in sums}
        if any(sum(parsed[name].values()) != count for name, count in sums.items()):
            raise ValueError("the lines do not add up to the counts")
        return cls(**tables, lines=parsed)


def events(counts: Mapping[tuple[str, int | None], int], most: int = 3) -> str:
    """Say how often what happened in which line: `line 12: 500 x item; line 14: 1 x bool`."""
    ordered = sorted(counts.items(), key=lambda row: -row[1])[:most]
    return _("; ").join(
        _("line {line}: {ops}", line=line, ops=_times(count, name)) if line else _times(count, name)
        for (name, line), count in ordered
    )


def _ranked(rows: Counter[str], most: int) -> str:
    parts = [_times(count, name) for name, count in rows.most_common(most)]
    if rest := rows.total() - sum(count for _unused, count in rows.most_common(most)):
        parts.append(_("{count:,} x other", count=rest))
    return _(", ").join(parts)


def _times(count: int, name: str) -> str:
    return _("{count:,} x {name}", count=count, name=name)


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """What a `MemoryMeter` saw, in bytes.

    Attributes:
        peak_bytes: the most that was alive at once; inputs do not count.
        total_bytes: everything ever allocated.
        held_bytes: what is still alive at the end, such as results and saved activations.
        makers: name of an op -> line of the submission -> bytes that the op made there and that
            were alive at the peak; line 0 where no learner code was running.
        allocated: the same for everything ever allocated.
    """

    peak_bytes: int
    total_bytes: int
    held_bytes: int
    makers: Makers
    allocated: Makers

    @property
    def lines(self) -> dict[int, int]:
        """Line of the submission -> bytes that it had alive at the peak."""
        by_line: Counter[int] = Counter()
        for rows in self.makers.values():
            by_line.update(rows)
        return dict(sorted(by_line.items()))

    def sentence(self, most: int = 2) -> str:
        """Say what was alive at the peak: `line 12: mul made 128.0 MiB`; empty for nothing.

        Args:
            most: how many ops to name, the largest first.
        """
        return ranked(self.makers, most)

    def unlined(self) -> Self:
        """The same without lines: those of a reference say nothing to a learner."""
        plain = {
            key: {name: {0: sum(rows.values())} for name, rows in getattr(self, key).items()}
            for key in _TABLES
        }
        return replace(self, **plain)  # type: ignore[arg-type]

    def as_plain(self) -> dict[str, Any]:
        """The same as dicts that JSON keeps; line numbers become text."""
        return {**asdict(self), **{key: _texts(getattr(self, key)) for key in _TABLES}}

    @classmethod
    def from_plain(cls, data: object) -> Self:
        """Read `as_plain` back from a process that is not trusted.

        Raises:
            ValueError: the data are ill-formed, or contradict each other.
        """
        names = ("peak_bytes", "total_bytes", "held_bytes")
        fields = record(data, "a memory use", {*names, *_TABLES})
        peak, total, held = (whole(fields[name], name) for name in names)
        makers, allocated = (tables(fields[name], name) for name in _TABLES)
        if not held <= peak <= total or _sum(makers) != peak or _sum(allocated) != total:
            raise ValueError("the figures of a memory use contradict each other")
        return cls(
            peak_bytes=peak,
            total_bytes=total,
            held_bytes=held,
            makers=makers,
            allocated=allocated,
        )


def ranked(makers: Makers, most: int) -> str:
    """Say which ops made most bytes, and in which lines: `line 12: mul made 128.0 MiB`."""
    rows = [(size, at, name) for name, sizes in makers.items() for at, size in sizes.items()]
    return _("; ").join(
        _("line {line}: {op} made {size}", line=at, op=name, size=quantities.size(size))
        if at
        else _("{op} made {size}", op=name, size=quantities.size(size))
        for size, at, name in sorted(rows, reverse=True)[:most]
    )


def _sum(makers: Makers) -> int:
    return sum(sum(rows.values()) for rows in makers.values())


def _texts(makers: Makers) -> dict[str, dict[str, int]]:
    return {name: {str(at): size for at, size in rows.items()} for name, rows in makers.items()}
