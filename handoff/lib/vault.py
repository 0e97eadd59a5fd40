"""Secrets at rest: encrypted under the deployment's secret, still readable after that was rotated."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, MultiFernet


def encrypt(text: str, *, secrets: Sequence[str]) -> str:
    """Under the first secret."""
    return _fernet(secrets).encrypt(text.encode()).decode()


def decrypt(encrypted: str, *, secrets: Sequence[str]) -> bytes:
    """Whichever of the secrets it was encrypted under; raises cryptography's InvalidToken if none fits."""
    return _fernet(secrets).decrypt(encrypted.encode())


def _fernet(secrets: Sequence[str]) -> MultiFernet:
    keys = [hashlib.blake2b(secret.encode(), person=b"handoff-at-rest", digest_size=32).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
