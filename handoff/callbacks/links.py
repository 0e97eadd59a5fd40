"""A link that puts a callback off or cancels it, for whoever holds it: it shows no more than a time and four digits."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing

from handoff.lib.errors import NotFound

_SALT: Final = "handoff.callback.link"
LIFE_SECONDS: Final = 8 * 24 * 3600


def make(handoff_id: str) -> str:
    """An absolute address."""
    return f"{settings.PUBLIC_ORIGIN}/callback/{signing.dumps(handoff_id, salt=_SALT)}"


def read(token: str) -> str:
    """The handoff's public id. Raises NotFound for a forged one and one too old."""
    try:
        found = signing.loads(token, salt=_SALT, max_age=LIFE_SECONDS)
    except signing.BadSignature:
        raise NotFound from None
    return str(found)
