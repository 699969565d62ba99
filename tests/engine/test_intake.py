"""Submissions are read in every form, by content, and rejected with a reason."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import git

from torchkata.course.catalogue import Course
from torchkata.errors import UsageError
from torchkata.instructor.gradebook.grade_class import grade_class
from torchkata.instructor.intake import archive_reader
from torchkata.instructor.intake.member import MOST_BYTES
from torchkata.instructor.intake.submissions import LearnerSubmission, collect

COURSE = Course(Path(__file__).parent / "course")
HALVE = "01_mini/02_halve"
TEXT = "def halve(x):\n    return x / 2\n"


def collect_single(folder: Path, deadline: datetime | None = None) -> LearnerSubmission:
    """Return the only submission in a folder."""
    (submission,) = collect(COURSE, folder, deadline)
    return submission


def source(submission: LearnerSubmission, exercise_id: str = HALVE) -> str | None:
    data = submission.files[exercise_id].source
    return None if data is None else data.decode()


def problem_texts(submission: LearnerSubmission) -> list[str]:
    return [str(problem.message) for problem in submission.problems]


def write(path: Path, text: str | bytes = TEXT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_zip(path: Path, files: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def write_tar(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> None:
    with tarfile.open(path, f"w:{'gz' if path.name.endswith('gz') else ''}") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)


@pytest.mark.parametrize(
    "inside",
    ["exercises/01_mini/02_halve.py", "01_mini/02_halve.py", "02_halve.py", "a/b/02_halve (1).py"],
)
def test_folder_zip_and_tar_give_the_same_files(tmp_path: Path, inside: str):
    """A file is found by its name, at any place in a folder or an archive."""
    write(tmp_path / "ann" / inside)
    write_zip(tmp_path / "bob.zip", {f"kata-main/{inside}": TEXT})
    write_tar(tmp_path / "cem.tar.gz", {inside: TEXT.encode()})
    write_tar(tmp_path / "d.o.e.tar", {inside: TEXT.encode()})

    submissions = collect(COURSE, tmp_path)

    assert [submission.learner for submission in submissions] == ["ann", "bob", "cem", "d.o.e"]
    assert {source(submission) for submission in submissions} == {TEXT}
    assert [problem_texts(submission) for submission in submissions] == [[], [], [], []]


def test_git_bundle(tmp_path: Path):
    """The branch main of a bundle counts; with a deadline, its last commit before that."""
    repository, class_ = tmp_path / "repository", tmp_path / "class"
    class_.mkdir()
    file = write(repository / "exercises/01_mini/02_halve.py", "early = 1\n")
    git(tmp_path, "init", "-q", "-b", "main", str(repository))
    for text, when in (("early = 1\n", "2026-01-01T00:00:00Z"), (TEXT, "2026-03-01T00:00:00Z")):
        write(file, text)
        git(repository, "add", ".")
        os.environ["GIT_COMMITTER_DATE"] = when
        try:
            git(repository, "commit", "-q", "-m", "work")
        finally:
            del os.environ["GIT_COMMITTER_DATE"]
    git(repository, "bundle", "create", str(class_ / "ann.bundle"), "main")

    assert source(collect_single(class_)) == TEXT
    early = collect_single(class_, datetime(2026, 2, 1, tzinfo=UTC))
    assert source(early) == "early = 1\n"
    assert not early.late
    nothing = collect_single(class_, datetime(2025, 1, 1, tzinfo=UTC))
    assert not nothing.files
    assert "before the deadline" in problem_texts(nothing)[0]


def test_canvas_download(tmp_path: Path):
    """File names of Canvas give learner, lateness and the newest of several uploads."""
    write(tmp_path / "doejane_123_456_02_halve.py", "old = 1\n")
    write(tmp_path / "doejane_123_457_02_halve-2.py", TEXT)
    write(tmp_path / "doejane_123_458_02_halve-1.py", "middle = 1\n")
    write_zip(tmp_path / "roe_LATE_124_459_work.zip", {"exercises/01_mini/02_halve.py": TEXT})

    jane, roe = collect(COURSE, tmp_path)

    assert (jane.learner, source(jane), jane.late) == ("doejane_123", TEXT, False)
    assert (roe.learner, source(roe), roe.late) == ("roe_124", TEXT, True)


def test_moodle_download(tmp_path: Path):
    """Folders of Moodle give the learner, and archives in them are read."""
    write(tmp_path / "Jane Doe_77_assignsubmission_file_" / "02_halve.py")
    folder = tmp_path / "Rick Roe_78_assignsubmission_file_"
    folder.mkdir()
    write_zip(folder / "work.zip", {"exercises/01_mini/02_halve.py": TEXT})

    jane, rick = collect(COURSE, tmp_path)

    assert (jane.learner, source(jane)) == ("Jane Doe_77", TEXT)
    assert (rick.learner, source(rick)) == ("Rick Roe_78", TEXT)


def test_file_in_exercises_is_preferred_to_copies(tmp_path: Path):
    """Of several files for one exercise, the one in exercises/ counts, not one in solutions/."""
    write(tmp_path / "ann/solutions/01_mini/02_halve.py", "copied = 1\n")
    write(tmp_path / "ann/backup/exercises/01_mini/02_halve.py", "old = 1\n")
    write(tmp_path / "ann/exercises/01_mini/02_halve.py")
    write(tmp_path / "ann/.venv/exercises/01_mini/02_halve.py", "hidden = 1\n")

    assert source(collect_single(tmp_path)) == TEXT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * (MOST_BYTES + 1), "larger than 1 MiB"),
        (b"\xff\xfe\x00binary", "not UTF-8 text"),
        (b"a\0b", "binary"),
    ],
)
def test_large_and_binary_files_are_rejected(tmp_path: Path, data: bytes, reason: str):
    """Large and binary files count as missing, and the problem gives the reason."""
    write(tmp_path / "ann/01_mini/02_halve.py", data)
    write_zip(tmp_path / "bob.zip", {"01_mini/02_halve.py": data})
    write_tar(tmp_path / "cem.tar", {"01_mini/02_halve.py": data})

    for submission in collect(COURSE, tmp_path):
        assert source(submission) is None
        assert reason in problem_texts(submission)[0]


def test_links_are_rejected(tmp_path: Path):
    """No link is followed: of a file, of a folder, of a whole submission, in a tar or a zip."""
    secret = write(tmp_path / "secret.py", "secret = 1\n")
    class_ = tmp_path / "class"
    (class_ / "ann/01_mini").mkdir(parents=True)
    (class_ / "ann/01_mini/02_halve.py").symlink_to(secret)
    (class_ / "ann/02_more").symlink_to(tmp_path)
    (class_ / "bob").symlink_to(tmp_path)
    write_tar(class_ / "cem.tar", {}, {"01_mini/02_halve.py": str(secret)})
    with zipfile.ZipFile(class_ / "dan.zip", "w") as archive:
        entry = zipfile.ZipInfo("01_mini/02_halve.py")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, str(secret))

    for submission in collect(COURSE, class_):
        assert all(file.source is None for file in submission.files.values())
        assert any("link" in problem for problem in problem_texts(submission))


def test_named_pipe_is_rejected_without_waiting(tmp_path: Path):
    """A named pipe in place of a file is rejected immediately."""
    folder = tmp_path / "ann/01_mini"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "02_halve.py")

    assert "not a regular file" in problem_texts(collect_single(tmp_path))[0]


@pytest.mark.parametrize(
    "name", ["../../01_mini/02_halve.py", "/01_mini/02_halve.py", "C:/01_mini/02_halve.py"]
)
def test_paths_out_of_an_archive_are_rejected(tmp_path: Path, name: str):
    """A member of an archive whose path is outside of it is rejected."""
    write_zip(tmp_path / "bob.zip", {name: TEXT})
    write_tar(tmp_path / "cem.tar", {name: TEXT.encode()})

    for submission in collect(COURSE, tmp_path):
        assert source(submission) is None
        assert "leads out" in problem_texts(submission)[0]


def test_archive_bombs_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small archive that unpacks to a large size is rejected before it costs much."""
    monkeypatch.setattr(archive_reader, "MOST_UNPACKED", 1 << 20)
    write_tar(tmp_path / "cem.tar.gz", {"big.bin": bytes(4 << 20), "02_halve.py": TEXT.encode()})

    submission = collect_single(tmp_path)

    assert not submission.files
    assert "unpacks to more" in problem_texts(submission)[0]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.bundle"])
