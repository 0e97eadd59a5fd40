"""Who reads along, who has read what is over, and what was waited, worked and staffed: what supervisors go by."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.staffing.models import Agent, Queue

# Half an hour: what a day is shown by.
SLOT_SECONDS = 1800


class Watch(models.Model):
    """A supervisor reads along now. Its row is the right to the streams; without it they shut."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="watches")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="watches")
    since = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, help_text="From then on they write to the customer too.")

    class Meta:
        app_label = "handoff"
        verbose_name_plural = "watches"
        constraints = [models.UniqueConstraint(fields=["handoff", "agent"], name="one_watch_an_agent")]

    def __str__(self) -> str:
        return f"{self.agent_id} reads {self.handoff_id}"


class RecordRead(models.Model):
    """Somebody opened a handoff that was over: for those who have to answer who saw what."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        indexes = [models.Index(fields=["agent", "handoff", "-at"], name="reads_of_handoff")]

    def __str__(self) -> str:
        return f"{self.agent_id} read {self.handoff_id}"


class Wait(models.Model):
    """One wait in a line that is over, with its outcome. Only the first of a handoff counts as offered work."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered"
        ABANDONED = "abandoned"
        CALLBACK = "callback"
        # Neither of them: joined to another handoff, erased, or gone to another channel.
        OTHER = "other"

    # A figure is kept longer than the handoff it was counted from.
    handoff = models.ForeignKey(Handoff, null=True, on_delete=models.SET_NULL, related_name="waits")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    slot = models.PositiveIntegerField(help_text="The half hour it began in, counted from 1970.")
    seconds = models.FloatField()
    outcome = models.CharField(max_length=9, choices=Outcome)
    is_first = models.BooleanField()
    is_simulated = models.BooleanField()
    # What the customer was told when they came, if it was a range.
    promised_low = models.PositiveIntegerField(null=True)
    promised_high = models.PositiveIntegerField(null=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["answered", "abandoned", "callback", "other"]), name="wait_outcome_known"
            )
        ]
        indexes = [models.Index(fields=["began_at"], name="waits_by_time")]

    def __str__(self) -> str:
        return f"{self.outcome} after {self.seconds:.0f} s"


class Promise(models.Model):
    """The range that a customer was told when their wait began, until it is over."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="+")
    low_seconds = models.PositiveIntegerField()
    high_seconds = models.PositiveIntegerField()

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return f"{self.low_seconds} to {self.high_seconds} s"


class Stint(models.Model):
    """One agent's work on one handoff: from taking it to the end of the talk, and to the end of the wrap-up."""

    handoff = models.ForeignKey(Handoff, null=True, on_delete=models.SET_NULL, related_name="stints")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    slot = models.PositiveIntegerField(help_text="The half hour it began in, counted from 1970.")
    talked_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True, help_text="Talk and wrap-up together, once it is over.")
    ended_by = models.CharField(max_length=13, blank=True, help_text="The move that ended it.")
    is_simulated = models.BooleanField()

    class Meta:
        app_label = "handoff"
        indexes = [
            models.Index(fields=["began_at"], name="stints_by_time"),
            models.Index(fields=["handoff", "began_at"], name="stints_of_handoff"),
            models.Index(fields=["agent"], condition=Q(ended_at__isnull=True), name="stints_open"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.handoff_id}"


class Shift(models.Model):
    """A time in which an agent was signed in, and wanted handoffs or was away. The worker draws it out."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    wanted = models.BooleanField()
    reason = models.CharField(max_length=100, blank=True)
    began_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        indexes = [
            models.Index(fields=["until"], name="shifts_by_time"),
            models.Index(fields=["agent", "-until"], name="shifts_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} until {self.until:%H:%M}"
