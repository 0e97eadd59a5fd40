"""Try an identity token without using it up, for whoever builds a site."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from handoff.identity.explanations import REMEDIES, explain
from handoff.identity.keys import keys_of
from handoff.identity.models import Site, UsedToken
from handoff.identity.tokens import TokenRefused, verify


def check(site: Site, token: str | bytes, *, now: datetime) -> tuple[bool, list[str]]:
    """Whether the token would open a session now, and the lines that say why or why not."""
    keys, seconds = keys_of(site), int(now.timestamp())
    lines = explain(token, keys=keys, issuer=site.key, audience=settings.PUBLIC_ORIGIN, now=seconds)
    try:
        identity = verify(token, keys=keys, issuer=site.key, audience=settings.PUBLIC_ORIGIN, now=seconds)
    except TokenRefused:
        return False, lines
    if UsedToken.objects.filter(site=site, jti=identity.jti).exists():
        told = "token_replayed: This token has opened a session already."
        return False, [told, f"To mend it: {REMEDIES['token_replayed']}"]
    return True, lines
