"""The results of the meters as plain data: ops and bytes, by op name and line."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from torchkata.i18n import Message, _, quantities
from torchkata.i18n.lists import comma_list, semicolon_list
from torchkata.i18n.op_names import spelling
from torchkata.worker.meters.validation import (
    read_count,
    read_counts,
    read_fields,
    read_lines,
    read_tables,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

BytesByOp = dict[str, dict[int, int]]
"""Name of an op -> line of the submission -> bytes."""

_TABLES = ("makers", "allocated")


@dataclass(frozen=True, kw_only=True)
class OpCount:
    """The result of an `OpMeter`. Names are those of ATen, without overload; most frequent first.

    Attributes:
        ops: ops that compute or move data, such as `add`, `add_`, `sum`, `copy_`. Ops of other
            libraries keep their prefix (`my::op`) and count as one, whatever they do.
        views: ops whose result shares its input's memory, such as `select` and `unbind` (a loop
            over a tensor calls it).
        conversions: values that left PyTorch for Python or NumPy: `item` (also `float(x)`, `if x`),
            `tolist`, `numpy` (also `np.asarray(x)`), `dlpack`, `apply_`. Conversions that PyTorch
            makes by itself, such as Adam reading its step counter, do not count. The opposite
            direction is the view `lift_fresh` (`torch.tensor`, `from_numpy`, `x[0] = 1.0`).
        lines: name -> line of the submission -> count; line 0 if no learner code was running.
    """

    ops: dict[str, int]
    views: dict[str, int]
    conversions: dict[str, int]
    lines: dict[str, dict[int, int]]

    @property
    def total(self) -> int:
        """The number of all dispatched ops, which op budgets limit."""
        return self.computing + sum(self.views.values())

    @property
    def computing(self) -> int:
        """The number of ops without the views."""
        return sum(self.ops.values())

    def describe(self, most: int = 3) -> Message:
        """Return the count as a message: `3 ops (line 8: 2 x add; line 7: 1 x zeros)`.

        Without lines of a learner, it lists the names only: `3 ops: 2 x add, 1 x zeros`.

        Args:
            most: how many lines, and names per line, to list; the rest is summed up.
        """
        if not self.total:
            return _("no ops")
        head = _("1 op") if self.total == 1 else _("{count:,} ops", count=self.total)
        by_line = self.by_line
        lines = sorted((at for at in by_line if at), key=lambda at: (-by_line[at].total(), at))
        if not lines:
            return _("{total}: {ops}", total=head, ops=_most_frequent(by_line[0], most))
        parts = [
            _("line {line}: {ops}", line=at, ops=_most_frequent(by_line[at], most))
            for at in lines[:most]
        ]
        if rest := sum(by_line[at].total() for at in [0, *lines[most:]] if at in by_line):
            parts.append(_("{count:,} more elsewhere", count=rest))
        return _("{total} ({ops})", total=head, ops=semicolon_list(parts))

    def describe_conversions(self, kinds: Iterable[str]) -> Message:
        """Return which conversions happened where, as a message: `line 12: 500 x item`."""
        return describe_events({(k, at): n for k in kinds for at, n in self.lines[k].items()})

    @property
    def by_line(self) -> dict[int, Counter[str]]:
        """Line of the submission -> name -> count, of ops and views."""
        table: dict[int, Counter[str]] = {}
        for name in (*self.views, *self.ops):
            for at, count in self.lines[name].items():
                table.setdefault(at, Counter())[name] += count
        return table

    def without_views(self) -> Self:
        """Return the same without the views, for budgets that do not count them."""
        lines = {
            name: rows
            for name, rows in self.lines.items()
            if name in self.ops or name not in self.views
        }
        return replace(self, views={}, lines=lines)

    def without_lines(self) -> Self:
        """Return the same without lines: those of the reference mean nothing to a learner."""
        sums = {name: {0: sum(rows.values())} for name, rows in self.lines.items()}
        return replace(self, lines=sums)

    def to_json(self) -> dict[str, Any]:
        """Return the count as JSON-ready data; `from_json` reads it back."""
        texts = {name: {str(at): n for at, n in rows.items()} for name, rows in self.lines.items()}
        return {**asdict(self), "lines": texts}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` returned in an untrusted process.

        Raises:
            ValueError: the data are malformed, or the lines do not add up to the counts.
        """
        fields = read_fields(data, "an op count", {"ops", "views", "conversions", "lines"})
        tables = {name: read_counts(fields[name], name) for name in ("ops", "views", "conversions")}
        sums: Counter[str] = Counter()
        for table in tables.values():
            sums.update(table)
        by_line = read_fields(fields["lines"], "lines", set(sums))
        parsed = {name: read_lines(by_line[name], "lines") for name in sums}
        if any(sum(parsed[name].values()) != count for name, count in sums.items()):
            raise ValueError("the lines do not add up to the counts")
        return cls(**tables, lines=parsed)


