"""Messages as data: English templates with values, translated and formatted when they are shown."""

from torchkata.i18n.lists import and_list, comma_list, or_list, semicolon_list
from torchkata.i18n.message import EMPTY, Message, _, join, verbatim, with_period
from torchkata.i18n.translator import ENGLISH_TRANSLATOR, Translator

__all__ = [
    "EMPTY",
    "ENGLISH_TRANSLATOR",
    "Message",
    "Translator",
    "_",
    "and_list",
    "comma_list",
    "join",
    "or_list",
    "semicolon_list",
    "verbatim",
    "with_period",
]
