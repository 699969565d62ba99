"""What people call states, axes and contenders in their language; as data all are English."""

from __future__ import annotations

from torchkata.course.translations import told
from torchkata.i18n.messages import say


def state(name: str) -> str:
    """A state, such as `passed`; what is no state stays as it is."""
    return {
        "todo": say("todo"),
        "passed": say("passed"),
        "failed": say("failed"),
        "error": say("error"),
        "timeout": say("timeout"),
        "unmeasurable": say("unmeasurable"),
        "not judged yet": say("not judged yet"),
    }.get(name, name)


def axis(name: str) -> str:
    """An axis, such as `values`; what is no axis stays as it is."""
    return {
        "contract": say("contract"),
        "shape": say("shape"),
        "dtype": say("dtype"),
        "values": say("values"),
        "stability": say("stability"),
        "device": say("device"),
        "purity": say("purity"),
        "gradient": say("gradient"),
        "ops": say("ops"),
        "memory": say("memory"),
        "speed": say("speed"),
    }.get(name, name)


def contender(name: str) -> str:
    """Who stands on a rung of the cost ladder: yours, the reference, or a baseline."""
    return {"yours": say("yours"), "reference": say("reference")}.get(name) or told(name)
