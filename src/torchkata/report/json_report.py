"""The report as a JSON file, replaced in one step so that a reader never sees half of one."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from torchkata.course.atomic_write import replace_file
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


def _finite(value: Any) -> Any:
    """Copy JSON-ready data, with null for each figure that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)
