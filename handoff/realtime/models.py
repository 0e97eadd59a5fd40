"""The log: ordered, gapless streams of entries, and the heartbeats of workers and servers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Stream(models.Model):
    """One ordered log; `last_seq` is its counter, taken only under this row's lock."""

    name = models.CharField(max_length=80, unique=True)
    last_seq = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    # A sealed stream takes no more messages; what the system records about it still goes in.
    sealed = models.BooleanField(default=False)

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.name


class LogEntry(models.Model):
    """One event of one stream."""

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="entries", db_index=False)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    type = models.CharField(max_length=40)
    data = models.JSONField()
    # A plain column: erasure finds the copies of a handoff in other streams by it.
    handoff_id = models.BigIntegerField(null=True)
    author = models.CharField(max_length=40, blank=True)
    client_id = models.CharField(max_length=64, null=True)
    body_hash = models.CharField(max_length=32, blank=True)

    class Meta:
        app_label = "handoff"
        verbose_name_plural = "log entries"
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="one_seq_a_stream"),
            # client_id first: time-ordered ids keep the inserts on few pages of the index.
            models.UniqueConstraint(
                fields=["client_id", "author", "stream"],
                condition=Q(client_id__isnull=False),
                name="one_entry_a_client_id",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="seq_starts_at_one"),
        ]
        indexes = [
            models.Index(fields=["handoff_id", "type"], condition=Q(handoff_id__isnull=False), name="entry_of_handoff")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class Epoch(models.Model):
    """The log's identity: one row; another value means that history was lost and every reader starts anew."""

    singleton = models.BooleanField(default=True, unique=True)
    value = models.CharField(max_length=32)

    class Meta:
        app_label = "handoff"
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="one_epoch")]

    def __str__(self) -> str:
        return self.value


class Edition(models.Model):
    """Which edition stands of what administrators have set: one row, that triggers write."""

    singleton = models.BooleanField(default=True, unique=True)
    value = models.CharField(max_length=36)

    class Meta:
        app_label = "handoff"
        constraints = [models.CheckConstraint(condition=Q(singleton=True), name="one_edition")]

    def __str__(self) -> str:
        return self.value


class WorkerBeat(models.Model):
    """A worker's sign of life, for /readyz."""

    name = models.CharField(max_length=80, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.name


class ServerBeat(models.Model):
    """A serving process's sign of life, and since when it has given one without a gap."""

    name = models.CharField(max_length=80, unique=True)
    since = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.name
