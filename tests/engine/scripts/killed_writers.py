"""Writers that are killed at random moments: `killed_writers.py ROOT KILLS` tells what is left.

Each writer says through a pipe which record is done; after its death that record has to be there,
in every table.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from writer import LESSON, record

from torchkata.learner.progress import Progress

root, kills = Path(sys.argv[1]), int(sys.argv[2])
file = root / ".torchkata" / "progress.sqlite"
journal = file.with_name(file.name + "-journal")
told = {"journals": 0, "lost": 0, "torn": 0}
turn = 0
notes: set[str] = set()
for _ in range(kills):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        progress = Progress(root)
        for number in range(turn, turn + 100_000):
            record(progress, number)
            os.write(into, b"x" if not progress.notes else b"!")
    os.close(into)
    os.read(out, 1)  # the first record is done
    time.sleep(random.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = b"x"
    while more := os.read(out, 1 << 16):
        said += more
    os.close(out)
    if b"!" in said:
        notes.add("a writer had something to say")
    told["journals"] += journal.exists() and journal.stat().st_size > 0
    progress = Progress(root)
    log, entry = progress.attempts(LESSON.id), progress.entries()[LESSON.id]
    notes |= set(progress.notes)
    told["lost"] += len(log) < turn + len(said)
    told["torn"] += not (
        len(log) == entry.attempts
        and log[-1].seconds == len(log)
        and entry.best == {"usual": {"ops": 1e6 - (len(log) - 1)}}
    )
    turn = len(log)
(integrity,) = sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone()
print(json.dumps({**told, "notes": sorted(notes), "integrity": integrity}))
