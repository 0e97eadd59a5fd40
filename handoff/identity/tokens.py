"""Decide whether an identity token is genuine, fresh and meant for us: the one `verify`."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from handoff.identity.claims import TokenCode, TokenRefused, VerifiedFact, VerifiedIdentity, read_identity, read_object

__all__ = [
    "Algorithm",
    "TokenCode",
    "TokenRefused",
    "VerificationKey",
    "VerifiedFact",
    "VerifiedIdentity",
    "key_problem",
    "signed_with",
    "verify",
]

Algorithm = Literal["HS256", "ES256", "EdDSA"]

MAX_TOKEN_BYTES: Final = 8 * 1024
MIN_SECRET_BYTES: Final = 32
TYPES: Final = ("handoff-id+jwt", "JWT")
HEADER_NAMES: Final = frozenset({"alg", "kid", "typ"})

# `none` and every algorithm that we do not offer are simply not here.
_SIGNATURES: Final = {name: get_default_algorithms()[name] for name in ("HS256", "ES256", "EdDSA")}
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_PUBLIC_PEM: Final = b"-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One key of a site as our records hold it: HMAC secret bytes, or a public key as PEM."""

    kid: str
    algorithm: Algorithm
    material: bytes
    revoked: bool = False

    def __repr__(self) -> str:
        return f"VerificationKey(kid={self.kid!r}, algorithm={self.algorithm!r}, revoked={self.revoked!r})"


def verify(
    token: str | bytes, *, keys: Sequence[VerificationKey], issuer: str, audience: str, now: int
) -> VerifiedIdentity:
    """Every rule but replay, in a fixed order; the first one broken raises TokenRefused with its code.

    Size, alphabet, header, key, signature, payload's JSON, names and types, times, audience, issuer. Nothing of the
    payload is parsed before the signature holds. `keys` are all keys of the site, revoked ones too. That a `jti`
    opens one session is for the caller's unique index to prove.
    """
    header_part, payload_part, signature_part = _split(token)
    algorithm, kid = _read_header(_decode(header_part))
    key = _choose_key(keys, kid)
    if key.algorithm != algorithm:
        raise TokenRefused("token_alg_not_allowed", "The key is registered for another algorithm.")
    payload = _decode(payload_part)
    _check_signature(key, f"{header_part}.{payload_part}".encode(), _decode(signature_part))
    return read_identity(read_object(payload, "payload"), issuer=issuer, audience=audience, now=now)


def signed_with(token: str | bytes, *, keys: Sequence[VerificationKey]) -> str:
    """The kid of the key that signed a token which `verify` has let pass."""
    header = _split(token)[0]
    _, kid = _read_header(_decode(header))
    return _choose_key(keys, kid).kid


def key_problem(algorithm: Algorithm, material: bytes) -> str | None:
    """Why this key material cannot verify anything, in plain words; None when it can."""
    if algorithm == "HS256" and len(material) < MIN_SECRET_BYTES:
        return f"An HS256 secret needs at least {MIN_SECRET_BYTES} bytes."
    if algorithm != "HS256" and not material.strip().startswith(_PUBLIC_PEM):
        return f"{algorithm} needs a public key in PEM form."
    try:
        _SIGNATURES[algorithm].prepare_key(material)
    except (PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        return f"The key cannot be used with {algorithm}."
    return None


def _split(token: str | bytes) -> list[str]:
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRefused("token_too_large", f"A token may have {MAX_TOKEN_BYTES} bytes at most.")
    text = token.decode("latin-1") if isinstance(token, bytes) else token
    if not _COMPACT.fullmatch(text):
        raise _not_compact()
    return text.split(".")


def _decode(part: str) -> bytes:
    """Base64url in its one canonical spelling: no padding, no spare bits set in the last character."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise _not_compact() from None
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != part:
        raise _not_compact()
    return data


def _not_compact() -> TokenRefused:
    return TokenRefused("token_malformed", "The token is not three base64url parts joined by dots.")


def _read_header(data: bytes) -> tuple[str, str | None]:
    header = read_object(data, "header")
    if not header.keys() <= HEADER_NAMES or not isinstance(header.get("kid", ""), str):
        raise TokenRefused("token_header", "The token's header may hold `alg`, `kid` and `typ`, and nothing else.")
    if header.get("typ") not in TYPES:
        raise TokenRefused("token_type", "The token's `typ` must be `handoff-id+jwt` or `JWT`.")
    algorithm: Any = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _SIGNATURES:
        raise TokenRefused("token_alg_not_allowed", "The token's `alg` must be HS256, ES256 or EdDSA.")
    return algorithm, header.get("kid")


def _choose_key(keys: Sequence[VerificationKey], kid: str | None) -> VerificationKey:
    named = [key for key in keys if kid is None or key.kid == kid]
    live = [key for key in named if not key.revoked]
    if named and not live:
        raise TokenRefused("token_key_revoked", "The key that signed this token is revoked.")
    if not live:
        raise TokenRefused("token_key_unknown", "The site has no key with this `kid`.")
    if len(live) > 1:
        raise TokenRefused("token_key_unknown", "The site has several live keys: the header needs a `kid`.")
    return live[0]


def _check_signature(key: VerificationKey, signed: bytes, signature: bytes) -> None:
    if key_problem(key.algorithm, key.material):
        raise TokenRefused("token_alg_not_allowed", "The site's stored key is too weak or unfit for its algorithm.")
    rule = _SIGNATURES[key.algorithm]
    if not rule.verify(signed, rule.prepare_key(key.material), signature):
        raise TokenRefused("token_signature", "The token's signature does not fit its content and key.")
