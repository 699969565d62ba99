"""Pairs of files that are suspiciously alike, for the instructor to look at; no verdict.

The method is Schleimer, Wilkerson and Aiken: Winnowing: Local Algorithms for Document
Fingerprinting, SIGMOD 2003. A file is read as tokens, in which names that people choose are all the
same; every run of some tokens has a hash; of each few neighbours the smallest is kept. Two files
are compared by the hashes that both kept, found by an index, so that no pair is looked at which
shares nothing.
"""

from __future__ import annotations

import builtins
import keyword
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

GRAM: Final = 8  # tokens to a hash
_WINDOW: Final = 4  # neighbours of which the smallest is kept
FEWEST: Final = 16  # hashes that a file needs of its own to be compared at all
SHARE: Final = 0.75  # of the smaller file's own hashes, from which a pair is listed
_CLASS: Final = 20  # files from which on what many have is told from what two have
_COMMON: Final = 3  # what more than one file in so many has is nobody's own
_MOST: Final = 1 << 16  # characters of a file; an answer is a few thousand
_FIXED: Final = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_TOKEN: Final = re.compile(
    r"""(?P<skip>\#[^\n]*|^[ \t]*(?:from|import)\b[^\n]*)
    |(?P<long>[bfru]{0,2}(?:\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}))
    |(?P<text>[bfru]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<number>\.?\d[\w.]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>\S)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two files that are alike.

    Attributes:
        one: the learner who comes first by name.
        other: the second.
        shared: how many hashes both have that are nobody else's business.
        share: of the smaller file's own hashes, from 0 to 1.
    """

    one: str
    other: str
    shared: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of comparing the files of one exercise.

    Attributes:
        files: how many there are.
        compared: how many of them have enough of their own to be compared.
        pairs: that are alike, the most alike first.
    """

    files: int
    compared: int
    pairs: tuple[Pair, ...]


def compare(sources: Mapping[str, bytes], known: Iterable[bytes]) -> Compared:
    """Find the pairs of files that are alike in what neither the course nor the class gave them.

    Args:
        sources: the file of each learner, for one exercise.
        known: files that everybody may have read, or could have come to by themselves: the stub,
            the reference with its alternatives, the grader.
    """
    ours = {gram for source in known for gram in grams(source)}
    read = {source: grams(source) for source in set(sources.values())}
    found = {learner: read[source] for learner, source in sources.items()}
    if len(found) >= _CLASS:
        spread = Counter(gram for each in found.values() for gram in set(each))
        ours |= {gram for gram, files in spread.items() if files * _COMMON > len(found)}
    prints = {
        who: set(_winnowed([g for g in each if g not in ours])) for who, each in found.items()
    }
    worth = {who: own for who, own in sorted(prints.items()) if len(own) >= FEWEST}
    return Compared(files=len(found), compared=len(worth), pairs=tuple(_pairs(worth)))


def grams(source: bytes) -> list[int]:
    """The hash of every run of tokens, in order."""
    words = list(tokens(source.decode("utf-8", "replace")[:_MOST]))
    runs = (words[at : at + GRAM] for at in range(len(words) - GRAM + 1))
    return [zlib.crc32("\n".join(run).encode("utf-8", "replace")) for run in runs]


def tokens(text: str) -> Iterator[str]:
    """The tokens of Python code, without layout, comments, imports and long texts.

    Names are all `v`, but for those of the language and those behind a dot, which belong to the
    libraries. Text that is no Python has tokens, too.
    """
    before = two_before = ""
    for found in _TOKEN.finditer(text):
        kind, word = found.lastgroup, found[0]
        if kind in ("skip", "long"):
            continue
        if kind == "text":
            word = "''"
        elif kind == "name" and word not in _FIXED and (before != "." or two_before == "self"):
            word = "self" if word == "self" else "v"
        yield word
        before, two_before = word, before


def _winnowed(hashes: Sequence[int]) -> Iterator[int]:
    """The smallest of each few neighbours."""
    for at in range(max(1, len(hashes) - _WINDOW + 1) if hashes else 0):
        yield min(hashes[at : at + _WINDOW])


def _pairs(prints: Mapping[str, set[int]]) -> list[Pair]:
    """Whoever comes later is compared with the holders of each of the hashes, so far."""
    holders: defaultdict[int, list[str]] = defaultdict(list)
    found = []
    for other, own in prints.items():
        shared = Counter(chain.from_iterable(holders[each] for each in own if each in holders))
        for one, count in shared.items():
            share = count / min(len(own), len(prints[one]))
            if share >= SHARE:
                found.append(Pair(one=one, other=other, shared=count, share=share))
        for each in own:
            holders[each].append(other)
    return sorted(found, key=lambda pair: (-pair.share, -pair.shared, pair.one, pair.other))
