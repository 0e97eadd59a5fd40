"""Which language a customer's page speaks, from what the site, the browser and the settings say."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from handoff.identity.brand import LANGUAGES

RIGHT_TO_LEFT: Final = frozenset({"ar"})
HEADER_LIMIT: Final = 1000

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
_WEIGHT: Final = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*")


class Language(NamedTuple):
    """`tag` keeps the region, which decides how a time is written; `base` names the catalogue."""

    tag: str
    base: str

    @property
    def direction(self) -> str:
        return "rtl" if self.base in RIGHT_TO_LEFT else "ltr"


def choose(*, asked: str, accepted: str, default: str) -> Language:
    """The page that holds us decides, then the browser (`Accept-Language`), then the site's own, then English."""
    for tag in (asked, *_in_order(accepted), default):
        if language := _known(tag):
            return language
    return Language("en", "en")


def _known(tag: str) -> Language | None:
    tag = tag.strip()
    base = tag.split("-")[0].lower()
    return Language(tag, base) if _TAG.fullmatch(tag) and base in LANGUAGES else None


def _in_order(accepted: str) -> list[str]:
    """The tags of a header, the most wanted first; what cannot be read is left out."""
    wanted: list[tuple[float, str]] = []
    for part in accepted[:HEADER_LIMIT].split(","):
        tag, _, weight = part.partition(";")
        found = _WEIGHT.fullmatch(weight) if weight else None
        if weight and not found:
            continue
        wanted.append((float(found[1]) if found else 1.0, tag.strip()))
    return [tag for weight, tag in sorted(wanted, key=lambda each: -each[0]) if weight > 0]
