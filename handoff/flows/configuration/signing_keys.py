"""The signing keys that a site's tables name, held against each other and against those we have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from handoff.flows.configuration.form import Problem, Record
from handoff.flows.configuration.key_material import Material
from handoff.identity.keys import decrypt
from handoff.identity.models import SiteKey
from handoff.identity.tokens import Algorithm

_MATERIALS: Final = frozenset({"hmac_secret", "public_key"})


@dataclass(frozen=True)
class GivenKey:
    """One key of the file. `kid` is None when the file leaves the name to us."""

    table: str
    kid: str | None
    material: Material

    @property
    def name(self) -> str:
        return self.kid or self.material.default_kid


def given_keys(site: Record, problems: list[Problem]) -> list[GivenKey]:
    """The key in the site's own table, then those of [[sites.keys]]."""
    inner = site.tables.get("keys", [])
    tables = [site, *inner] if site.named & {"kid", *_MATERIALS} else inner
    found = [key for record in tables if (key := _given_key(record, problems)) is not None]
    problems += _twins(found)
    return found


def conflicts(given: Iterable[GivenKey], stored: Iterable[SiteKey]) -> Iterator[Problem]:
    """A key is never replaced: the site's servers may still sign with it."""
    by_kid = {key.kid: material_of(key) for key in stored}
    kid_of = {material: kid for kid, material in by_kid.items()}
    for key in given:
        if key.name in by_kid and by_kid[key.name] != key.material:
            yield Problem(
                key.table, "kid", f"{key.name!r} names another key already; rotate: give the new key a new kid"
            )
        elif key.kid and kid_of.get(key.material, key.kid) != key.kid:
            yield Problem(key.table, "kid", f"this key is known already, as {kid_of[key.material]!r}")


def new_keys(given: Iterable[GivenKey], stored: Iterable[SiteKey]) -> list[GivenKey]:
    """Those that we do not have yet. One that was revoked stays revoked."""
    known = {material_of(key) for key in stored}
    return [key for key in given if key.material not in known]


def material_of(key: SiteKey) -> Material:
    text = decrypt(key.encrypted_secret).decode() if key.encrypted_secret else key.public_key
    return Material(cast(Algorithm, key.algorithm), text)


def _given_key(record: Record, problems: list[Problem]) -> GivenKey | None:
    named = record.named & _MATERIALS
    if len(named) == 1:
        material: Material | None = record.values.get(next(iter(named)))
        return None if material is None else GivenKey(record.table, record.values.get("kid"), material)
    text = "stands beside hmac_secret; a table holds one key, and more go under [[sites.keys]]"
    problems.append(Problem(record.table, "public_key", text if named else "or hmac_secret is missing"))
    return None


def _twins(keys: list[GivenKey]) -> Iterator[Problem]:
    for place, key in enumerate(keys):
        for earlier in keys[:place]:
            if key.material == earlier.material:
                yield Problem(key.table, "kid", f"this key is also the key of {earlier.table}")
            elif key.name == earlier.name:
                yield Problem(key.table, "kid", f"{key.name!r} is also the kid of {earlier.table}")
