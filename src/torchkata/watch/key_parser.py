"""Keys: the bytes that a terminal sends for them, as names."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
    "1~": "home", "4~": "end", "5~": "page up", "6~": "page down", "7~": "home", "8~": "end",
}  # fmt: skip
_PLAIN: Final = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape",
}  # fmt: skip
_SEQUENCE: Final = re.compile(r"\x1b(?:\[([0-?]*[ -/]*[@-~])|O([@-~]))")
_BEGUN: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


def parse(data: bytes, *, last: bool = False) -> tuple[list[str], bytes]:
    """Split what was read into keys.

    Args:
        data: bytes from the terminal, with the rest of an earlier call before them.
        last: whether nothing more is on its way, so that a lone escape is the key of that name.

    Returns:
        Characters, and names such as `up`, `enter`, `escape`; and the bytes of a key that is not
        complete yet. Keys without a name here are dropped.
    """
    text, rest = _decoded(data)
    keys: list[str] = []
    place = 0
    while place < len(text):
        found = _SEQUENCE.match(text, place)
        if found is not None:
            keys += [name] if (name := _NAMED.get(found[1] or found[2])) else []
            place = found.end()
            continue
        if not last and _BEGUN.match(text, place):
            return keys, text[place:].encode() + rest
        character = text[place]
        name = _PLAIN.get(character, character)
        if len(name) > 1 or name.isprintable():
            keys.append(name)
        place += 1
    return keys, b"" if last else rest


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Text, and the first bytes of a character that is not complete."""
    for cut in range(min(4, len(data) + 1)):
        whole = data[: len(data) - cut]
        try:
            return whole.decode(), data[len(data) - cut :]
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data" and cut == 0:
                break
    return data.decode("utf-8", "replace"), b""
