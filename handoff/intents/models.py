"""What a customer may want: the menu of a site, and what an agent may do about it."""

from __future__ import annotations

from django.db import models

from handoff.identity.models import Site
from handoff.staffing.models import Queue, Skill


class Intent(models.Model):
    """One line of a site's menu, and the queue it leads to."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="intents")
    key = models.SlugField(max_length=64)
    label = models.CharField(max_length=100)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="intents")
    skills = models.ManyToManyField(Skill, blank=True)
    channels = models.JSONField(default=list)
    head_start_minutes = models.PositiveIntegerField(default=0)
    required_acr = models.JSONField(default=list, blank=True)
    max_auth_age_seconds = models.PositiveIntegerField(null=True, blank=True)
    place = models.PositiveIntegerField(default=0, help_text="Where it stands in the menu.")

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["site", "key"], name="one_intent_a_key")]
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return self.label


class IntentAction(models.Model):
    """Something an agent may do, and how sure one must be of the customer first."""

    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="actions")
    key = models.SlugField(max_length=64)
    label = models.CharField(max_length=100)
    required_acr = models.JSONField(default=list, blank=True)
    max_auth_age_seconds = models.PositiveIntegerField(null=True, blank=True)
    channels = models.JSONField(default=list, blank=True, help_text="Empty: in every channel.")
    place = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["intent", "key"], name="one_action_a_key")]
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return self.label
