"""Names of the keys whose bytes a terminal sends."""

from __future__ import annotations

import re
from typing import Final

_BY_SEQUENCE: Final = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
    "1~": "home", "4~": "end", "5~": "page up", "6~": "page down", "7~": "home", "8~": "end",
}  # fmt: skip
_BY_CHARACTER: Final = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape",
}  # fmt: skip
_SEQUENCE: Final = re.compile(r"\x1b(?:\[([0-?]*[ -/]*[@-~])|O([@-~]))")
_INCOMPLETE_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


def parse(data: bytes, *, complete: bool = False) -> tuple[list[str], bytes]:
    """Split bytes from a terminal into keys.

    Args:
        data: the bytes, after the remaining ones of the previous call.
        complete: whether no more bytes follow, so that a lone escape is the Escape key.

    Returns:
        The keys, as characters or as names such as `up`, `enter` and `escape`, and the remaining
        bytes of an incomplete key. Keys without a name here are dropped.
    """
    text, rest = _decode(data)
    keys: list[str] = []
    position = 0
    while position < len(text):
        sequence = _SEQUENCE.match(text, position)
        if sequence is not None:
            name = _BY_SEQUENCE.get(sequence[1] or sequence[2])
            keys += [name] if name else []
            position = sequence.end()
            continue
        if not complete and _INCOMPLETE_SEQUENCE.match(text, position):
            return keys, text[position:].encode() + rest
        character = text[position]
        name = _BY_CHARACTER.get(character, character)
        if len(name) > 1 or name.isprintable():
            keys.append(name)
        position += 1
    return keys, b"" if complete else rest


def _decode(data: bytes) -> tuple[str, bytes]:
    """Return the text, and the first bytes of an incomplete character at the end."""
    for cut in range(min(4, len(data) + 1)):
        whole = data[: len(data) - cut]
        try:
            return whole.decode(), data[len(data) - cut :]
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data" and cut == 0:
                break
    return data.decode("utf-8", "replace"), b""
