"""Calls, the codes that carry a record into one, what providers reported, and what they still have to be asked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.broker.models import Handoff
from handoff.calls.progress import LIVE, Outcome, Status
from handoff.identity.models import Site
from handoff.lib import ids
from handoff.staffing.models import Agent

# Plain strings: a migration must not depend on today's enumerations.
_LIVE = sorted(status.value for status in LIVE)


class Call(models.Model):
    """One call between a customer's phone and us. Its `status` is written in one place: `calls.actions`."""

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    class Claim(models.TextChoices):
        ASKED = "asked"
        MINE = "mine"
        NOT_MINE = "not_mine"

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_call_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    # Unknown until a code was keyed or the caller was put in line without one.
    handoff = models.ForeignKey(Handoff, null=True, on_delete=models.PROTECT, related_name="calls")
    agent = models.ForeignKey(Agent, null=True, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=32)
    provider_id = models.CharField(max_length=128, blank=True)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    status = models.CharField(max_length=13, choices=[(word.value, word.value) for word in Status])
    # The customer's number and ours, as the network wrote them.
    caller = models.CharField(max_length=64, blank=True)
    called = models.CharField(max_length=64, blank=True)
    evidence = models.CharField(max_length=14, default="none")
    claim = models.CharField(max_length=8, choices=Claim.choices, blank=True)
    wrong_codes = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(null=True, help_text="Which attempt of a callback it is, from 1.")
    outcome = models.CharField(max_length=12, blank=True, choices=[(word.value, word.value) for word in Outcome])
    # What keeps the line from opening, for the agent who waits for it.
    trouble = models.CharField(max_length=12, blank=True)
    # Why the caller was not put in line, in the words they hear.
    goodbye = models.CharField(max_length=200, blank=True)
    is_held = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    rang_at = models.DateTimeField(null=True, help_text="The customer's phone has rung.")
    answered_at = models.DateTimeField(null=True)
    bridged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    rendered_at = models.DateTimeField(null=True, help_text="The agent's console said that the record is on screen.")
    # When we last heard of it, or asked.
    heard_at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_id"], condition=~Q(provider_id=""), name="one_call_a_provider_id"
            ),
            models.UniqueConstraint(
                fields=["handoff"],
                condition=Q(direction="outbound", status__in=_LIVE),
                name="one_live_dial_a_handoff",
            ),
            models.UniqueConstraint(
                fields=["handoff"],
                condition=Q(direction="inbound", status__in=_LIVE),
                name="one_live_caller_a_handoff",
            ),
        ]
        indexes = [
            models.Index(fields=["heard_at"], condition=Q(status__in=_LIVE), name="live_calls"),
            models.Index(fields=["site", "created_at"], condition=Q(direction="outbound"), name="dials_of_a_site"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Code(models.Model):
    """A one-time code of a handoff. Only its HMAC is kept, and only while it can be used."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="codes")
    # Which code of this handoff: with the deployment's secret this is enough to show it again to its customer.
    issue = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, null=True, unique=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    call = models.OneToOneField(Call, null=True, on_delete=models.SET_NULL, related_name="code")

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["handoff", "issue"], name="one_code_an_issue")]

    def __str__(self) -> str:
        return f"code {self.issue} of {self.handoff_id}"


class WrongCode(models.Model):
    """Somebody keyed a well-formed code that is nobody's; kept for an hour, to see a search for codes."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        indexes = [models.Index(fields=["site", "at"], name="wrong_codes_lately")]

    def __str__(self) -> str:
        return f"wrong code at {self.at:%H:%M}"


class CallReport(models.Model):
    """That a provider told us this: a report that comes twice changes nothing the second time."""

    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=13)
    call = models.ForeignKey(Call, null=True, on_delete=models.CASCADE, related_name="reports")
    at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="one_report_an_event")]

    def __str__(self) -> str:
        return self.event_id


class CallTask(models.Model):
    """Something to ask of a provider, done after the commit and outside of any transaction."""

    class Kind(models.TextChoices):
        ORIGINATE = "originate"
        CONNECT = "connect"
        PARK = "park"
        HANG_UP = "hang_up"
        HOLD = "hold"
        RESUME = "resume"
        MUTE = "mute"
        UNMUTE = "unmute"
        LOOK_UP = "look_up"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="tasks")
    provider = models.CharField(max_length=32)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["call", "kind"],
                condition=Q(done_at__isnull=True, claimed_at__isnull=True),
                name="one_waiting_task_a_kind",
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(done_at__isnull=True), name="tasks_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.call_id}"
