"""The report as a JSON file, by schema 1."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from torchkata.course.atomic_write import replace_file
from torchkata.result import Localize, Report


def write_json(report: Report, path: str | os.PathLike[str], localize: Localize) -> None:
    """Write the report by schema 1, in one step.

    Metrics that are not finite become null, because JSON has no representation of them.

    Args:
        report: The report to write.
        path: A file in an existing folder.
        localize: Returns the translator of an exercise.

    Raises:
        UsageError: The file can't be written.
    """
    data = _finite(report.as_json(localize))
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    # UTF-8 can't encode lone surrogates; backslashreplace writes JSON's own escape for them.
    replace_file(path, (text + "\n").encode("utf-8", "backslashreplace"))


def _finite(value: Any) -> Any:
    """Copy JSON-ready data with null for each number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)
