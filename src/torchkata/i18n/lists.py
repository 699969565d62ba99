"""Lists of values inside a message, with the punctuation of the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from torchkata.i18n.message import EMPTY, Message, _, verbatim

Item = Message | str


def comma_list(items: Sequence[Item]) -> Message:
    """Return `a, b, c`; empty without items."""
    first, *rest = [_message(item) for item in items] or [EMPTY]
    return _("{first}, {rest}", first=first, rest=comma_list(rest)) if rest else first


def semicolon_list(items: Sequence[Item]) -> Message:
    """Return `a; b; c`; empty without items."""
    first, *rest = [_message(item) for item in items] or [EMPTY]
    return _("{first}; {rest}", first=first, rest=semicolon_list(rest)) if rest else first


def and_list(items: Sequence[Item]) -> Message:
    """Return `a, b and c`; empty without items."""
    *others, last = [_message(item) for item in items] or [EMPTY]
    return _("{others} and {last}", others=comma_list(others), last=last) if others else last


def or_list(items: Sequence[Item]) -> Message:
    """Return `a, b or c`; empty without items."""
    *others, last = [_message(item) for item in items] or [EMPTY]
    return _("{others} or {last}", others=comma_list(others), last=last) if others else last


def _message(item: Item) -> Message:
    return verbatim(item) if isinstance(item, str) else item
