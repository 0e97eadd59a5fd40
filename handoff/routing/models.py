"""Offers: one timed proposal of one handoff to one agent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.lib import ids
from handoff.staffing.models import Agent


class Offer(models.Model):
    """Its row decides, not a timer: accept and expiry are the same guarded update of `status`."""

    class Status(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        TIMED_OUT = "timed_out"
        WITHDRAWN = "withdrawn"
        AGENT_LOST = "agent_lost"

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_offer_id, editable=False)
    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="offers")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="offers")
    token = models.CharField(max_length=64, default=ids.new_secret)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    why = models.JSONField(help_text="Why this agent, why now, why not the others.")
    # As it was made: who accepts, accepts what was shown.
    told = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True, help_text="What the agent said when declining.")

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["handoff"], condition=Q(status="pending"), name="one_pending_offer_a_handoff"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "accepted", "declined", "timed_out", "withdrawn", "agent_lost"]),
                name="offer_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["agent"], condition=Q(status="pending"), name="pending_of_agent"),
            models.Index(fields=["expires_at"], condition=Q(status="pending"), name="pending_by_expiry"),
            models.Index(fields=["handoff", "ended_at"], name="offers_of_handoff"),
        ]

    def __str__(self) -> str:
        return self.public_id
