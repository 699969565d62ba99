"""Kill writers at random moments and report what is left: `killed_writers.py ROOT KILLS`.

Each writer reports finished records through a pipe. After its death, those records have to be in
all tables.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from writer import CASE, EXERCISE, MOST_OPS, record, source

from torchkata.course.stub_digest import digest
from torchkata.learner.progress import Progress

root, kills = Path(sys.argv[1]), int(sys.argv[2])
file = root / ".torchkata" / "progress.sqlite"
journal = file.with_name(file.name + "-journal")
counts = {"journals": 0, "lost": 0, "torn": 0}
written = 0
notes: set[str] = set()
for _ in range(kills):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        progress = Progress(root)
        for number in range(written, written + 100_000):
            record(progress, number)
            os.write(writer, b"x" if not progress.notes else b"!")
    os.close(writer)
    os.read(reader, 1)  # the first record is finished
    time.sleep(random.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    finished = b"x"
    while more := os.read(reader, 1 << 16):
        finished += more
    os.close(reader)
    if b"!" in finished:
        notes.add("a writer has notes")
    counts["journals"] += journal.exists() and journal.stat().st_size > 0
    progress = Progress(root)
    known = progress.exercise(EXERCISE.id)
    notes |= set(map(str, progress.notes))
    counts["lost"] += known.attempts < written + len(finished)
    written = known.attempts
    counts["torn"] += (known.digest, known.best) != (
        digest(source(written - 1)),
        {CASE: {"ops": MOST_OPS - (written - 1)}},
    )
(integrity,) = sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone()
print(json.dumps({**counts, "notes": sorted(notes), "integrity": integrity}))
