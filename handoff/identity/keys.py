"""A site's signing keys: secrets encrypted at rest, several live at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from cryptography.fernet import InvalidToken
from django.conf import settings

from handoff.identity.models import Site, SiteKey
from handoff.identity.tokens import Algorithm, VerificationKey
from handoff.lib import vault
from handoff.realtime.editions import Shelf

# Last use is a hint for the person who rotates; it need not be written at every token.
LAST_USE_PRECISION: Final = timedelta(minutes=1)


def encrypt(secret: str) -> str:
    return vault.encrypt(secret, secrets=_secrets())


def decrypt(encrypted: str) -> bytes:
    """The secret's UTF-8 bytes."""
    return vault.decrypt(encrypted, secrets=_secrets())


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]


@dataclass(frozen=True)
class KeyRing:
    """Every key of a site, revoked ones too, as the verifier wants them; and when each was last used, as far as this
    process knows."""

    keys: Sequence[VerificationKey]
    last_used: dict[str, datetime | None]


_rings: Final[Shelf[int, KeyRing]] = Shelf()


def ring_of(site: Site) -> KeyRing:
    """As of the edition of the site: one that is revoked counts from its commit on."""
    return _rings.get(site.pk, lambda: _read_ring(site), edition=site.edition)


def _read_ring(site: Site) -> KeyRing:
    rows = list(SiteKey.objects.filter(site=site).order_by("id"))
    return KeyRing(keys=[_verifying(key) for key in rows], last_used={key.kid: key.last_used_at for key in rows})


def keys_of(site: Site) -> Sequence[VerificationKey]:
    return ring_of(site).keys


def _verifying(key: SiteKey) -> VerificationKey:
    return VerificationKey(
        kid=key.kid,
        algorithm=cast(Algorithm, key.algorithm),
        material=decrypt(key.encrypted_secret) if key.encrypted_secret else key.public_key.encode(),
        revoked=key.revoked_at is not None,
    )


def unreadable_sites() -> list[str]:
    """Keys of the sites whose live secrets this deployment's SECRET_KEY and its fallbacks cannot decrypt."""
    found = []
    for key in SiteKey.objects.select_related("site").filter(revoked_at=None).exclude(encrypted_secret=""):
        try:
            decrypt(key.encrypted_secret)
        except InvalidToken:
            found.append(key.site.key)
    return sorted(set(found))


def note_use(site: Site, kid: str, *, ring: KeyRing, now: datetime) -> None:
    """Remember that a key signed something lately, so that one that signs nothing any more can be revoked."""
    known = ring.last_used.get(kid)
    if known is not None and known > now - LAST_USE_PRECISION:
        return
    SiteKey.objects.filter(site=site, kid=kid).exclude(last_used_at__gt=now - LAST_USE_PRECISION).update(
        last_used_at=now
    )
    ring.last_used[kid] = now
