"""What the system refuses becomes a sentence with the next step, never a traceback."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import torchkata
from torchkata.cli.main import main
from torchkata.course.atomic_write import replace_file
from torchkata.course.catalogue import Course
from torchkata.errors import (
    CourseError,
    KataError,
    UsageError,
    describe_database_error,
    describe_os_error,
)
from torchkata.grading.checks import check as checks
from torchkata.grading.grade import read_submission
from torchkata.i18n.message import Message
from torchkata.instructor.gradebook import db
from torchkata.learner.progress import Progress
from torchkata.sandbox.launcher import Launcher

HALVE = "exercises/01_mini/02_halve.py"


def os_error(code: int, path: str | None = None) -> OSError:
    """Return an error as the system raises it."""
    return OSError(code, os.strerror(code), path)


@pytest.mark.parametrize(
    ("code", "path", "expected"),
    [
        (errno.EACCES, "a.py", "You have no permission to use a.py. Change that with `chmod u+rw`"),
        (errno.EACCES, "/", "You have no permission to use the folder /."),
        (errno.EROFS, "a.py", "a.py cannot be written, because it is on a read-only disk. Copy"),
        (errno.ENOSPC, "a.py", "a.py cannot be written, because the disk is full. Free some"),
        (errno.ENOSPC, None, "The disk is full. Free some space, then try again."),
        (errno.EDQUOT, None, "The disk is full."),
        (errno.EISDIR, "a.py", "a.py is a folder, but it should be a file. Move the folder away"),
        (errno.ENOTDIR, "a/b", "A folder is needed for a/b, but a file is in its place. Move"),
        (errno.ENOENT, "a.py", "a.py does not exist. Correct the name"),
        (errno.EMFILE, "a.py", "Too many files are open at the same time. Raise the limit with"),
        (errno.EAGAIN, None, "No more processes can be started. Close other programs"),
        (errno.ENOMEM, None, "There is not enough memory. Close other programs"),
        (errno.ELOOP, "a.py", "The system refused to use a.py: too many levels of symbolic links."),
        (errno.ELOOP, None, "The system refused an operation: too many levels"),
    ],
)
def test_every_error_is_a_sentence_with_the_next_step(code, path, expected):
    """The sentence names the file and what to do; a path is used if the error has none."""
    assert str(describe_os_error(os_error(code, path))).startswith(expected)
    assert str(describe_os_error(os_error(code), path)).startswith(expected)


def test_database_errors_of_the_system(tmp_path: Path):
    """A full or read-only disk is told as such; a damaged database is another matter."""
    errors = []
    for name, pages in (("full", 1), ("damaged", 0)):
        file = tmp_path / name
        file.write_bytes(b"" if pages else b"no database" * 100)
        connection = sqlite3.connect(file)
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute(f"pragma max_page_count={pages}")
            connection.execute("create table t (x)")
        errors.append(caught.value)
        connection.close()

    assert str(describe_database_error(errors[0], "g.sqlite")).startswith("g.sqlite cannot be")
    assert describe_database_error(errors[1], "g.sqlite") is None


def test_gradebook_on_a_full_disk_is_no_damaged_gradebook(tmp_path: Path, monkeypatch):
    """The file stays, and the message does not say to move it away."""

    def full(*_words: object, **_options: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(db.sqlite3, "connect", full)
    with pytest.raises(KataError, match=r"because the disk is full\. Free some space"):
        db.Gradebook(tmp_path / "gradebook.sqlite")


def test_writing_tells_wrong_names_from_refusals(tmp_path: Path, monkeypatch):
    """A name that is no file's is a usage error; a full disk is not."""
    with pytest.raises(UsageError, match="Name a file in an existing folder"):
        replace_file(tmp_path / "none/report.json", b"")

    def full(path: Path, _content: bytes) -> None:
        raise os_error(errno.ENOSPC, str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(KataError, match="because the disk is full") as caught:
        replace_file(tmp_path / "report.json", b"")
    assert not isinstance(caught.value, UsageError)


def refuse(monkeypatch: pytest.MonkeyPatch, file: Path, code: int) -> None:
    """Make reading one file fail, also for root."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path == file:
            raise os_error(code, str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)


def test_unreadable_submission(course: Path, monkeypatch: pytest.MonkeyPatch):
    """It is an error of that exercise, and its state is unknown."""
    refuse(monkeypatch, course / HALVE, errno.EACCES)

    with pytest.raises(CourseError, match=r"no permission to use .*02_halve\.py\."):
        read_submission(course / HALVE)
    assert Progress(course).states(Course(course))["01_mini/02_halve"] == "not graded yet"


def test_folder_in_place_of_a_submission(course: Path):
    """The message names the folder and says to move it away."""
    (course / HALVE).unlink()
    (course / HALVE).mkdir()

    with pytest.raises(CourseError, match=r"02_halve\.py is a folder, but it should be a file\."):
        read_submission(course / HALVE)


def test_unreadable_kit_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another download would not help."""
    (tmp_path / "graders.sealed").write_bytes(b"")
    refuse(monkeypatch, tmp_path / "graders.sealed", errno.EACCES)

    with pytest.raises(CourseError, match="no permission to use"):
        Course(tmp_path)


def test_machine_fault_during_a_check_is_not_blamed_on_the_submission(monkeypatch):
    """With too few descriptors or a full disk, grading ends with a sentence."""

    def judge_with(error: OSError) -> object:
        def judge(_session: object) -> None:
            raise error

        return checks._judge(type("Check", (), {"judge": staticmethod(judge)}), None)

    with pytest.raises(KataError, match="Too many files are open"):
        judge_with(os_error(errno.EMFILE))
    outcome = judge_with(os_error(errno.ELOOP))
    assert outcome.code == "internal-error"


@pytest.fixture
def command(course: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Callable[..., tuple]:
    """Return a function that runs a command whose function raises an error."""
    stream = sys.stdout

    def ran(error: BaseException, verb: str) -> tuple[int, str]:
        def failing(_options: object, _translations: object) -> int:
            raise error

        monkeypatch.setattr("torchkata.cli.main._load", lambda _target: failing)
        monkeypatch.setattr("torchkata.cli.main.start_zygote", lambda: None)
        monkeypatch.setattr(sys, "stdout", stream)
        code = main(["--course", str(course), verb, *(["halve"] if verb == "hint" else [])])
        return code, capsys.readouterr().err

    return ran


def test_command_reports_what_the_system_refuses(command):
    """Any command ends with 1 and one sentence."""
    code, printed = command(os_error(errno.EROFS, "/course/.torchkata"), "hint")
    assert code == 1
    assert printed.startswith("torchkata: /course/.torchkata cannot be written, because it is on a")
    assert printed.count("\n") == 1

    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert command(error, "list") == (
        1,
        "torchkata: The disk is full. Free some space, then try again.\n",
    )
    with pytest.raises(sqlite3.OperationalError):
        command(sqlite3.OperationalError("a mistake of ours"), "list")


def test_reader_that_has_seen_enough_is_no_failure(command):
    """`list | head` succeeds; a verdict that is cut off does not."""
    assert command(BrokenPipeError(), "list") == (0, "")
    assert command(BrokenPipeError(), "grade") == (1, "")


def python_c(code: str, redirect: str) -> subprocess.CompletedProcess[str]:
    """Run code with the standard output redirected by a shell."""
    return subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {redirect}', sys.executable, code],
        env={**os.environ, "PYTHONPATH": str(Path(torchkata.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


COMPLETION = (
    "import os, sys; from torchkata.cli.main import main; code = main(['completion', 'bash'])"
)


def test_closed_streams_are_not_reused():
    """With closed streams, no pipe takes the number of a standard stream."""
    done = python_c(f"{COMPLETION}; os.write(2, b'%d' % os.pipe()[0]); sys.exit(code)", "<&- >&-")

    assert (done.returncode, done.stdout) == (0, "")
    assert int(done.stderr) >= 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has this device")
def test_full_disk_behind_the_standard_output():
    """The sentence is on the standard error, and nothing follows it."""
    done = python_c(f"{COMPLETION}; sys.exit(code)", ">/dev/full")

    assert done.returncode == 1
    assert done.stderr == "torchkata: The disk is full. Free some space, then try again.\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other platforms have no zygote")
def test_workers_start_with_few_descriptors(launcher: Launcher):
    """Workers need no descriptor above 63, as `ulimit -n 64` allows."""
    resource = pytest.importorskip("resource")
    first = launcher.worker()
    parent = int(Path(f"/proc/{first.pid}/stat").read_text().rpartition(")")[2].split()[1])
    soft, hard = resource.prlimit(parent, resource.RLIMIT_NOFILE)
    resource.prlimit(parent, resource.RLIMIT_NOFILE, (64, hard))
    try:
        worker = launcher.worker()
        worker.load(b"def f():\n    return 7\n", "f.py")
        assert worker.call("f", [()])[0] == [7]
    finally:
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (soft, hard))
        first.close()
        worker.close()


def test_message_is_translatable():
    """The sentence is a message with its path as data."""
    message = describe_os_error(os_error(errno.ENOENT, "a.py"))
    assert isinstance(message, Message)
    assert message.values == {"path": "a.py"}
