"""Write articles: every save keeps what was there before, and none goes over another one's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.knowledge import reach
from handoff.knowledge.models import Article, ArticleVersion
from handoff.lib.errors import DomainError, NotFound
from handoff.staffing.models import Agent

STALE: Final = "Somebody saved it meanwhile. Your words are kept: look at what changed, then save again."


@dataclass(frozen=True)
class Wording:
    """What an article says, what it is about and for whom; intents and sites by their keys."""

    title: str
    body: str
    language: str = ""
    intents: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@transaction.atomic
def create(agent: Agent, wording: Wording, *, is_published: bool, now: datetime) -> Article:
    """Raises `invalid_request` for an intent or a site that the agent has nothing to do with."""
    article = Article(is_published=is_published, version=0, updated_at=now)
    _check(wording, agent)
    return write(article, wording, by=agent, now=now)


@transaction.atomic
def save(agent: Agent, public_id: str, wording: Wording, *, version: int, now: datetime) -> Article:
    """Raises NotFound, `stale_version`, `invalid_request`."""
    article = _lock(agent, public_id, version=version)
    _check(wording, agent, already=wording_of(article))
    return write(article, wording, by=agent, now=now)


@transaction.atomic
def publish(agent: Agent, public_id: str, *, version: int, is_published: bool, now: datetime) -> Article:
    """Show it to customers, or take it away from them. Raises NotFound, `stale_version`."""
    article = _lock(agent, public_id, version=version)
    article.is_published = is_published
    return write(article, wording_of(article), by=agent, now=now)


@transaction.atomic
def restore(agent: Agent, public_id: str, *, version: int, number: int, now: datetime) -> Article:
    """An earlier text once more, as a new version. Raises NotFound, `stale_version`."""
    article = _lock(agent, public_id, version=version)
    past = ArticleVersion.objects.filter(article=article, number=number).first()
    if past is None:
        raise NotFound
    wording = Wording(past.title, past.body, past.language, tuple(past.intents), tuple(past.sites))
    if wording.sites and not Site.objects.filter(key__in=wording.sites).exists():
        # Without its site it would be for every other one.
        raise DomainError("invalid_request", "The site of that version is gone.", fields={"number": "invalid"})
    return write(article, wording, by=agent, now=now)


def write(article: Article, wording: Wording, *, by: Agent | None, now: datetime) -> Article:
    """Store a new text of a locked or new article, and keep it as a version. Whoever calls it has checked it."""
    article.title, article.body, article.language = wording.title, wording.body, wording.language
    article.version += 1
    article.updated_at, article.updated_by = now, by
    article.save()
    article.sites.set(Site.objects.filter(key__in=wording.sites))
    article.intents.set(_meant(wording))
    ArticleVersion.objects.create(
        article=article,
        number=article.version,
        title=wording.title,
        body=wording.body,
        language=wording.language,
        intents=sorted(wording.intents),
        sites=sorted(wording.sites),
        is_published=article.is_published,
        at=now,
        by=by,
    )
    return article


def wording_of(article: Article) -> Wording:
    """As it stands."""
    return Wording(
        article.title, article.body, article.language, tuple(intent_keys(article)), tuple(site_keys(article))
    )


def intent_keys(article: Article) -> list[str]:
    """Several sites may call the same thing by the same key."""
    return sorted({intent.key for intent in article.intents.all()})


def site_keys(article: Article) -> list[str]:
    return sorted(site.key for site in article.sites.all())


def _meant(wording: Wording) -> QuerySet[Intent]:
    meant = Intent.objects.filter(key__in=wording.intents)
    return meant.filter(site__key__in=wording.sites) if wording.sites else meant


def _lock(agent: Agent, public_id: str, *, version: int) -> Article:
    found = reach.article_of_agent(agent, public_id)
    article = Article.objects.select_for_update(no_key=True).get(pk=found.pk)
    if article.version != version:
        raise DomainError("stale_version", STALE)
    return article


def _check(wording: Wording, agent: Agent, *, already: Wording | None = None) -> None:
    """A site or an intent that the agent does not serve is told as one that is not there, unless it stands there."""
    stands = already or Wording("", "")
    _refuse_unknown("sites", wording.sites, known={*_keys(reach.sites_of(agent)), *stands.sites})
    _refuse_unknown("intents", wording.intents, known={*_keys(reach.intents_of(agent)), *stands.intents})


def _keys(rows: QuerySet[Site] | QuerySet[Intent]) -> Iterable[str]:
    return rows.values_list("key", flat=True)


def _refuse_unknown(field: str, given: tuple[str, ...], *, known: set[str]) -> None:
    if not known.issuperset(given):
        raise DomainError("invalid_request", "There is none of that name.", fields={field: "unknown"})


def lock_by_key(key: str) -> Article | None:
    """For the configuration, inside its transaction."""
    return Article.objects.select_for_update(no_key=True).filter(key=key).first()
