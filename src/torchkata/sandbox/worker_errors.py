"""Turn the errors that a worker reports, as untrusted data, into exceptions of the judge."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from torchkata.errors import KataError, SubmissionError, Unmeasurable
from torchkata.i18n import Message, join, verbatim
from torchkata.sandbox import exit_messages
from torchkata.worker.twin.messages import TEMPLATES

_MOST_TEXT: Final = 2000  # characters of an exception's text
_MOST_VALUE: Final = 200  # characters of a value in a message
_MOST_VALUES: Final = 8
_MOST_SENTENCES: Final = 8
_LARGEST: Final = 2**53


def reported_error(reply: Mapping[str, Any]) -> KataError:
    """Return the exception for a reply that reports an error.

    Args:
        reply: what the worker's `_failure` sent, or anything else: nothing in it is trusted.

    Returns:
        A SubmissionError, or Unmeasurable if PyTorch misses a compiler on this machine.
    """
    kind, text = bounded_text(reply["error"]), bounded_text(reply.get("message", ""))
    if reply.get("of_torch") is True and exit_messages.from_inductor(kind, text):
        return Unmeasurable(exit_messages.no_compiler(text))
    line, details = reply.get("line"), reply.get("details")
    if type(details) is not dict:
        details = {}
    return SubmissionError(
        kind,
        _known_message(details.get("messages")) or verbatim(text),
        line if type(line) is int else None,
        todo=reply.get("todo") is True,
        twin_limit=reply.get("twin_limit") is True,
        details=_plain_values(details),
    )


def bounded_text(value: object) -> str:
    """Return the text of an untrusted value, bounded and fit to be written anywhere."""
    return str(value)[:_MOST_TEXT].encode("utf-8", "replace").decode()


def _known_message(sentences: object) -> Message | None:
    """Build a message from the engine's own templates; None if it names an unknown one."""
    if type(sentences) is not list or not 0 < len(sentences) <= _MOST_SENTENCES:
        return None
    messages = [_known_sentence(sentence) for sentence in sentences]
    if any(message is None for message in messages):
        return None
    return join(*(message for message in messages if message is not None))


def _known_sentence(sentence: object) -> Message | None:
    if type(sentence) is not dict:
        return None
    key, values = sentence.get("key"), sentence.get("values")
    if type(key) is not str or key not in TEMPLATES or type(values) is not dict:
        return None
    template = TEMPLATES[key].template
    plain = _plain_values(values)
    names = {name for _text, name, _format, _conversion in Formatter().parse(template) if name}
    return Message(template, plain) if set(plain) == names else None


def _plain_values(values: Mapping[object, object]) -> dict[str, str | int | float]:
    """Keep values that are numbers or text, by names that are identifiers, all bounded."""
    plain: dict[str, str | int | float] = {}
    for name, value in values.items():
        if len(plain) == _MOST_VALUES:
            break
        if type(name) is not str or not name.isidentifier() or len(name) > _MOST_VALUE:
            continue
        if type(value) is str:
            plain[name] = bounded_text(value)[:_MOST_VALUE]
        elif isinstance(value, int | float) and abs(value) < _LARGEST:  # false for nan
            plain[name] = value
    return plain
