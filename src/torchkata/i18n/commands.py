"""Commands in texts, spelled for the program that the reader uses.

All texts, of the engine and of courses, write commands as `nox -s hint -- NAME`. A reader who runs
`kata` or `torchkata` sees `kata hint NAME` or `torchkata hint NAME` instead.
"""

from __future__ import annotations

import re
from typing import Final

NOX: Final = "nox"
KATA: Final = "kata"
TORCHKATA: Final = "torchkata"

_COMMAND: Final = re.compile(r"\bnox\s-s\s([a-z]+)(\s--(?=\s))?")


def spell_commands(text: str, program: str) -> str:
    """Return a text with its commands spelled for a program.

    Args:
        text: with commands as `nox -s VERB -- ARGUMENTS`.
        program: one of `NOX`, `KATA` and `TORCHKATA`. `kata` grades if it is given no verb.
    """
    if program == NOX:
        return text

    def spelled(found: re.Match[str]) -> str:
        verb = found[1]
        return KATA if (program, verb) == (KATA, "grade") else f"{program} {verb}"

    return _COMMAND.sub(spelled, text)
