"""Report what is known of a read-only course: `read_only.py ROOT known|new`.

Root may write anywhere, so the script gives up that right first.
"""

import json
import os
import sys
from pathlib import Path

from writer import EXERCISE, record

from torchkata.learner.progress import Progress

root, known = Path(sys.argv[1]), sys.argv[2] == "known"
if known:
    record(Progress(root), 0)
    (root / ".torchkata").chmod(0o555)
root.chmod(0o555)
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
progress = Progress(root)
before = progress.exercise(EXERCISE.id).attempts
record(progress, 1)
record(progress, 2)
after = progress.exercise(EXERCISE.id).attempts
print(
    json.dumps({"before": before, "after": after, "notes": [str(note) for note in progress.notes]})
)
