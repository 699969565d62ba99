"""What people call states, axes and contenders in their language; as data all are English."""

from __future__ import annotations

from torchkata.course.translations import told
from torchkata.i18n import _


def state(name: str) -> str:
    """A state, such as `passed`; what is no state stays as it is."""
    return {
        "todo": _("todo"),
        "passed": _("passed"),
        "failed": _("failed"),
        "error": _("error"),
        "timeout": _("timeout"),
        "unmeasurable": _("unmeasurable"),
        "not judged yet": _("not judged yet"),
    }.get(name, name)


def axis(name: str) -> str:
    """An axis, such as `values`; what is no axis stays as it is."""
    return {
        "contract": _("contract"),
        "shape": _("shape"),
        "dtype": _("dtype"),
        "values": _("values"),
        "stability": _("stability"),
        "device": _("device"),
        "purity": _("purity"),
        "gradient": _("gradient"),
        "ops": _("ops"),
        "memory": _("memory"),
        "speed": _("speed"),
    }.get(name, name)


def contender(name: str) -> str:
    """Who stands on a rung of the cost ladder: yours, the reference, or a baseline."""
    return {"yours": _("yours"), "reference": _("reference")}.get(name) or told(name)
