"""The handoff: the one record of one need, whatever the channel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Q

from handoff.broker.states import OPEN, OWNED, Channel, CloseReason, State
from handoff.identity.models import Customer, Site
from handoff.intents.models import Intent
from handoff.journeys.models import Journey
from handoff.lib import ids
from handoff.staffing.models import Agent, Queue


def _choices(words: type[State] | type[Channel] | type[CloseReason]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


def _values(words: Iterable[State | Channel | CloseReason]) -> list[str]:
    """Plain strings: a migration must not depend on today's enumerations."""
    return sorted(word.value for word in words)


class Handoff(models.Model):
    """From the click to the wrap-up. Its state is written in one place: `broker.transitions.apply`."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_handoff_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="handoffs")
    journey = models.OneToOneField(Journey, on_delete=models.PROTECT)
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs")
    channel = models.CharField(max_length=8, choices=_choices(Channel))
    state = models.CharField(max_length=13, choices=_choices(State))
    version = models.PositiveIntegerField(default=1)
    statement = models.TextField(blank=True)
    # What speaks for the person on the line, as in the protocol; empty where the page itself talks.
    # The database's own default: a process of the former version inserts without it.
    evidence = models.CharField(max_length=14, blank=True, default="", db_default="")
    client_id = models.CharField(max_length=64)

    # What the site vouched for at the click; refreshed when the customer signs in or steps up.
    acr = models.CharField(max_length=200, blank=True)
    amr = models.JSONField(default=list)
    auth_time = models.BigIntegerField(null=True)

    opened_at = models.DateTimeField()
    enqueued_at = models.DateTimeField(null=True)
    ranked_at = models.DateTimeField(
        null=True, help_text="Its place in the line: when it was enqueued, less its intent's head start."
    )
    due_at = models.DateTimeField(null=True, help_text="When a scheduled one re-enters the queue.")
    promised_seconds = models.PositiveIntegerField(
        null=True, help_text="It was promised for a time: it stands in line as if it had come this much earlier."
    )
    expires_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Set by logout: the talk goes on unless nobody comes back.
    signed_out_at = models.DateTimeField(null=True)
    # Who talked to the customer a moment ago is asked first, until then.
    preferred_agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    preferred_until = models.DateTimeField(null=True)
    # Who has passed it on is not asked again, until then.
    excluded_agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    excluded_until = models.DateTimeField(null=True)
    is_left = models.BooleanField(default=False, help_text="Left out of hours; nobody waits with it.")
    # Of a practice site: for trainees alone, and counted nowhere.
    is_simulated = models.BooleanField(default=False, db_default=False)
    close_reason = models.CharField(max_length=13, choices=_choices(CloseReason), blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)

    customer_read_seq = models.BigIntegerField(default=0)
    agent_read_seq = models.BigIntegerField(default=0)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=_values(State)), name="state_known"),
            models.CheckConstraint(condition=Q(channel__in=_values(Channel)), name="channel_known"),
            models.CheckConstraint(
                condition=Q(state="closed", close_reason__in=_values(CloseReason), closed_at__isnull=False)
                | ~Q(state="closed") & Q(closed_at__isnull=True),
                name="closed_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_values(OWNED), agent__isnull=False) | ~Q(state__in=_values(OWNED)),
                name="owned_has_an_agent",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "offered"], enqueued_at__isnull=False, agent__isnull=True)
                | ~Q(state__in=["queued", "offered"]),
                name="waiting_has_a_place_and_no_owner",
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=_values(OPEN)), name="one_open_handoff_a_customer"
            ),
            models.UniqueConstraint(
                fields=["customer", "intent"], condition=Q(state="scheduled"), name="one_scheduled_an_intent"
            ),
            models.UniqueConstraint(fields=["customer", "client_id"], name="one_handoff_a_client_id"),
        ]
        indexes = [
            models.Index(fields=["queue", "ranked_at"], condition=Q(state__in=["queued", "offered"]), name="the_line"),
            models.Index(fields=["queue", "-closed_at"], condition=Q(connected_at__isnull=False), name="service_times"),
            models.Index(fields=["agent", "state"], condition=Q(state__in=_values(OWNED)), name="the_desk"),
            models.Index(fields=["ended_at"], condition=Q(state="wrap_up"), name="wrap_ups_due"),
            models.Index(fields=["due_at"], condition=Q(state="scheduled"), name="scheduled_due"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="expiries_due"),
            models.Index(fields=["customer", "-opened_at"], name="history_of_customer"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(state="closed"), name="closed_by_time"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def is_for(self, agent: Agent) -> bool:
        """Practice is for trainees, and trainees are for nothing else."""
        return self.is_simulated == agent.is_trainee


class VerificationRequest(models.Model):
    """What the agent last asked the customer to confirm, and what came of it."""

    class Status(models.TextChoices):
        ASKED = "asked"
        SATISFIED = "satisfied"
        DECLINED = "declined"

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="verification")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    acr_values = models.JSONField(default=list)
    max_age = models.PositiveIntegerField(null=True)
    # The action as it was called then: a site may take it out of its menu.
    action_key = models.CharField(max_length=64, blank=True)
    action_label = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=Status)
    lacks = models.CharField(max_length=13, blank=True, help_text="What the last sign-in lacked, as in the protocol.")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.status

    def is_open(self, now: datetime) -> bool:
        return self.status == self.Status.ASKED and now < self.expires_at


class WrapUp(models.Model):
    """The coded outcome of a talk, and the agent's note on it."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="wrap_up")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT)
    disposition = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.disposition


class Survey(models.Model):
    """How easy it was, 1 (very difficult) to 7 (very easy): the Customer Effort Score 2.0 question."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="survey")
    effort = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [models.CheckConstraint(condition=Q(effort__gte=1, effort__lte=7), name="effort_1_to_7")]
        indexes = [models.Index(fields=["at"], name="surveys_by_time")]

    def __str__(self) -> str:
        return str(self.effort)
