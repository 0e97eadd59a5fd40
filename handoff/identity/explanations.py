"""Say in plain words which rule an identity token breaks, and how its site mends it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

from handoff.identity.tokens import TokenCode, TokenRefused, VerificationKey, VerifiedIdentity, key_problem, verify

REMEDIES: Final[dict[TokenCode, str]] = {
    "token_malformed": "Send the compact form alone: three base64url parts without padding, no line end, no quotes.",
    "token_too_large": "Put fewer or shorter facts into the token; the page can send the others as observed facts.",
    "token_alg_not_allowed": "Sign with the algorithm that the key was registered for; an HS256 secret has 32 bytes.",
    "token_key_unknown": "Set the header's `kid` to one of the site's live keys, or register the key first.",
    "token_key_revoked": "Sign with a live key of the site.",
    "token_signature": "Sign with the registered key. An HS256 secret is used as its UTF-8 bytes, never decoded first.",
    "token_type": "Set the header's `typ` to `handoff-id+jwt`, or leave what your library writes (`JWT`).",
    "token_header": "Leave `alg`, `kid` (a string) and `typ` in the header, and take everything else out.",
    "token_issuer": "Set `iss` to the site's key, letter for letter.",
    "token_audience": "Set `aud` to the public origin, as one string: scheme, host, port if any, no slash at the end.",
    "token_claim_missing": "Send `iss`, `aud`, `sub`, `iat`, `exp` and `jti` in every token.",
    "token_claim_invalid": "Mend the claim as said; leave an optional claim out when it is not known.",
    "token_expired": "Make a new token for each request of the widget, and check the server's clock.",
    "token_not_yet_valid": "Check the clock of the server that signs: it runs ahead of this one.",
    "token_lifetime_too_long": "Set `exp` to at most 300 seconds after `iat`.",
    "token_too_old": "Set `iat` to the time of signing; do not keep tokens for later.",
    "token_replayed": "Make a new token with a new random `jti` each time; one token opens one session.",
}


def explain(token: str | bytes, *, keys: Sequence[VerificationKey], issuer: str, audience: str, now: int) -> list[str]:
    """Lines for the site's own developer, the code first; for a terminal, since they repeat what the token says."""
    try:
        identity = verify(token, keys=keys, issuer=issuer, audience=audience, now=now)
    except TokenRefused as refusal:
        code: Any = refusal.code
        clues = [*_key_clues(token, keys), *_claim_clues(token, issuer, audience, now)]
        return [f"{code}: {refusal.message}", f"To mend it: {REMEDIES[code]}", *clues]
    return _describe(identity, now)


def _describe(identity: VerifiedIdentity, now: int) -> list[str]:
    assurance = f"acr {identity.acr or 'not said'}, amr {', '.join(identity.amr) or 'not said'}"
    return [
        f"ok: the token is good for {identity.expires_at - now} s more, for one session.",
        f"Customer {identity.subject!r} of site {identity.issuer!r}, {assurance}, facts: {len(identity.facts)}.",
    ]


def _peek(token: str | bytes, index: int) -> dict[str, Any]:
    """One part of a token that nobody vouches for; empty when it cannot be read."""
    try:
        text = token.decode() if isinstance(token, bytes) else token
        part = text.strip().split(".")[index].rstrip("=")
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _key_clues(token: str | bytes, keys: Sequence[VerificationKey]) -> list[str]:
    header = _peek(token, 0)
    known = ", ".join(f"{key.kid} ({key.algorithm}{', revoked' if key.revoked else ''})" for key in keys)
    problems = [(key.kid, key_problem(key.algorithm, key.material)) for key in keys if not key.revoked]
    return [
        f"The header says kid {header.get('kid')!r}, alg {header.get('alg')!r}, typ {header.get('typ')!r}.",
        f"The site's keys: {known or 'none'}.",
        *(f"Key {kid} is unfit: {problem}" for kid, problem in problems if problem),
    ]


def _claim_clues(token: str | bytes, issuer: str, audience: str, now: int) -> list[str]:
    payload = _peek(token, 1)
    clues = [
        f"`{claim}` is {payload.get(claim)!r}, expected {expected!r}."
        for claim, expected in (("iss", issuer), ("aud", audience))
        if payload.get(claim) != expected
    ]
    for claim in ("iat", "exp", "auth_time"):
        value = payload.get(claim)
        if type(value) is int:
            clues.append(f"`{claim}` is {abs(value - now)} s {'ahead of' if value > now else 'behind'} this clock.")
    return clues
