"""Replace a file in one step, so that a reader never sees half of it."""

from __future__ import annotations

import os
from pathlib import Path

from torchkata.errors import UsageError
from torchkata.i18n import _


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace a file atomically: with all of the content, or not at all.

    Args:
        path: The file. A device or pipe such as `/dev/stdout` is written to directly.
        content: The new content.

    Raises:
        UsageError: The file can't be written.
    """
    requested = Path(path)
    try:
        if requested.exists() and not requested.is_file() and not requested.is_dir():
            requested.write_bytes(content)
            return
        target = requested.resolve()  # a symbolic link keeps its target
        scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            scratch.write_bytes(content)
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(
            _(
                "Cannot write {path}: {reason}. Name a file in an existing folder.",
                path=os.fspath(path),
                reason=reason,
            )
        ) from error
