"""The command `audit`: list what in submissions deserves a look."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from torchkata.cli.main import ExitCode
from torchkata.course.atomic_write import replace_file
from torchkata.course.translations import Translations
from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.instructor.audit import Remark
from torchkata.instructor.audit import audit as audit_source
from torchkata.report.console import Console

_SCHEMA: Final = 1


def audit(options: argparse.Namespace, translations: Translations) -> int:
    """List what in files deserves a look; it runs none of them, and gives no verdict."""
    remarks = {path: audit_source(path.read_bytes()) for path in _python_files(options.files)}
    translate, console = translations(""), Console(color=False)
    for path, found in remarks.items():
        for each in found:
            print(console.safe(f"{path}:{each.line}: {translate(each.message)}"))
    count = sum(map(len, remarks.values()))
    summary = _(
        "Findings: {count}, in {files} of {all} files. None is a verdict.",
        count=count,
        files=sum(map(bool, remarks.values())),
        all=len(remarks),
    )
    print(translate(summary))
    if options.json is not None:
        files = [
            {
                "file": str(path),
                "findings": [_as_json(each, translate(each.message)) for each in found],
            }
            for path, found in remarks.items()
        ]
        text = json.dumps({"schema": _SCHEMA, "files": files}, indent=1, ensure_ascii=False)
        replace_file(options.json, (text + "\n").encode("utf-8", "backslashreplace"))
    return ExitCode.OK


def _as_json(remark: Remark, message: str) -> dict[str, object]:
    return {"line": remark.line, "kind": remark.kind, "name": remark.name, "message": message}


def _python_files(paths: list[Path]) -> list[Path]:
    """Return the files among paths and the Python files of the folders among them, in order.

    Raises:
        UsageError: there is no such file or folder.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(_("There is no file or folder {path}.", path=path))
    return [
        file
        for path in paths
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
        if file.is_file()
    ]
