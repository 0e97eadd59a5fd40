"""The providers of this process: made from the environment, and told who decides."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError

from handoff.flows import phone
from handoff.telephony import registry
from handoff.telephony.configured import LAB_SIP, HalfGiven, providers_from
from handoff.telephony.queries import providers_named

_problems: list[str] = []


def add_providers() -> None:
    """Once a process, for those that hear of calls and those that make them; what is half given is a check's matter."""
    registry.decide_with(phone.receive)
    try:
        found = providers_from(settings.HANDOFF_TELEPHONY, public_origin=settings.PUBLIC_ORIGIN, report=registry.report)
    except HalfGiven as error:
        _problems[:] = [str(error)]
        return
    for provider in found:
        registry.add(provider)


@register(deploy=False)
def telephony_is_whole(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Refuses half of a provider's settings."""
    return [Error(problem, id="handoff.E010") for problem in _problems]


@register(deploy=False)
def lab_stays_at_home(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Refuses the lab, which knows neither encryption nor passwords, beside a public origin."""
    if settings.HANDOFF_TELEPHONY.get(LAB_SIP) and settings.PUBLIC_ORIGIN.startswith("https://"):
        return [Error("The lab's telephony (HANDOFF_LAB_SIP) is not for a public deployment.", id="handoff.E011")]
    return []


@register("database")
def numbers_have_providers(
    app_configs: object, databases: Collection[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """Warns of numbers whose provider this process does not know: nobody could be rung from them.

    Only when it is asked about the database: a connection made before a server has set its limits has none.
    """
    if not databases:
        return []
    try:
        missing = sorted(providers_named() - {one.name for one in registry.every()})
    except DatabaseError:
        return []
    return [
        Warning(f"Numbers name the provider {name!r}, which is not set up here.", id="handoff.W010") for name in missing
    ]
