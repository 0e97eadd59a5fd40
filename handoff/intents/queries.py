"""The menu of a site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.realtime.editions import Shelf

_menus: Final[Shelf[int, Sequence[Intent]]] = Shelf()


def intents_of(site: Site) -> Sequence[Intent]:
    """In their order, with their queues and these queues' hours; as of the edition of the site."""
    return _menus.get(site.pk, lambda: _read(site), edition=site.edition)


def _read(site: Site) -> Sequence[Intent]:
    found = list(Intent.objects.select_related("queue__hours").filter(site=site))
    for intent in found:
        intent.site = site
    return found
