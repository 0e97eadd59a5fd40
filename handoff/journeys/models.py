"""Where a customer comes from: the steps that led here, and the facts nobody should ask for again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Journey(models.Model):
    """The steps and facts of one need. The handoff points here; steps and facts do too."""

    created_at = models.DateTimeField()

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return f"journey {self.pk}"


class Step(models.Model):
    """One step of a journey, in order of `place`."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="steps", db_index=False)
    place = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    path = models.CharField(max_length=1000)
    title = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=8)
    error = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(fields=["journey", "place"], name="one_step_a_place"),
            models.CheckConstraint(condition=Q(status__in=["started", "done", "failed"]), name="step_status_known"),
        ]
        ordering = ["place"]

    def __str__(self) -> str:
        return self.name or self.path


class Fact(models.Model):
    """One thing known, and who said so."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="facts", db_index=False)
    key = models.CharField(max_length=64)
    source = models.CharField(max_length=8)
    label = models.CharField(max_length=100)
    value = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(fields=["journey", "key", "source"], name="one_fact_a_source"),
            models.CheckConstraint(
                condition=Q(source__in=["verified", "observed", "stated", "desk"]), name="fact_source_known"
            ),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key
