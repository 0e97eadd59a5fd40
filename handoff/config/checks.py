"""System checks: what must not be true in production."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from handoff.config import env

MIN_SECRET_LENGTH = 32


@register(deploy=False)
def production_is_safe(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuses DEBUG, a short key and open hosts on a public https origin; the demo is exempt."""
    if settings.HANDOFF_DEMO:
        return []
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < MIN_SECRET_LENGTH:
        found.append(Error("SECRET_KEY is shorter than 32 characters.", id="handoff.E001"))
    if settings.DEBUG and settings.PUBLIC_ORIGIN.startswith("https://"):
        found.append(Error("DEBUG is on for a public origin.", id="handoff.E002"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS lets every host in.", id="handoff.E003"))
    if not settings.PUBLIC_ORIGIN.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        found.append(Warning("PUBLIC_ORIGIN is not https: tokens would travel in the clear.", id="handoff.W001"))
    if not settings.HANDOFF_ATTACHMENT_SCANNER and settings.PUBLIC_ORIGIN.startswith("https://"):
        found.append(
            Warning(
                "No HANDOFF_ATTACHMENT_SCANNER: what customers and agents send each other is not scanned.",
                hint="With ClamAV's daemon: handoff.attachments.clamd.scan (docs/operations.md).",
                id="handoff.W002",
            )
        )
    return [*found, *_settings_make_sense()]


def _settings_make_sense() -> Iterator[CheckMessage]:
    """What is wrong here would not be noticed before somebody looks at figures, or power fails."""
    if not settings.PUBLIC_ORIGIN.startswith(("https://", "http://")):
        yield Error("PUBLIC_ORIGIN has no https:// before it: no host would be let in.", id="handoff.E004")
    if settings.PUBLIC_ORIGIN.startswith("https://") and not settings.TRUSTED_PROXIES:
        yield Warning(
            "PUBLIC_ORIGIN is https and TRUSTED_PROXIES is 0: whatever ends TLS is a proxy, "
            "and limits take everybody for that one address.",
            id="handoff.W003",
        )
    try:
        ZoneInfo(settings.HANDOFF_TIME_ZONE)
    except (LookupError, ValueError, OSError):
        yield Error("HANDOFF_TIME_ZONE names no time zone: one like Europe/Berlin.", id="handoff.E005")
    if re.match(r"(OFF|NORMAL|FULL|EXTRA)\b", env.SQLITE_SYNCHRONOUS) is None:
        yield Error("HANDOFF_SQLITE_SYNCHRONOUS is neither FULL nor NORMAL.", id="handoff.E006")
    if settings.TRUSTED_PROXIES < 0:
        # Counted from the other end, the address would be whatever a customer has written there.
        yield Error("TRUSTED_PROXIES is below 0: say how many proxies stand in front.", id="handoff.E007")
