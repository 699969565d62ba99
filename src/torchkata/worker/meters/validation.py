"""Validate the JSON that a worker sends about its meters: the worker is not trusted."""

from __future__ import annotations

from typing import Final

LARGEST: Final = 2**53 - 1
"""Every JSON reader keeps whole numbers exact up to here."""

_MOST_ROWS: Final = 10_000
_LONGEST_NAME: Final = 200


def read_count(value: object, what: str) -> int:
    """Return a count.

    Args:
        value: parsed JSON.
        what: names it in the error.

    Raises:
        ValueError: the value is not a whole number from 0 to 2**53 - 1.
    """
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise ValueError(f"{what} is not a count")
    return value


def read_counts(value: object, what: str) -> dict[str, int]:
    """Return a table of positive counts by name, the largest first.

    Raises:
        ValueError: the value is not such a table, or it is unreasonably large.
    """
    if type(value) is not dict or len(value) > _MOST_ROWS:
        raise ValueError(f"{what} is not a table of counts")
    table: dict[str, int] = {}
    for name, count in value.items():
        if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError(f"{what} has a row without a valid name")
        if read_count(count, f"a row of {what}") == 0:
            raise ValueError(f"{what} has an empty row")
        table[name] = count
    return dict(sorted(table.items(), key=lambda row: -row[1]))


def read_lines(value: object, what: str) -> dict[int, int]:
    """Return a table of positive counts by line number (text in JSON), in order of lines.

    Raises:
        ValueError: the value is not such a table.
    """
    table: dict[int, int] = {}
    for text, count in read_counts(value, what).items():
        if not (text.isascii() and text.isdigit() and len(text) < len(str(LARGEST))):
            raise ValueError(f"{what} has a row that is not a line number")
        if str(int(text)) != text:
            raise ValueError(f"{what} has a line number with leading zeros")
        table[int(text)] = count
    return dict(sorted(table.items()))


def read_tables(value: object, what: str) -> dict[str, dict[int, int]]:
    """Return tables of counts by line number, by name.

    Raises:
        ValueError: the value is not such a dict.
    """
    if type(value) is not dict or len(value) > _MOST_ROWS:
        raise ValueError(f"{what} is not a dict of tables")
    names = read_counts(dict.fromkeys(value, 1), what)
    return {name: read_lines(value[name], what) for name in names}


def read_fields(value: object, what: str, fields: set[str]) -> dict[str, object]:
    """Return a dict that has exactly these fields.

    Raises:
        ValueError: the value is not a dict, or its fields differ.
    """
    if type(value) is not dict or set(value) != fields:
        raise ValueError(f"{what} does not have the fields {', '.join(sorted(fields))}")
    return value
