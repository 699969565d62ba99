"""Find pairs of suspiciously similar files, for an instructor to review; this is not a verdict.

The method is winnowing (Schleimer, Wilkerson, Aiken: Winnowing: Local Algorithms for Document
Fingerprinting, SIGMOD 2003). A file becomes a sequence of tokens in which all names that people
choose are equal. Every run of tokens has a hash, and of each few neighboring hashes the smallest is
kept. Two files are compared by the kept hashes that they share. An index finds these, so that pairs
that share nothing are never compared.
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

RUN_LENGTH: Final = 8  # tokens per hash
_WINDOW: Final = 4  # neighboring hashes of which the smallest is kept
MIN_HASHES: Final = 16  # of its own that a file needs to be compared
MIN_SHARE: Final = 0.75  # of the smaller file's own hashes, for a pair to be listed
_MIN_CLASS: Final = 20  # files, for frequent hashes to be ignored
_COMMON: Final = 3  # a hash is frequent if more than one in so many files has it
_MAX_CHARACTERS: Final = 1 << 16  # of a file; a solution has a few thousand
_FIXED_NAMES: Final = frozenset(keyword.kwlist) | frozenset(dir(builtins))
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
class SimilarPair:
    """Two similar files.

    Attributes:
        one: The learner whose name comes first.
        other: The other learner.
        shared: How many hashes the files share.
        share: The shared part of the smaller file's own hashes, from 0 to 1.
    """

    one: str
    other: str
    shared: int
    share: float


@dataclass(frozen=True, kw_only=True)
class SimilarFiles:
    """The similar files of one exercise.

    Attributes:
        files: How many files there are.
        compared: How many of them have enough hashes of their own to be compared.
        pairs: The most similar first.
    """

    files: int
    compared: int
    pairs: tuple[SimilarPair, ...]


def find_similar(sources: Mapping[str, bytes], known: Iterable[bytes]) -> SimilarFiles:
    """Find files that are similar in parts that come neither from the course nor from the class.

    Args:
        sources: The file of each learner, for one exercise.
        known: Files that everybody may have read, or could have written: the stub, the solution
            with its alternatives, the grader.
    """
    common = {hash_ for source in known for hash_ in token_hashes(source)}
    by_source = {source: token_hashes(source) for source in set(sources.values())}
    by_learner = {learner: by_source[source] for learner, source in sources.items()}
    if len(by_learner) >= _MIN_CLASS:
        frequency = Counter(hash_ for hashes in by_learner.values() for hash_ in set(hashes))
        common |= {hash_ for hash_, n in frequency.items() if n * _COMMON > len(by_learner)}
    own = {
        learner: set(_winnow([hash_ for hash_ in hashes if hash_ not in common]))
        for learner, hashes in by_learner.items()
    }
    compared = {
        learner: hashes for learner, hashes in sorted(own.items()) if len(hashes) >= MIN_HASHES
    }
    return SimilarFiles(
        files=len(by_learner), compared=len(compared), pairs=tuple(_similar_pairs(compared))
    )


def token_hashes(source: bytes) -> list[int]:
    """Return the hash of every run of tokens, in order."""
    parts = list(tokens(source.decode("utf-8", "replace")[:_MAX_CHARACTERS]))
    runs = (parts[at : at + RUN_LENGTH] for at in range(len(parts) - RUN_LENGTH + 1))
    return [zlib.crc32("\n".join(run).encode("utf-8", "replace")) for run in runs]


def tokens(text: str) -> Iterator[str]:
    """Yield the tokens of Python code, without layout, comments, imports and docstrings.

    Names become `v`, except for those of the language and attributes of other objects than `self`,
    which belong to libraries. Text that is not Python has tokens, too.
    """
    previous = before_previous = ""
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind in ("skip", "long"):
            continue
        if kind == "text":
            piece = "''"
        elif kind == "name" and piece not in _FIXED_NAMES:
            is_own = previous != "." or before_previous == "self"
            piece = "v" if is_own and piece != "self" else piece
        yield piece
        previous, before_previous = piece, previous


def _winnow(hashes: Sequence[int]) -> Iterator[int]:
    """Yield the smallest of each few neighboring hashes."""
    for at in range(max(1, len(hashes) - _WINDOW + 1) if hashes else 0):
        yield min(hashes[at : at + _WINDOW])


def _similar_pairs(hashes_by_learner: Mapping[str, set[int]]) -> list[SimilarPair]:
    """Compare each learner with those before them that share a hash."""
    owners: defaultdict[int, list[str]] = defaultdict(list)
    pairs = []
    for other, hashes in hashes_by_learner.items():
        shared = Counter(chain.from_iterable(owners[each] for each in hashes if each in owners))
        for one, count in shared.items():
            share = count / min(len(hashes), len(hashes_by_learner[one]))
            if share >= MIN_SHARE:
                pairs.append(SimilarPair(one=one, other=other, shared=count, share=share))
        for each in hashes:
            owners[each].append(other)
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.shared, pair.one, pair.other))
