"""Modules that the graders of a course share: `tests/course_helpers/`, for `import course_helpers`.

They are part of the hidden material: in a kit they are sealed like the graders.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import PurePosixPath
from types import ModuleType
from typing import Final

import cloudpickle

from torchkata.course.files import CourseFiles

PACKAGE: Final = "course_helpers"
FOLDER: Final = f"tests/{PACKAGE}"


def helper_sources(files: CourseFiles) -> dict[str, bytes]:
    """Return the helpers of a course, by their paths in the course."""
    if files.packed is not None:
        return {path: files.packed[path] for path in files.packed if path.startswith(f"{FOLDER}/")}
    return {
        path.relative_to(files.root).as_posix(): path.read_bytes()
        for path in sorted((files.root / FOLDER).rglob("*.py"))
    }


class _Loader(SourceLoader):
    """Loads a helper from memory; a traceback shows no line of it."""

    def __init__(self, path: str, source: bytes) -> None:
        self._path, self._source = path, source

    def get_filename(self, _name: str) -> str:
        return f"<{self._path}>"

    def get_data(self, _path: str) -> bytes:
        return self._source


class _Finder(MetaPathFinder):
    """Finds the helpers of one course."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.sources = dict(sources)

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a helper, or of the package, which needs no `__init__.py`."""
        if name.partition(".")[0] != PACKAGE or not self.sources:
            return None
        path = "tests/" + name.replace(".", "/")
        if f"{path}.py" in self.sources:
            return spec_from_loader(name, _Loader(f"{path}.py", self.sources[f"{path}.py"]))
        if any(PurePosixPath(path) in PurePosixPath(each).parents for each in self.sources):
            source = self.sources.get(f"{path}/__init__.py", b"")
            loader = _Loader(f"{path}/__init__.py", source)
            return spec_from_loader(name, loader, is_package=True)
        return None


def install_helpers(files: CourseFiles) -> None:
    """Make `import course_helpers` import the helpers of this course; call before each grader.

    Workers receive helpers by value, with the probes that use them.
    """
    sources = helper_sources(files)
    current = next((each for each in sys.meta_path if isinstance(each, _Finder)), None)
    if current is not None:
        if current.sources == sources:
            return
        sys.meta_path.remove(current)
        for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
    if sources:
        sys.meta_path.insert(0, _Finder(sources))
        cloudpickle.register_pickle_by_value(__import__(PACKAGE))
