"""The wheel's build hook: packs the course, so that `torchkata init` can write it anywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CourseHook(BuildHookInterface[Any]):
    """Adds the packed course to the wheel; an editable install uses the repository itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Pack the course into the build's folder."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from torchkata.course.packing import pack_course  # noqa: PLC0415 - from this folder

        packed = Path(self.directory) / "course.tar.gz"
        packed.parent.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(pack_course(root, self.metadata.version))
        target = "torchkata/instructor/kit/course.tar.gz"
        build_data["force_include"][str(packed)] = target

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """Delete the packed course."""
        (Path(self.directory) / "course.tar.gz").unlink(missing_ok=True)
