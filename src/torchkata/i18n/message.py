"""A message as data: an English template and the values that go into it.

Code that finds something out builds a message; whatever shows it renders it, in the language of
that report. Nothing reads a message's text: what code needs to know is in fields beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_STOPS: Final = tuple(".!?…:。\uff01\uff1f\uff1a")
_CLOSING: Final = ")]\"'`\uff09”\u2019」 "
_ASIDE: Final = re.compile(r"[.!?。\uff01\uff1f] ?[(\uff08][^()\uff08\uff09]*[)\uff09]$")
"""A remark in brackets after a complete sentence."""


@dataclass(frozen=True)
class Message:
    """One sentence or more, not yet translated. An empty message is false.

    Attributes:
        template: English, with `{name}` where a value goes. It is the key of the translations.
        values: by name; a value may be a message itself.
        following: further messages, each of complete sentences.
    """

    template: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    following: tuple[Message, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.template or self.following)

    def __hash__(self) -> int:
        """Hash the template alone, because values need not be hashable."""
        return hash(self.template)

    def __str__(self) -> str:
        """The message in English."""
        return self.render(lambda template: template, " ".join)

    def render(
        self, translate: Callable[[str], str], join_sentences: Callable[[list[str]], str]
    ) -> str:
        """Translate and format the message; use `Translator` instead of calling this.

        Args:
            translate: returns the translation of a template, or the template itself.
            join_sentences: puts complete sentences together.
        """

        def filled(value: object) -> object:
            if isinstance(value, Message):
                return value.render(translate, join_sentences)
            return value

        template = translate(self.template)
        values = {name: filled(value) for name, value in self.values.items()}
        first = template.format(**values) if values else template
        others = [message.render(translate, join_sentences) for message in self.following]
        return join_sentences([text for text in (first, *others) if text])

    def all_values(self) -> dict[str, object]:
        """The values of this message and of those that follow it; the first of a name wins."""
        merged: dict[str, object] = {}
        for message in reversed(self.following):
            merged |= message.all_values()
        return merged | dict(self.values)

    def to_json(self) -> dict[str, Any]:
        """The message as JSON-ready data; `from_json` reads it back."""
        values = {
            name: value.to_json() if isinstance(value, Message) else _plain(value)
            for name, value in self.values.items()
        }
        data: dict[str, Any] = {"template": self.template, "values": values}
        if self.following:
            data["following"] = [message.to_json() for message in self.following]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Read what `to_json` returned."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in data["values"].items()
        }
        following = tuple(cls.from_json(each) for each in data.get("following", ()))
        return cls(data["template"], values, following)


EMPTY: Final = Message()


def _(template: str, /, **values: object) -> Message:
    """Make a message.

    Args:
        template: English, a literal: translations are looked up by it. For singular and plural
            write two whole literals.
        values: by name. A format such as `{n:,}` is the template's to choose.
    """
    return Message(template, values)


def verbatim(text: str) -> Message:
    """Make a message of text that is never translated, such as another library's error."""
    return Message("{text}", {"text": text}) if text else EMPTY


def join(*messages: Message) -> Message:
    """Put messages of complete sentences one after the other; empty ones are left out."""
    first, *others = [message for message in messages if message] or [EMPTY]
    return Message(first.template, first.values, (*first.following, *others))


def with_period(message: Message) -> Message:
    """End a message with a period, unless it ends like a sentence already."""
    text = str(message)
    if not text or text.rstrip(_CLOSING)[-1:] in _STOPS or _ASIDE.search(text):
        return message
    return _("{text}.", text=message)


def _plain(value: object) -> object:
    """A value that JSON can hold."""
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
