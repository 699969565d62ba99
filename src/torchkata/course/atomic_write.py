"""Replace a file in one step, so that a reader never sees half of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from torchkata.errors import KataError, UsageError, describe_os_error
from torchkata.i18n import _

_WRONG_NAME: Final = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace a file atomically: with all of the content, or not at all.

    Args:
        path: The file. A device or pipe such as `/dev/stdout` is written to directly.
        content: The new content.

    Raises:
        UsageError: The name is that of a folder, or in no folder.
        KataError: The system refuses to write the file.
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
    except OSError as error:
        if error.errno not in _WRONG_NAME:
            raise KataError(describe_os_error(error, path)) from error
        raise _wrong_name(path, (error.strerror or str(error)).lower()) from error
    except ValueError as error:
        raise _wrong_name(path, str(error)) from error


def _wrong_name(path: str | os.PathLike[str], reason: str) -> UsageError:
    return UsageError(
        _(
            "Cannot write {path}: {reason}. Name a file in an existing folder.",
            path=os.fspath(path),
            reason=reason,
        )
    )
