"""The report as a JSON file, replaced in one step so that a reader never sees half of one."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.result import Report


def write_json(report: Report, path: str | os.PathLike[str]) -> None:
    """Write the report by schema 1.

    Figures that are not finite become null, for JSON has no word for them.

    Args:
        report: what to write.
        path: the file, in a folder that exists.

    Raises:
        UsageError: the file cannot be written.
    """
    text = json.dumps(_finite(report.as_json()), indent=1, ensure_ascii=False, allow_nan=False)
    # A lone surrogate has no UTF-8; what this handler writes in its place is JSON's own escape.
    replace_file(path, (text + "\n").encode("utf-8", "backslashreplace"))


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Put content in place of a file: all of it, or on failure none.

    Args:
        path: the file; a device or pipe such as `/dev/stdout` is written to as it is.
        content: what it shall hold.

    Raises:
        UsageError: the file cannot be written.
    """
    given = Path(path)
    try:
        if given.exists() and not given.is_file() and not given.is_dir():
            given.write_bytes(content)
            return
        target = given.resolve()  # a link keeps pointing where it does
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
                "Cannot write {path}: {reason}; name a file in a folder that exists.",
                path=os.fspath(path),
                reason=reason,
            )
        ) from error


def _finite(value: Any) -> Any:
    """Copy JSON-ready data, with null for each figure that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)
