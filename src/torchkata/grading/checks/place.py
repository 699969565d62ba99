"""Where in the submission a finding belongs, when no line of it is known to be at fault."""

from __future__ import annotations

import re
from collections.abc import Iterable


def definition(source: bytes, names: str | Iterable[str]) -> int:
    """The line in which one of the names is defined: the first that is; 1 where none is.

    Args:
        source: the file; it need not be valid.
        names: a function or class, or several.
    """
    lines = source.decode("utf-8", "replace").splitlines()
    for name in [names] if isinstance(names, str) else names:
        head = re.compile(
            rf"(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*="
        )
        for number, line in enumerate(lines, start=1):
            if head.match(line):
                return number
    return 1
