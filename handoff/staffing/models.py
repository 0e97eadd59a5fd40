"""Who works here, when, and on what."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models

from handoff.lib import ids

DEFAULT_DISPOSITIONS = ("resolved", "follow_up", "no_answer", "spam")


def default_dispositions() -> list[str]:
    return list(DEFAULT_DISPOSITIONS)


class User(AbstractUser):
    """An account at the sign-in door; agents and administrators have one."""

    class Meta:
        app_label = "handoff"


class Hours(models.Model):
    """Opening hours of queues: `weekly` maps a weekday's name to spans like `08:00-20:00`, `closed` lists dates."""

    key = models.SlugField(max_length=64, unique=True)
    zone = models.CharField(max_length=64, default="UTC")
    weekly = models.JSONField(default=dict)
    closed = models.JSONField(default=list)

    class Meta:
        app_label = "handoff"
        verbose_name_plural = "hours"

    def __str__(self) -> str:
        return self.key


class Skill(models.Model):
    """Something an agent can do and an intent may need."""

    key = models.SlugField(max_length=64, unique=True)

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.key


class Queue(models.Model):
    """A line of handoffs; without hours it is always open."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    hours = models.ForeignKey(Hours, null=True, blank=True, on_delete=models.PROTECT)
    offer_seconds = models.PositiveIntegerField(default=25)
    max_waiting = models.PositiveIntegerField(null=True, blank=True)
    service_level_seconds = models.PositiveIntegerField(default=30)
    dispositions = models.JSONField(default=default_dispositions)

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """A person who takes handoffs. Available means: wanted, the lease alive, and capacity left."""

    class Role(models.TextChoices):
        AGENT = "agent"
        SUPERVISOR = "supervisor"
        ADMIN = "admin"

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_agent_id, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="agent")
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.AGENT)
    capacity = models.PositiveIntegerField(default=3)
    audio = models.CharField(
        max_length=128,
        blank=True,
        default="",
        db_default="",
        help_text="Where their calls ring: sip:amira@pbx.example.com, or +442079460001.",
    )
    queues = models.ManyToManyField(Queue, related_name="agents", blank=True)
    is_trainee = models.BooleanField(
        default=False,
        db_default=False,
        verbose_name="training",
        help_text="Gets simulated customers only, and counts in no figure.",
    )
    # Made by `manage.py simulate`, which takes them away again.
    is_simulated = models.BooleanField(default=False, db_default=False, editable=False)
    wanted = models.BooleanField(default=False, help_text="The agent asked for handoffs.")
    after_current = models.BooleanField(default=False, help_text="Away as soon as the current ones are done.")
    away_reason = models.CharField(max_length=100, blank=True)
    # The lease lives by the page's heartbeat, last heard at `heard_at`; `seen_at` says that at least a socket was open.
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    idle_since = models.DateTimeField(
        null=True, blank=True, help_text="When they last came to work, took something or were done with it."
    )
    last_offered_at = models.DateTimeField(null=True, blank=True)
    missed_in_a_row = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "handoff"
        indexes = [models.Index(fields=["wanted", "lease_expires_at"], name="agents_at_work")]

    def __str__(self) -> str:
        return self.name

    def is_signed_in(self, now: datetime) -> bool:
        return self.lease_expires_at is not None and self.lease_expires_at > now


class AgentSkill(models.Model):
    """How well an agent can do something: level 1 (learning) to 5."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="skills")
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT)
    level = models.PositiveSmallIntegerField(default=1)

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(fields=["agent", "skill"], name="one_level_a_skill"),
            models.CheckConstraint(condition=models.Q(level__gte=1, level__lte=5), name="level_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.skill.key} {self.level}"
