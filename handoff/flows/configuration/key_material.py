"""A signing key as the file gives it: which algorithm it is for, and its name if it has none."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from handoff.identity.tokens import Algorithm, key_problem

GENERATED_BYTES: Final = 48
KID_CHARACTERS: Final = 16


@dataclass(frozen=True)
class Material:
    """An HMAC secret, or a public key in the one PEM spelling that we store."""

    algorithm: Algorithm
    text: str = field(repr=False)

    @property
    def default_kid(self) -> str:
        """The same for the same key, so that a second run finds what the first one made."""
        # The prefix keeps this from being the hash of the secret that somebody else might publish or look up.
        return hashlib.sha256(b"handoff-kid:" + self.text.encode()).hexdigest()[:KID_CHARACTERS]


def read_secret(value: object) -> Material:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return _fit(Material("HS256", value))


def read_public_key(value: object) -> Material:
    """ES256 or EdDSA, as the key's own type says."""
    if not isinstance(value, str):
        raise ValueError("must be a string: a public key in PEM form")
    if "PRIVATE KEY" in value:
        raise ValueError("is a private key; it belongs to the site alone, and its public half here")
    try:
        found = serialization.load_pem_public_key(value.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a public key in PEM form: -----BEGIN PUBLIC KEY-----") from None
    spelled = found.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    if isinstance(found, ed25519.Ed25519PublicKey):
        return _fit(Material("EdDSA", spelled))
    if isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1):
        return _fit(Material("ES256", spelled))
    raise ValueError("must be a P-256 key (for ES256) or an Ed25519 key (for EdDSA)")


def generate() -> Material:
    return Material("HS256", secrets.token_urlsafe(GENERATED_BYTES))


def _fit(material: Material) -> Material:
    problem = key_problem(material.algorithm, material.text.encode())
    if problem:
        raise ValueError(problem)
    return material
