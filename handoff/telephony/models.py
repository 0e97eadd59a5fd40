"""The numbers that lead to us, and from which we call."""

from __future__ import annotations

from django.db import models

from handoff.identity.models import Site


class PhoneNumber(models.Model):
    """One number of a site at one provider: customers call it, and it is what they see when they are called."""

    number = models.CharField(max_length=20, unique=True, help_text="In E.164, as +442079460000.")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="numbers")
    provider = models.SlugField(max_length=32)
    # Where callers without a code are led; empty: the first intent of the menu that takes calls.
    intent_key = models.SlugField(max_length=64, blank=True)
    place = models.PositiveIntegerField(default=0, help_text="The first of a site is shown and called from.")

    class Meta:
        app_label = "handoff"
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return self.number
