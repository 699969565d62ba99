"""Replies of probes that watch calls, parsed: a submission may have replaced the probe."""

from __future__ import annotations

from typing import Any

from torchkata.errors import CheckFailed
from torchkata.i18n import _
from torchkata.worker.arguments import CHANGES


def reply_value(reply: Any) -> Any:
    """Return the value of a reply of a probe that watches a call.

    Raises:
        CheckFailed: the reply has not the form that the probe writes.
    """
    if not isinstance(reply, dict) or "value" not in reply:
        raise unreadable_reply()
    return reply["value"]


def argument_changes(reply: Any) -> tuple[tuple[int, str], ...]:
    """Return (position, change) of each argument that a watched call changed.

    Raises:
        CheckFailed: the reply has not the form that the probe writes.
    """
    changes = reply.get("changes") if isinstance(reply, dict) else None
    if not isinstance(changes, list):
        raise unreadable_reply()
    found = []
    for each in changes:
        match each:
            case [int() as position, str() as change] if change in CHANGES:
                found.append((position, change))
            case _:
                raise unreadable_reply()
    return tuple(dict.fromkeys(found))


def unreadable_reply() -> CheckFailed:
    """Return the finding that a probe's reply is malformed."""
    return CheckFailed(
        _("The reply of the worker cannot be read. Do not modify the engine's probes."),
        code="unreadable-reply",
    )
