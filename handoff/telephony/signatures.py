"""Is this really from the provider: the checks that come before anything of a request is read."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook, WebhookVerificationError

from handoff.lib.errors import DomainError

Pairs = Iterable[tuple[str, str]]
# What Standard Webhooks asks for at least.
SECRET_BYTES: Final = 24
_PORTS: Final = {"https": 443, "http": 80}


class Forged(DomainError):
    """Nothing of the request was read or stored; it does not say which of the checks it failed."""

    def __init__(self) -> None:
        super().__init__("forbidden", "The signature is missing, wrong or too old.")


def form_signature(url: str, pairs: Pairs, *, secret: str) -> str:
    """Twilio's: HMAC-SHA1 over the address and the sorted fields, blank ones too, each distinct value once."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def check_form(url: str, pairs: Pairs, *, signature: str, secret: str) -> None:
    """Raises Forged. Some of their servers sign the address with its port and some without, so both are tried."""
    fields = list(pairs)
    given = signature.encode()
    matches = [
        hmac.compare_digest(form_signature(variant, fields, secret=secret).encode(), given)
        for variant in _variants(url)
    ]
    if not any(matches):
        raise Forged


def check_standard(body: bytes, headers: Mapping[str, str], *, secret: str) -> str:
    """The `webhook-id` of a request signed as in Standard Webhooks within the last five minutes. Raises Forged.

    The library lets a header that is no base64, or no pair, through as another ValueError.
    """
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        raise Forged from None
    return headers["webhook-id"]


def require_standard_secret(secret: str) -> None:
    """Raises ValueError for a secret that is no base64, or too short to keep anybody out."""
    key = secret.removeprefix("whsec_")
    if len(base64.b64decode(key + "=" * (-len(key) % 4), validate=True)) < SECRET_BYTES:
        raise ValueError("a secret has at least 24 bytes")


def _variants(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    bare = f"[{host}]" if ":" in host else parts.netloc.rpartition("@")[2].partition(":")[0]
    port = parts.port or _PORTS.get(parts.scheme, 80)
    return _with_host(parts, bare), _with_host(parts, f"{bare}:{port}")


def _with_host(parts: SplitResult, host: str) -> str:
    return parts._replace(netloc=host).geturl()
