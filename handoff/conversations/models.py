"""What an agent writes before it is sent, and what was asked though it was known."""

from __future__ import annotations

from django.db import models

from handoff.broker.models import Handoff
from handoff.staffing.models import Agent


class Draft(models.Model):
    """An agent's unsent words in one handoff: theirs alone, and gone with its end."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="drafts")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    reply = models.TextField(blank=True)
    note = models.TextField(blank=True)
    mode = models.CharField(max_length=5, default="reply")
    # Counted by the pages that write: the greater one holds the newer words.
    clock = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["handoff", "agent"], name="one_draft_an_agent")]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.handoff_id}"


class ReAsk(models.Model):
    """A question for something on record that the guard showed to its agent."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="reasks")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    fact_key = models.CharField(max_length=64, blank=True)
    fact_source = models.CharField(max_length=8)
    client_id = models.CharField(max_length=64, unique=True)
    sent = models.BooleanField(help_text="Asked anyway; otherwise it was taken back.")
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        indexes = [models.Index(fields=["handoff"], condition=models.Q(sent=True), name="reasks_sent")]

    def __str__(self) -> str:
        return self.fact_key
