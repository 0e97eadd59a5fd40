"""Calls that are owed, the rules of a site for making them, and the numbers that are never called."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.identity.models import Site

DEFAULT_QUIET: str = "21:00-08:00"


class CallingRules(models.Model):
    """Whom a site may call, when, and how often; a site without a row has the defaults."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="calling")
    countries = models.JSONField(default=list, blank=True, help_text="Like GB, IE. Empty: that of the site's number.")
    quiet_hours = models.CharField(
        max_length=11, default=DEFAULT_QUIET, blank=True, help_text="In the called party's zone; empty: none."
    )
    slot_minutes = models.PositiveIntegerField(default=20)
    per_customer_day = models.PositiveIntegerField(default=3, help_text="Dials to one customer in 24 hours.")
    per_site_hour = models.PositiveIntegerField(default=200, help_text="Dials of the site in one hour.")
    ring_seconds = models.PositiveIntegerField(default=30)
    consent = models.TextField(blank=True, help_text="Shown above the button that books; empty: our own sentence.")

    class Meta:
        app_label = "handoff"
        verbose_name_plural = "calling rules"

    def __str__(self) -> str:
        return f"calls of {self.site_id}"


class Callback(models.Model):
    """The call that a handoff asks for: to which number, when, with which consent, and how it went so far."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="asked_callback")
    number = models.CharField(max_length=20)
    is_edited = models.BooleanField(default=False, help_text="Not the number that the site signed.")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64)
    consent = models.TextField()
    consented_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    last_outcome = models.CharField(max_length=12, blank=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True, ends_at__isnull=True)
                | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="window_is_whole",
            )
        ]
        indexes = [models.Index(fields=["starts_at"], condition=Q(starts_at__isnull=False), name="booked_windows")]

    def __str__(self) -> str:
        return f"callback of {self.handoff_id}"


class Suppression(models.Model):
    """A number that is never called, for one site or for all."""

    number = models.CharField(max_length=20)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(fields=["number", "site"], name="suppressed_once_a_site"),
            models.UniqueConstraint(fields=["number"], condition=Q(site=None), name="suppressed_once_for_all"),
        ]
        indexes = [models.Index(fields=["number"], name="suppressed_numbers")]

    def __str__(self) -> str:
        return self.number
