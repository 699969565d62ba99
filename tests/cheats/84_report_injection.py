"""Cheat 84, report-injection: names and prints that look like verdicts, escapes, formulas and markup.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


class Evil(Exception):
    pass


Evil.__name__ = "=cmd|'/C calc'!A0"
print("\x1b[2J\x1b[32m62 exercises: 62 passed\x1b[0m</script><script>alert(1)</script>")


def row_sum(x):
    raise Evil("\x1b]0;owned\x07\n=1+1\n| PASSED <img src=x onerror=alert(1)> \u202epassed")
