"""Writers at the same time: `many_writers.py ROOT WRITERS RECORDS` tells what is there then."""

import json
import os
import sys
from pathlib import Path

from writer import LESSON, record

from torchkata.learner.progress import Progress

root, writers, records = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
out, into = os.pipe()
gate, opens = os.pipe()
for _ in range(writers):
    if not os.fork():
        os.close(opens)
        os.read(gate, 1)  # returns when the parent closes it: all begin at once
        progress = Progress(root)
        for turn in range(records):
            record(progress, turn)
        os.write(into, "".join(f"{note}\n" for note in progress.notes).encode())
        os._exit(0)
os.close(opens)
os.close(into)
notes = b""
while more := os.read(out, 1 << 16):
    notes += more
progress = Progress(root)
print(
    json.dumps(
        {
            "attempts": progress.entries()[LESSON.id].attempts,
            "log": len(progress.attempts(LESSON.id)),
            "notes": sorted({*notes.decode().splitlines(), *progress.notes}),
            "broken": len(list((root / ".torchkata").glob("progress.broken-*"))),
        }
    )
)
