"""A file on its way from one side of a talk to the other."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.lib import ids


class Status(models.TextChoices):
    """Arriving: its row is there, its file may not be. Dropped: its row waits until its file is gone."""

    ARRIVING = "arriving"
    READY = "ready"
    SENT = "sent"
    DROPPED = "dropped"


class Attachment(models.Model):
    """One file of one handoff. Its status is written in one place: `attachments.actions`."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_attachment_id, editable=False)
    # No handoff goes while its files lie here.
    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="attachments")
    author_kind = models.CharField(max_length=8)
    author_id = models.CharField(max_length=40)
    name = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    # Of what is stored: an image is not the one that was sent.
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices)
    storage_name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="attachment_status_known"),
            models.CheckConstraint(condition=Q(author_kind__in=["customer", "agent"]), name="attachment_author_known"),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=~Q(status="sent"), name="attachments_to_sweep"),
        ]

    def __str__(self) -> str:
        return self.public_id
