"""A trainee asks for a simulated customer: one comes through the public API, and nothing counts them."""

from __future__ import annotations

import secrets
from typing import Final

from django.conf import settings

from handoff.flows import practice
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.lib.errors import DomainError
from handoff.realtime.limits import SharedLimiter
from handoff.simulation.stage import Plan, Signer
from handoff.simulation.visits import MOST_EACH, Begun, Visits
from handoff.staffing.models import Agent

PRACTICES: Final = SharedLimiter("practices", 20, 600, scale=settings.HANDOFF_LIMIT_SCALE)
# A talk is over long before; what is left then was left by its trainee.
MINUTES: Final = 30
# People who come again now and then, so that some have a past.
SEEDS, PEOPLE = 9, 100
visits: Final = Visits()


def start(agent: Agent) -> None:
    """Bring one customer into the line of practice, and wait until they stand there.

    Raises `forbidden`, `rate_limited`, `channel_full`, `channel_closed`, `not_ready`.
    """
    if not agent.is_trainee:
        raise DomainError("forbidden", "Practice is for trainees.")
    PRACTICES.check(("agent", agent.pk))
    begun = visits.begin(_plan(agent), 1 + secrets.randbelow(PEOPLE), trainee=agent.public_id)
    if begun is Begun.TOO_MANY:
        raise DomainError(
            "channel_full", f"{MOST_EACH} simulated customers are with you. Finish with one of them first."
        )
    if begun is Begun.BUSY:
        raise DomainError("not_ready", "Others are being brought a customer just now. Try again in a moment.")
    if begun is Begun.NOTHING_OPEN:
        raise DomainError(
            "channel_closed", "Nothing is open now: practice keeps the hours and limits of the real line."
        )
    if begun is Begun.UNREACHABLE:
        raise DomainError(
            "not_ready", f"No simulated customer came through: this server must reach {settings.PUBLIC_ORIGIN}."
        )


def _plan(agent: Agent) -> Plan:
    signing = practice.prepare_training(_template(agent), is_open=False)
    return Plan(
        url=settings.PUBLIC_ORIGIN,
        public_origin=settings.PUBLIC_ORIGIN,
        signer=Signer(signing.site, signing.kid, signing.secret),
        accounts=(),
        customers=1,
        minutes=MINUTES,
        seed=1 + secrets.randbelow(SEEDS),
        intents=frozenset(_within_reach(agent, site=signing.site)),
        is_chat_only=True,
    )


def _template(agent: Agent) -> str:
    """The first real site that sends anybody to this agent's queues. Raises `channel_closed`."""
    sites = Site.objects.filter(is_simulated=False, intents__queue__in=agent.queues.all()).order_by("id")
    key = sites.values_list("key", flat=True).first()
    if key is None:
        raise DomainError("channel_closed", "No queue of yours has anything that customers can ask for yet.")
    return key


def _within_reach(agent: Agent, *, site: str) -> list[str]:
    """What this agent could be offered; the practice site has the whole menu."""
    skills = set(agent.skills.values_list("skill", flat=True))
    menu = Intent.objects.filter(site__key=site, queue__in=agent.queues.all()).prefetch_related("skills")
    return [one.key for one in menu if {skill.pk for skill in one.skills.all()} <= skills]
