"""A folder of files that are ours: each written whole or not at all, removed when it is stale."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Final

from torchkata.errors import KataError
from torchkata.i18n import _
from torchkata.report.json_report import replace_file

_LIST: Final = ".written.json"
_AT_ONCE: Final = 100  # files to one writing of the list
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\.(html|json)")


class Folder:
    """Files of a run, and which files of earlier runs are not among them any more.

    The list of what was written lies in the folder, with a digest of each file: what somebody else
    put there, or changed since, is never removed.

    Args:
        path: made when it is missing.

    Raises:
        KataError: there is a file in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KataError(
                _("{path} has to be a folder; move away what is there.", path=path)
            ) from error
        self._before = self._listed()
        self._now: dict[str, str] = {}
        self._waiting: dict[str, bytes] = {}

    def write(self, name: str, text: str) -> None:
        """Put a file in its place, in one step; what is there and the same is left alone."""
        content = text.encode("utf-8", "backslashreplace")
        digest = self._now[name] = _digest(content)
        if self._before.get(name) == digest and self._kept(name) == digest:
            return
        self._waiting[name] = content
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def finish(self) -> None:
        """Remove what an earlier run wrote and this one did not, and list what is there."""
        self._flush()
        for name, digest in self._before.items():
            if name not in self._now and self._kept(name) == digest:
                (self.path / name).unlink(missing_ok=True)
        self._list(self._now)

    def _flush(self) -> None:
        """Write what waits; it is listed first, so that no file of ours is ever unknown."""
        self._before |= {name: self._now[name] for name in self._waiting}
        self._list(self._before)
        for name, content in self._waiting.items():
            replace_file(self.path / name, content)
        self._waiting.clear()

    def _kept(self, name: str) -> str | None:
        file = self.path / name
        return _digest(file.read_bytes()) if file.is_file() and not file.is_symlink() else None

    def _list(self, files: dict[str, str]) -> None:
        replace_file(self.path / _LIST, (json.dumps(files, indent=0) + "\n").encode())

    def _listed(self) -> dict[str, str]:
        try:
            found = json.loads((self.path / _LIST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: str(mark) for name, mark in found.items() if _NAME.fullmatch(name)}


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