def describe_events(counts: Mapping[tuple[str, int | None], int], most: int = 3) -> Message:
    """Return the most frequent events as a message: `line 12: 500 x item; line 14: 1 x bool`.

    Args:
        counts: by name and line; a line that is unknown is None or 0.
        most: how many to list.
    """
    ordered = sorted(counts.items(), key=lambda row: -row[1])[:most]
    return semicolon_list(
        [
            _("line {line}: {ops}", line=line, ops=_times(n, name)) if line else _times(n, name)
            for (name, line), n in ordered
        ]
    )


def _most_frequent(rows: Counter[str], most: int) -> Message:
    """List the most frequent ops; the rest is summed up, unless it is a single name."""
    shown = rows.most_common(len(rows) if len(rows) == most + 1 else most)
    parts = [_times(count, name) for name, count in shown]
    if rest := rows.total() - sum(count for _name, count in shown):
        parts.append(_("{count:,} x other", count=rest))
    return comma_list(parts)


def _times(count: int, name: str) -> Message:
    return _("{count:,} x {name}", count=count, name=spelling(name))


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """The result of a `MemoryMeter`, in bytes.

    Attributes:
        peak_bytes: the most that was alive at once, without the inputs.
        total_bytes: everything that was allocated.
        held_bytes: what is still alive at the end, such as results and saved activations.
        makers: name of an op -> line of the submission -> bytes that the op allocated there and
            that were alive at the peak; line 0 if no learner code was running.
        allocated: the same for everything that was allocated.
    """

    peak_bytes: int
    total_bytes: int
    held_bytes: int
    makers: BytesByOp
    allocated: BytesByOp

    @property
    def lines(self) -> dict[int, int]:
        """Line of the submission -> bytes that it had alive at the peak."""
        by_line: Counter[int] = Counter()
        for rows in self.makers.values():
            by_line.update(rows)
        return dict(sorted(by_line.items()))

    def describe(self, most: int = 2) -> Message:
        """Return what was alive at the peak as a message: `line 12: mul allocated 128.0 MiB`.

        Args:
            most: how many ops to list, the largest first.
        """
        return describe_makers(self.makers, most)

    def without_lines(self) -> Self:
        """Return the same without lines: those of the reference mean nothing to a learner."""
        plain = {
            key: {name: {0: sum(rows.values())} for name, rows in getattr(self, key).items()}
            for key in _TABLES
        }
        return replace(self, **plain)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return the use as JSON-ready data; `from_json` reads it back."""
        return {**asdict(self), **{key: _texts(getattr(self, key)) for key in _TABLES}}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` returned in an untrusted process.

        Raises:
            ValueError: the data are malformed or contradictory.
        """
        names = ("peak_bytes", "total_bytes", "held_bytes")
        fields = read_fields(data, "a memory use", {*names, *_TABLES})
        peak, total, held = (read_count(fields[name], name) for name in names)
        makers, allocated = (read_tables(fields[name], name) for name in _TABLES)
        if not held <= peak <= total or _sum(makers) != peak or _sum(allocated) != total:
            raise ValueError("the numbers of a memory use contradict each other")
        return cls(
            peak_bytes=peak,
            total_bytes=total,
            held_bytes=held,
            makers=makers,
            allocated=allocated,
        )


def describe_makers(makers: BytesByOp, most: int) -> Message:
    """Return which ops allocated most, as a message: `line 12: mul allocated 128.0 MiB`."""
    rows = [(size, at, name) for name, sizes in makers.items() for at, size in sizes.items()]
    return semicolon_list(
        [
            _(
                "line {line}: {op} allocated {size}",
                line=at,
                op=spelling(name),
                size=quantities.size(size),
            )
            if at
            else _("{op} allocated {size}", op=spelling(name), size=quantities.size(size))
            for size, at, name in sorted(rows, reverse=True)[:most]
        ]
    )


def _sum(makers: BytesByOp) -> int:
    return sum(sum(rows.values()) for rows in makers.values())


def _texts(makers: BytesByOp) -> dict[str, dict[str, int]]:
    return {name: {str(at): size for at, size in rows.items()} for name, rows in makers.items()}