@pytest.mark.parametrize("data", [b"", b"garbage" * 99], ids=["empty", "garbage"])
def test_damaged_archives_are_reported(tmp_path: Path, name: str, data: bytes):
    """A damaged archive is a submission without files, and the class is still graded."""
    write(tmp_path / name, data)
    write(tmp_path / "zoe/01_mini/02_halve.py")

    broken, zoe = collect(COURSE, tmp_path)

    assert not broken.files
    if data or not name.endswith(("tar", "gz")):  # an empty tar is an archive of no files
        assert problem_texts(broken)
    assert source(zoe) == TEXT


def test_lateness_follows_file_times(tmp_path: Path):
    """A file changed after the deadline is late; one changed before it is not."""
    path = write(tmp_path / "ann.py")
    stamp = datetime(2026, 5, 1, tzinfo=UTC)
    os.utime(path, (stamp.timestamp(), stamp.timestamp()))

    assert collect_single(tmp_path, stamp - timedelta(hours=1)).late
    assert not collect_single(tmp_path, stamp + timedelta(hours=1)).late


def test_missing_or_empty_folder_is_a_usage_error(tmp_path: Path):
    """A folder that is missing or empty is a usage error."""
    with pytest.raises(UsageError, match="There is no folder"):
        collect(COURSE, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is empty"):
        collect(COURSE, tmp_path)


def test_files_beside_the_submission_are_ignored(tmp_path: Path):
    """No module, configuration or report in a submission is imported, run or used."""
    inside = tmp_path / "class" / "ann"
    ran = tmp_path / "ran"
    write(inside / "02_halve.py", "import helper\n" + TEXT.replace("/ 2", "* 2"))
    for name in ("conftest", "torch", "numpy", "json", "sitecustomize", "torchkata", "helper"):
        write(inside / f"{name}.py", f"open({str(ran)!r}, 'w').close()\n")
    write(inside / "pytest.ini", "[pytest]\naddopts = --co\n")
    write(inside / "report.json", '{"schema": 1, "summary": {"passed": 4}}')
    write(inside / "gradebook.sqlite", b"SQLite format 3\0" + bytes(84))

    run = grade_class(COURSE, tmp_path / "class", tmp_path / "out")

    assert run.files == 1
    assert dict(run.states) == {"error": 1}  # the modules beside it cannot be imported
    assert not ran.exists()
