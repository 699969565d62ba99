"""Messages as data: English templates with values, translated and formatted when they are shown."""

from torchkata.i18n.message import EMPTY, Message, _, join, verbatim, with_period
from torchkata.i18n.translator import ENGLISH_TRANSLATOR, Translator

__all__ = [
    "EMPTY",
    "ENGLISH_TRANSLATOR",
    "Message",
    "Translator",
    "_",
    "join",
    "verbatim",
    "with_period",
]
