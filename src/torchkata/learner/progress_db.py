"""The SQLite file of a learner's progress: created when needed, moved aside when broken."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from torchkata.errors import describe_database_error, describe_os_error
from torchkata.i18n import Message, _, join, verbatim, with_period

T = TypeVar("T")

_HEADER: Final = (0x6B617461, 1)  # application id ("kata") and version of the schema
_NEW_FILE: Final = (0, 0)
_LOCK_TIMEOUT: Final = 10.0  # seconds to wait for another process that is writing
_SCHEMA: Final = """
CREATE TABLE exercises (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    hint_level INTEGER NOT NULL DEFAULT 0,
    solution_seen REAL
);
CREATE TABLE bests (
    id TEXT NOT NULL,
    case_name TEXT NOT NULL,
    figure TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (id, case_name, figure)
);
"""
_TABLES: Final = {"exercises", "bests"}


class _ForeignFileError(sqlite3.DatabaseError):
    """Raised when the file is a SQLite database that torchkata did not create."""


class ProgressDb:
    """One SQLite file with transactions: a call takes effect completely or not at all.

    Every call opens and closes the file. SQLite's rollback journal is enough for that. Unlike a
    write-ahead log, it also works on network folders, and it is gone between calls.

    Args:
        folder: the folder `.torchkata` of a course; created by the first write.

    Attributes:
        notes: what the learner should know about the file, each message once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "progress.sqlite"
        self.notes: list[Message] = []

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a function that only reads; return None if there is nothing to read."""
        if not self.file.exists():
            return None  # reading creates no file
        return self._transact(work, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a function that writes, with the file locked; return None if writing fails."""
        return self._transact(work, "BEGIN IMMEDIATE")

    def _transact(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T | None:
        for last_try in (False, True):
            try:
                self.folder.mkdir(exist_ok=True)
                with closing(self._open()) as db, _transaction(db, begin):
                    return work(db)
            except (sqlite3.Error, OSError) as error:
                if last_try or not self._is_broken(error) or not self._move_aside():
                    self._note(join(_("Progress is not saved."), self._describe(error)))
                    return None
        raise AssertionError  # the last try returns

    def _open(self) -> sqlite3.Connection:
        db = self._connect()
        try:
            if _header(db) != _HEADER:
                with _transaction(db, "BEGIN IMMEDIATE"):
                    _create_tables(db)
        except BaseException:
            db.close()
            raise
        return db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=_LOCK_TIMEOUT, isolation_level=None)

    def _is_broken(self, error: Exception) -> bool:
        """Return whether the file is at fault, not the folder, the disk or another process."""
        if isinstance(error, _ForeignFileError) or self.file.is_dir():
            return True
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
            sqlite3.SQLITE_ERROR,  # no such table, no such column
        )

    def _move_aside(self) -> bool:
        """Rename the broken file; return whether to try again."""
        try:
            with _locked(self.folder):
                if self._is_usable():
                    return True  # another process has already replaced it
                stamp = time.strftime("%Y%m%d-%H%M%S")
                aside = self.file.with_name(f"progress.broken-{stamp}-{os.getpid()}.sqlite")
                self.file.rename(aside)
        except OSError:
            return False
        self._note(
            _(
                "The progress file could not be read. It was renamed to {name}, and a new one was "
                "started. Only your history is lost.",
                name=f"{self.folder.name}/{aside.name}",
            )
        )
        return True

    def _describe(self, error: sqlite3.Error | OSError) -> Message:
        if isinstance(error, OSError):
            return describe_os_error(error, self.folder)
        return describe_database_error(error, self.file) or with_period(verbatim(str(error)))

    def _is_usable(self) -> bool:
        """Return whether the file is missing, new and empty, or intact."""
        if not self.file.exists():
            return True
        try:
            with closing(self._connect()) as db, _transaction(db, "BEGIN"):
                tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
                if _header(db) != _HEADER:
                    return _header(db) == _NEW_FILE and not tables
                intact = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                return intact and tables >= _TABLES
        except sqlite3.Error as error:
            return not self._is_broken(error)

    def _note(self, message: Message) -> None:
        if message not in self.notes:
            self.notes.append(message)


def _header(db: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _create_tables(db: sqlite3.Connection) -> None:
    """Fill a new file, unless another process did so while this one waited for the lock."""
    header = _header(db)
    if header == _HEADER:
        return
    if header != _NEW_FILE or db.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise _ForeignFileError
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    application_id, version = _HEADER
    db.execute(f"PRAGMA application_id = {application_id}")
    db.execute(f"PRAGMA user_version = {version}")


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes; the lock ends with its owner."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
