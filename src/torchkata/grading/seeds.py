"""Seeds of hidden inputs: secrets of 128 bits, and seeds that are derived from a secret."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_BITS: Final = 128


def random_seed() -> int:
    """Return an unpredictable seed of 128 bits."""
    return secrets.randbits(_BITS)


def derived_seed(secret: int, *purpose: object) -> int:
    """Return the seed of one purpose, such as a learner, an exercise and a submission.

    Whoever knows seeds of other purposes learns nothing about this one.

    Args:
        secret: a seed that nobody under judgment knows.
        purpose: what the seed is for; equal purposes give equal seeds.
    """
    content = repr((secret, *purpose)).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=_BITS // 8).digest(), "big")
