"""Run several writers at the same time and report: `many_writers.py ROOT WRITERS RECORDS`."""

import json
import os
import sys
from pathlib import Path

from writer import CASE, EXERCISE, record

from torchkata.learner.progress import Progress

root, writers, records = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
reader, writer = os.pipe()
gate, gate_opener = os.pipe()
for index in range(writers):
    if not os.fork():
        os.close(gate_opener)
        os.read(gate, 1)  # returns when the parent closes its end: all start at once
        progress = Progress(root)
        for turn in range(records):
            record(progress, index * records + turn)
        os.write(writer, "".join(f"{note}\n" for note in progress.notes).encode())
        os._exit(0)
os.close(gate_opener)
os.close(writer)
notes = b""
while more := os.read(reader, 1 << 16):
    notes += more
progress = Progress(root)
known = progress.exercise(EXERCISE.id)
print(
    json.dumps(
        {
            "attempts": known.attempts,
            "best": known.best[CASE]["ops"],
            "notes": sorted({*notes.decode().splitlines(), *map(str, progress.notes)}),
            "broken": len(list((root / ".torchkata").glob("progress.broken-*"))),
        }
    )
)
