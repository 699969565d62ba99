"""One exercise: its stub, its solution and its grader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torchkata.course.files import CourseFiles, open_course_files
from torchkata.course.helper_modules import install_helpers
from torchkata.course.loader import Grader, load_examples_only, load_grader, load_sealed_grader
from torchkata.course.settings import read_settings
from torchkata.course.source_code import literal
from torchkata.course.spec.function import Spec
from torchkata.course.stub_digest import digest
from torchkata.errors import CourseError
from torchkata.i18n import _


@dataclass(frozen=True)
class Exercise:
    """The files of one exercise.

    Attributes:
        course: the folder that holds `exercises`, `solutions` and `tests`.
        chapter: name of the chapter's folder.
        stem: `NN_name`.
        name: the short name, or `CHAPTER_NAME/name` if the short name is not unique.
    """

    course: Path
    chapter: str
    stem: str
    name: str

    @property
    def id(self) -> str:
        """`CHAPTER/NN_name`."""
        return f"{self.chapter}/{self.stem}"

    @property
    def stub_path(self) -> Path:
        """The file that learners edit."""
        return self.course / "exercises" / self.chapter / f"{self.stem}.py"

    @property
    def solution_path(self) -> Path:
        """The file with the reference, the hints, the traps and the alternatives."""
        return self.course / "solutions" / self.chapter / f"{self.stem}.py"

    @property
    def grader_path(self) -> Path:
        """The grader's file."""
        return self.course / "tests" / self.chapter / f"test_{self.stem}.py"

    @property
    def files(self) -> CourseFiles:
        """The course's files: in folders, or packed into the one file of a kit."""
        return open_course_files(self.course)

    @property
    def reference_source(self) -> bytes:
        """The source of the solution.

        Raises:
            CourseError: the course lacks it.
        """
        files = self.files
        source = None if files.examples_only else self._read(self.solution_path)
        if source is None:
            raise CourseError(
                _("This kit does not contain the reference of {exercise}.", exercise=self.id)
                if files.examples_only
                else f"{self.solution_path} is missing."
            )
        return source

    @property
    def original_stub(self) -> bytes | None:
        """The stub as it was handed out, if this is a kit; git's history has it otherwise."""
        return self.files.original_stub(self.stub_path.relative_to(self.course).as_posix())

    @cached_property
    def grader(self) -> Grader:
        """The grader, loaded.

        Raises:
            CourseError: it is missing, raises, or does not hold exactly one `Spec`.
        """
        files = self.files
        install_helpers(files)
        name = f"torchkata_grader_{self.chapter}_{self.stem}"
        if files.examples_only:
            path = f"examples/{self.id}.json"
            return load_examples_only(name, files.read(path), path)
        if files.is_kit:
            return load_sealed_grader(name, self._read(self.grader_path), self.grader_path)
        return load_grader(name, self.grader_path)

    @property
    def spec(self) -> Spec:
        """What the grader declares, with the weight that `course.toml` may set.

        Raises:
            CourseError: as for `grader`.
        """
        spec = self.grader.spec
        weight = read_settings(self.files).weight(self.chapter, self.stem)
        return spec if weight is None else spec.with_weight(weight)

    def is_untouched(self, source: bytes) -> bool:
        """Return whether a file is the stub as it was handed out.

        Raises:
            CourseError: the grader cannot be loaded.
        """
        return digest(source) == self.spec.stub_digest

    def solution_literal(self, name: str, default: Any) -> Any:
        """Return a literal such as HINTS or TRAPS of the solution, without running it.

        Raises:
            CourseError: it is no literal.
        """
        try:
            return literal(self._read(self.solution_path) or b"", name, default)
        except ValueError as error:
            raise CourseError(
                f"{self.solution_path}: {name} must be a literal of strings."
            ) from error

    def _read(self, path: Path) -> bytes | None:
        return self.files.read(path.relative_to(self.course).as_posix())
