"""What became of an article: votes, and whether a customer needed an agent after it. Each counts once a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from handoff.identity.models import Session
from handoff.intents.models import Intent
from handoff.knowledge.models import Article, ArticleVote, Deflection
from handoff.staffing.models import Agent

Kind = Deflection.Kind

# What is also counted on the article itself.
_COUNTED: Final = {Kind.OPENED: "views", Kind.SOLVED: "solved"}


def record_shown(session: Session, articles: Iterable[Article], *, intent: str, now: datetime) -> None:
    """Under the choice of a customer; a second look counts no more."""
    rows = [_row(session, article, Kind.SHOWN, intent, now) for article in articles]
    Deflection.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def record(session: Session, article: Article, kind: Kind, *, intent: str, now: datetime) -> bool:
    """Once a session and article. True if it was the first time."""
    row = _row(session, article, kind, intent, now)
    known = {"site": row.site, "intent": row.intent, "at": now}
    _, is_first = Deflection.objects.get_or_create(session=session, article=article, kind=kind, defaults=known)
    if is_first and kind in _COUNTED:
        name = _COUNTED[kind]
        Article.objects.filter(pk=article.pk).update(**{name: F(name) + 1})
    return is_first


def vote_of(article: Article, *, session: Session | None = None, agent: Agent | None = None) -> bool | None:
    """What this person said of it; None: nothing yet."""
    votes = ArticleVote.objects.filter(article=article)
    votes = votes.filter(session=session) if session is not None else votes.filter(agent=agent)
    return votes.values_list("useful", flat=True).first()


@transaction.atomic
def vote(
    article: Article, *, useful: bool, now: datetime, session: Session | None = None, agent: Agent | None = None
) -> None:
    """One vote a person, who may change their mind."""
    who: dict[str, Any] = {"session": session} if session is not None else {"agent": agent}
    row, is_first = ArticleVote.objects.get_or_create(article=article, **who, defaults={"useful": useful, "at": now})
    changed = not is_first and ArticleVote.objects.filter(pk=row.pk, useful=not useful).update(useful=useful, at=now)
    if is_first:
        _count(article, useful, 1)
    elif changed:
        _count(article, useful, 1)
        _count(article, not useful, -1)


def _count(article: Article, useful: bool, step: int) -> None:
    name = "useful_yes" if useful else "useful_no"
    Article.objects.filter(pk=article.pk).update(**{name: F(name) + step})


def _row(session: Session, article: Article, kind: Kind, intent: str, now: datetime) -> Deflection:
    site = session.customer.site
    known = bool(intent) and Intent.objects.filter(site=site, key=intent).exists()
    return Deflection(site=site, session=session, article=article, kind=kind, intent=intent if known else "", at=now)
