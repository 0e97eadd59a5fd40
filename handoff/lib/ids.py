"""Public ids: 128 random bits behind a prefix that says what they name."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from functools import partial
from typing import Final

ID_BYTES: Final = 16
# The kernel is asked for many ids at once: a question costs more than all the rest of an id.
_AT_ONCE: Final = 256
_random: list[bytes] = []
os.register_at_fork(after_in_child=_random.clear)


def new_id(prefix: str) -> str:
    """`ho_` and 22 characters of base64url: 128 random bits."""
    return f"{prefix}_{urlsafe_b64encode(_take_random())[:22].decode()}"


def _take_random() -> bytes:
    """16 bytes that nobody else gets; threads may ask at once."""
    try:
        return _random.pop()
    except IndexError:
        raw = os.urandom(ID_BYTES * _AT_ONCE)
        _random.extend(raw[start : start + ID_BYTES] for start in range(ID_BYTES, len(raw), ID_BYTES))
        return raw[:ID_BYTES]


new_handoff_id = partial(new_id, "ho")
new_customer_id = partial(new_id, "cu")
new_agent_id = partial(new_id, "ag")
new_offer_id = partial(new_id, "of")
new_message_id = partial(new_id, "me")
new_call_id = partial(new_id, "ca")
new_article_id = partial(new_id, "ar")
new_canned_id = partial(new_id, "cn")
new_attachment_id = partial(new_id, "at")


def new_secret() -> str:
    """32 random bytes as base64url, for sessions, tickets and offers."""
    return secrets.token_urlsafe(32)
