"""`manage.py check --deploy`: what a process would find where it is to run."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.management.base import CommandError

from handoff.config import certificate, hints
from handoff.config.listener import parse_address
from handoff.config.parts import look_at_database


@register(deploy=True)
def parts_answer(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Database, clock, Redis, certificate, the metrics' address; no worker, which may come later."""
    if settings.HANDOFF_DEMO:
        return []
    return [*_of_database(), *_of_redis(), *_of_certificate(), *_of_metrics()]


def _of_database() -> Iterator[CheckMessage]:
    report = look_at_database()
    if "database" in report.troubles:
        yield Error(report.troubles["database"], id="handoff.E010")
    elif "database" in report.notes:
        yield Warning(report.notes["database"], id="handoff.W010")
    if clock := report.troubles.get("clock") or report.notes.get("clock"):
        yield Warning(clock, id="handoff.W011")
    if log := report.notes.get("log"):
        yield Warning(log, id="handoff.W015")


def _of_redis() -> Iterator[CheckMessage]:
    if settings.REDIS_URL and (trouble := hints.find_trouble()):
        yield Error(trouble, id="handoff.E011")


def _of_certificate() -> Iterator[CheckMessage]:
    if not settings.PUBLIC_ORIGIN.startswith("https://"):
        return
    try:
        found = certificate.look(settings.PUBLIC_ORIGIN)
    except OSError as error:
        yield Warning(f"The certificate of PUBLIC_ORIGIN cannot be seen from here: {error}.", id="handoff.W012")
        return
    if found.trouble is not None:
        yield Warning(found.trouble, id="handoff.W013")


def _of_metrics() -> Iterator[CheckMessage]:
    if not settings.HANDOFF_METRICS_ADDRESS:
        return
    try:
        host, _ = parse_address(settings.HANDOFF_METRICS_ADDRESS)
    except CommandError as error:
        yield Error(str(error), id="handoff.E012")
    else:
        if _is_for_everybody(host):
            yield Warning(
                "HANDOFF_METRICS_ADDRESS listens on every network or a public one, and asks nobody who they are.",
                hint="An address that only the scraper reaches, or a firewall before it.",
                id="handoff.W014",
            )


def _is_for_everybody(host: str) -> bool:
    """As the listener will take it: a name by its addresses, and `0` for all there are."""
    try:
        found = {ipaddress.ip_address(place[0]) for *_, place in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return any(address.is_unspecified or address.is_global for address in found)
