"""The digits that carry a record into a call: made, checked, hashed, and shown again to whom they belong."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

BODY_DIGITS: Final = 7
DIGITS: Final = BODY_DIGITS + 1
SPACE: Final = 10**BODY_DIGITS


def derive(handoff_id: str, issue: int, *, secret: str) -> str:
    """The code of one issue, 8 digits: nobody without the deployment's secret can tell it, and nobody stores it.

    The same handoff and issue give the same code, so that its customer may reload the page.
    """
    found = _keyed(f"code:{handoff_id}:{issue}", secret, b"handoff-code-new")
    # 256 bits modulo ten million: the bias is smaller than 1 in 10**69.
    body = str(int.from_bytes(found, "big") % SPACE).zfill(BODY_DIGITS)
    return body + check_digit(body)


def digest(code: str, *, secret: str) -> str:
    """The HMAC under which a code is found again."""
    return _keyed(code, secret, b"handoff-code-use").hex()


def is_same(first: str, second: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(first.encode(), second.encode())


def is_well_formed(digits: str) -> bool:
    """Eight digits whose last one fits: a slip of one key, and of two neighbours in most cases, is seen at once."""
    return (
        len(digits) == DIGITS
        and digits.isascii()
        and digits.isdigit()
        and is_same(check_digit(digits[:BODY_DIGITS]), digits[-1])
    )


def check_digit(body: str) -> str:
    """ISO/IEC 7064, MOD 11,10."""
    product = 10
    for digit in body:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def _keyed(text: str, secret: str, person: bytes) -> bytes:
    key = hashlib.blake2b(secret.encode(), person=person, digest_size=32).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
