"""The agent calls the customer back: one dial at a time, inside the rules, ordered with the decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.broker.states import Action, Channel, IllegalTransition, State
from handoff.callbacks import queries as callbacks
from handoff.callbacks.models import Callback, CallingRules
from handoff.callbacks.retries import dial_problem
from handoff.calls import actions as calls
from handoff.calls import queries
from handoff.calls.models import Call
from handoff.flows.booking import evidence_for
from handoff.identity.models import Site
from handoff.lib.errors import DomainError, RateLimited
from handoff.realtime import log
from handoff.realtime.log import Recording
from handoff.staffing.models import Agent
from handoff.telephony.models import PhoneNumber
from handoff.telephony.queries import caller_id_of

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
_WORDS: Final = {
    "too_early": "The promised time has not come yet.",
    "window_over": "The promised time is over; agree on another one.",
    "quiet_hours": "It is too late or too early to call there.",
    "suppressed": "This number asked not to be called.",
}


def dial(agent: Agent, handoff_id: str, *, version: int | None = None) -> str:
    """Order the one live dial of a handoff; answers the call's id. Asked again while it lasts, the same one.

    Raises NotFound, `stale_version`, `illegal_transition`, `number_not_allowed` with why not now, `rate_limited`.
    """
    with log.recording() as record:
        handoff = broker.lock_owned(agent, handoff_id, version=version)
        if handoff.state != State.CONNECTED or handoff.channel != Channel.CALLBACK:
            raise IllegalTransition(Action.OFFER, State(handoff.state))
        live = queries.live_dial_of(handoff)
        if live is not None and live.agent_id == agent.pk:
            return live.public_id
        if live is not None:
            raise DomainError("illegal_transition", "The call of the agent before is still being ended; try again.")
        callback = _callback_of(handoff)
        number = _number_of(handoff.site)
        if not agent.audio:
            raise DomainError("illegal_transition", "You have no phone line here; ask an administrator for one.")
        check(handoff, callback, now=record.now)
        call = _begin(handoff, agent, callback, number, record)
    return call.public_id


def check(handoff: Handoff, callback: Callback, *, now: datetime) -> None:
    """Whether this number may be rung at this moment. Raises `number_not_allowed`, `rate_limited`."""
    rules = callbacks.rules_of(handoff.site)
    problem: str | None = dial_problem(
        window=callbacks.window_of(callback),
        quiet=callbacks.quiet_of(rules),
        zone=callbacks.quiet_zone_of(callback),
        now=now,
    )
    # The list may have grown since it was asked for.
    if callbacks.is_suppressed(callback.number, handoff.site):
        problem = "suppressed"
    if problem is not None:
        raise DomainError("number_not_allowed", _WORDS[problem], fields={"phone": problem})
    _check_caps(handoff, callback, rules, now=now)


def ring_seconds_of(site: Site) -> int:
    return callbacks.rules_of(site).ring_seconds


def _check_caps(handoff: Handoff, callback: Callback, rules: CallingRules, *, now: datetime) -> None:
    """By customer; a number that the site did not sign also by number, so that nobody is rung on behalf of many.

    What strangers have done to a number must not keep its signed owner from being called.
    """
    # Two dials at once count each other.
    Site.objects.select_for_update(no_key=True).filter(pk=handoff.site_id).values_list("pk", flat=True).first()
    rung = queries.dials_to(handoff.customer, since=now - DAY)
    if callback.is_edited:
        rung = max(rung, queries.dials_to_number(callback.number, since=now - DAY))
    if rung >= rules.per_customer_day:
        raise RateLimited(int(DAY.total_seconds()))
    if queries.dials_of(handoff.site, since=now - HOUR) >= rules.per_site_hour:
        raise RateLimited(int(HOUR.total_seconds()))


def _begin(handoff: Handoff, agent: Agent, callback: Callback, number: PhoneNumber, record: Recording) -> Call:
    evidence = evidence_for(callback.number, handoff.customer)
    call = calls.begin_dial(
        handoff,
        agent,
        provider=number.provider,
        number=callback.number,
        caller_id=number.number,
        evidence=evidence,
        now=record.now,
    )
    record.entries.append(calls.changed(call))
    if handoff.evidence != evidence:
        # The site has signed another number since.
        broker.change_evidence(handoff, evidence)
        record.entries.append(broker.briefing(handoff, now=record.now))
    return call


def _callback_of(handoff: Handoff) -> Callback:
    found = callbacks.of(handoff)
    if found is None or not found.number:
        raise DomainError("illegal_transition", "Nobody has said which number to call.")
    return found


def _number_of(site: Site) -> PhoneNumber:
    found = caller_id_of(site)
    if found is None:
        raise DomainError("illegal_transition", "This site has no number to call from.")
    return found
