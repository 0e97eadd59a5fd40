"""Public ids: 128 random bits behind a prefix that says what they name."""

from __future__ import annotations

import secrets
from functools import partial

ID_BYTES = 16


def new_id(prefix: str) -> str:
    """`ho_` and 22 characters of base64url: 128 random bits."""
    return f"{prefix}_{secrets.token_urlsafe(ID_BYTES)}"


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
