"""What a sign-out means for the desk; connected once, when the application starts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver

from handoff.realtime.clock import database_now
from handoff.staffing.actions import end_lease
from handoff.staffing.models import Agent


@receiver(user_logged_out, dispatch_uid="end_lease_of_agent")
def end_lease_of_agent(*, user: Any, **_: Any) -> None:
    """Who has signed out is offered nothing more."""
    agent = Agent.objects.filter(user_id=user.pk).first() if user is not None else None
    if agent is not None:
        end_lease(agent, now=database_now())
