"""Who may sit at the desk."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from django.contrib.sessions.models import Session as SignIn

from handoff.lib.errors import DomainError
from handoff.realtime.clock import database_now
from handoff.realtime.lookups import among
from handoff.staffing.models import Agent, User

Grant = tuple[Any, ...]


def agent_of(user: Any) -> Agent:
    """The agent behind an active account. Raises `forbidden`."""
    agent = Agent.objects.filter(user_id=user.pk, user__is_active=True).first() if user.is_authenticated else None
    if agent is None:
        raise DomainError("forbidden", "This account is no agent's.")
    return agent


def grant_of(user: User, sign_in_key: str) -> Grant:
    """What a desk socket rests on: this sign-in, and the password it was made with."""
    return ("sign_in", user.pk, sign_in_key, hashlib.sha256(user.password.encode()).hexdigest())


def live_grants(grants: Collection[Grant]) -> set[Grant]:
    """Those whose sign-in, account and password still stand."""
    asked = [grant for grant in grants if grant[0] == "sign_in"]
    if not asked:
        return set()
    lasting = SignIn.objects.filter(among("session_key", (grant[2] for grant in asked)), expire_date__gt=database_now())
    signed_in = set(lasting.values_list("session_key", flat=True))
    users = User.objects.filter(among("pk", (grant[1] for grant in asked)), is_active=True, agent__isnull=False)
    fingerprints = {user.pk: grant_of(user, "")[3] for user in users.only("pk", "password")}
    return {grant for grant in asked if grant[2] in signed_in and fingerprints.get(grant[1]) == grant[3]}
