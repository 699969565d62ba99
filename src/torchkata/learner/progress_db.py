"""The progress file: opened for each call, made when missing, moved aside when broken."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from torchkata.i18n import _

T = TypeVar("T")

_OURS: Final = 0x6B617461  # "kata", as SQLite's application id
_VERSION: Final = 1
_PATIENCE: Final = 10.0  # seconds to wait for another judge that is writing
_SCHEMA: Final = """
CREATE TABLE exercises (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    first_passed REAL,
    hint_level INTEGER NOT NULL DEFAULT 0,
    solution_seen REAL
);
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    seconds REAL NOT NULL
);
CREATE INDEX attempts_by_id ON attempts (id, number);
CREATE TABLE bests (
    id TEXT NOT NULL,
    case_name TEXT NOT NULL,
    figure TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (id, case_name, figure)
);
"""


class _ForeignError(sqlite3.DatabaseError):
    """The file is SQLite's, but not ours."""


class Store:
    """One file with transactions: a call happens as a whole or not at all, whoever dies in it.

    SQLite's rollback journal is enough for that, and unlike its other kind works on network
    folders; the journal is gone between calls.

    Args:
        folder: `.torchkata` of a course; made when something is first written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "progress.sqlite"
        self.old = folder / "states.json"
        self.notes: list[str] = []

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something that only reads; None where there is nothing that can be read."""
        if not self.file.exists() and not self.old.exists():
            return None  # looking makes no file
        return self._do(work, "BEGIN")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something that writes, alone; None where nothing can be written."""
        return self._do(work, "BEGIN IMMEDIATE")

    def _do(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T | None:
        for last in (False, True):
            try:
                self.folder.mkdir(exist_ok=True)
                with closing(self._open()) as db, _transaction(db, begin):
                    return work(db)
            except (sqlite3.Error, OSError) as error:
                if last or not self._broken(error) or not self._set_aside():
                    self._note(_("Progress is not kept now: {reason}.", reason=str(error)))
                    return None
        raise AssertionError  # the last turn returns

    def _open(self) -> sqlite3.Connection:
        db = self._connect()
        try:
            if _marks(db) != (_OURS, _VERSION):
                with _transaction(db, "BEGIN IMMEDIATE"):
                    self._make(db)
                self.old.unlink(missing_ok=True)  # what it held is in the file now
        except BaseException:
            db.close()
            raise
        return db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)

    def _make(self, db: sqlite3.Connection) -> None:
        """Fill a file that is new; somebody else may have done so while we waited."""
        marks = _marks(db)
        if marks == (_OURS, _VERSION):
            return
        if marks != (0, 0) or db.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise _ForeignError
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        for id_, entry in _old_states(self.old).items():
            db.execute("INSERT INTO exercises (id, state, digest) VALUES (?, ?, ?)", (id_, *entry))
        db.execute(f"PRAGMA application_id = {_OURS}")
        db.execute(f"PRAGMA user_version = {_VERSION}")

    def _broken(self, error: Exception) -> bool:
        """Whether the file itself is at fault, rather than the folder, the disk or a neighbour."""
        if isinstance(error, _ForeignError) or self.file.is_dir():
            return True
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
            sqlite3.SQLITE_ERROR,  # no such table, no such column
        )

    def _set_aside(self) -> bool:
        """Move the file away; say whether there is a way on. SQLite has used up any journal."""
        try:
            with _alone(self.folder):
                if self._sound():
                    return True  # another judge has put a new one there
                stamp = time.strftime("%Y%m%d-%H%M%S")
                aside = self.file.with_name(f"progress.broken-{stamp}-{os.getpid()}.sqlite")
                self.file.rename(aside)
        except OSError:
            return False
        self._note(
            _(
                "The progress file could not be read. It is kept as {name}, and a new one is "
                "begun: only history is lost.",
                name=f"{self.folder.name}/{aside.name}",
            )
        )
        return True

    def _sound(self) -> bool:
        """Whether the file is ours and whole, or new and still empty."""
        if not self.file.exists():
            return True
        try:
            with closing(self._connect()) as db, _transaction(db, "BEGIN"):
                tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
                if _marks(db) != (_OURS, _VERSION):
                    return _marks(db) == (0, 0) and not tables
                whole = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                return whole and tables >= {"exercises", "attempts", "bests"}
        except sqlite3.Error as error:
            return not self._broken(error)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _marks(db: sqlite3.Connection) -> tuple[int, int]:
    (ours,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return ours, version


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
def _alone(folder: Path) -> Iterator[None]:
    """Keep other judges out, by a lock that its holder's death releases."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _old_states(file: Path) -> dict[str, tuple[str, str]]:
    """What versions before this file kept: state and digest by id."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(id_): (str(entry["state"]), str(entry["digest"])) for id_, entry in known.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # none, or one that somebody damaged: only history is lost
