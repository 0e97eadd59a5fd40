"""What is known already: articles for customers and agents, canned replies, and what came of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from handoff.identity.models import Session, Site
from handoff.intents.models import Intent
from handoff.lib import ids
from handoff.staffing.models import Agent, Queue

MAX_SHORTCUT = 64
MAX_TITLE = 200
MAX_REPLY = 4_000
MAX_BODY = 20_000
MAX_LANGUAGE = 16


class Article(models.Model):
    """An answer that anybody may read: plain text with paragraphs, lists and links."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_article_id, editable=False)
    # Of the configuration file that named it first.
    key = models.SlugField(max_length=64, unique=True, null=True, blank=True)
    title = models.CharField(max_length=MAX_TITLE)
    body = models.TextField(max_length=MAX_BODY)
    language = models.CharField(max_length=MAX_LANGUAGE, blank=True, help_text="Like en or de; empty: for everybody.")
    is_published = models.BooleanField(default=False, help_text="Customers may read it.")
    intents = models.ManyToManyField(Intent, blank=True, related_name="articles")
    sites = models.ManyToManyField(Site, blank=True, related_name="articles", help_text="None: every site.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    # Null: written by the configuration, and nobody has changed it at the desk.
    updated_by = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    views = models.PositiveIntegerField(default=0)
    useful_yes = models.PositiveIntegerField(default=0)
    useful_no = models.PositiveIntegerField(default=0)
    solved = models.PositiveIntegerField(default=0, help_text="Customers who needed no agent after it.")

    class Meta:
        app_label = "handoff"

    def __str__(self) -> str:
        return self.title


class ArticleVersion(models.Model):
    """How an article read, since when, and who wrote it."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=MAX_TITLE)
    body = models.TextField(max_length=MAX_BODY)
    language = models.CharField(max_length=MAX_LANGUAGE, blank=True)
    intents = models.JSONField(default=list, help_text="Keys.")
    sites = models.JSONField(default=list, help_text="Keys.")
    is_published = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        app_label = "handoff"
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="one_text_a_version")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"


class ArticleVote(models.Model):
    """One person's word on an article: a customer's in a session, or an agent's. It is kept when the session goes."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="votes")
    session = models.ForeignKey(Session, null=True, on_delete=models.SET_NULL, related_name="+")
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    useful = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["article", "session"], condition=Q(session__isnull=False), name="one_vote_a_session"
            ),
            models.UniqueConstraint(
                fields=["article", "agent"], condition=Q(agent__isnull=False), name="one_vote_an_agent"
            ),
        ]

    def __str__(self) -> str:
        return f"{'useful' if self.useful else 'not useful'}: {self.article_id}"


class Deflection(models.Model):
    """How far an article came with one customer before they asked for an agent; names nobody."""

    class Kind(models.TextChoices):
        SHOWN = "shown"
        OPENED = "opened"
        SOLVED = "solved"
        WENT_ON = "went_on"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    session = models.ForeignKey(Session, null=True, on_delete=models.SET_NULL, related_name="+")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="deflections")
    intent = models.CharField(max_length=64, blank=True, help_text="The key of what it was about.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()

    class Meta:
        app_label = "handoff"
        constraints = [
            models.UniqueConstraint(
                fields=["session", "article", "kind"],
                condition=Q(session__isnull=False),
                name="one_deflection_a_kind",
            )
        ]
        indexes = [models.Index(fields=["site", "at"], name="deflections_by_time")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.article_id}"


class CannedReply(models.Model):
    """A text that agents say again and again: one agent's own, or the team's."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.new_canned_id, editable=False)
    # Of the configuration file that named it first.
    key = models.SlugField(max_length=64, unique=True, null=True, blank=True)
    owner = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="canned_replies")
    queues = models.ManyToManyField(Queue, blank=True, related_name="+", help_text="The team's; none: every queue.")
    shortcut = models.SlugField(max_length=MAX_SHORTCUT)
    title = models.CharField(max_length=MAX_TITLE, blank=True)
    text = models.TextField(max_length=MAX_REPLY)
    language = models.CharField(max_length=MAX_LANGUAGE, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    # Null: written by the configuration, and nobody has changed it at the desk.
    updated_by = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Kept for a while, so that a deletion can be undone.
    deleted_at = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "handoff"
        verbose_name_plural = "canned replies"
        indexes = [models.Index(fields=["owner", "deleted_at"], name="canned_by_owner")]

    def __str__(self) -> str:
        return self.shortcut
