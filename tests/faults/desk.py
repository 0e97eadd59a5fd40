"""The desk that fault tests run: its configuration, the key its site signs with, and how agents are named."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

import jwt

SITE_ORIGIN: Final = "http://127.0.0.1:8001"
PASSWORD: Final = "a long enough passphrase"

_HEAD: Final = """
[[queues]]
key = "cards"
name = "Cards"
offer_seconds = 25

[[queues]]
key = "quick"
name = "Quick"
offer_seconds = {quick_seconds}

[[sites]]
key = "harbour"
name = "Harbour Bank"
origins = ["{origin}"]
allow_unverified = true
hmac_secret = "{secret}"

[[sites.intents]]
key = "dispute-charge"
label = "Dispute a charge"
queue = "cards"
channels = ["chat"]

[[sites.intents]]
key = "lost-card"
label = "Lost card"
queue = "quick"
channels = ["chat"]
"""
_AGENT: Final = """
[[agents]]
username = "agent-{number}"
name = "Agent {number}"
password = "{password}"
queues = ["cards", "quick"]
capacity = {capacity}
"""


def configuration(
    *, agents: int = 12, capacity: int = 10, quick_seconds: int = 5, secret: str = "", more: str = ""
) -> str:
    """A desk of so many agents; `more` is appended, for the tables a test needs beside these."""
    people = "".join(_AGENT.format(number=number, password=PASSWORD, capacity=capacity) for number in range(agents))
    return _HEAD.format(origin=SITE_ORIGIN, secret=secret or SECRET, quick_seconds=quick_seconds) + more + people


SECRET: Final = secrets.token_hex(32)


@dataclass(frozen=True)
class SignedIn:
    """An agent whose browser holds a sign-in."""

    username: str
    id: str
    cookie: str


def sign(subject: str, *, audience: str, secret: str = "", **claims: Any) -> str:
    """An identity token as the site's server makes it."""
    now = int(time.time())
    body = {
        "iss": "harbour", "aud": audience, "sub": subject, "iat": now, "exp": now + 240,
        "jti": secrets.token_urlsafe(24), "name": subject.replace("-", " ").title(),
    }  # fmt: skip
    return jwt.encode(body | claims, secret or SECRET, algorithm="HS256")
