"""Articles and canned replies as others see them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from handoff.identity.models import Session, Site
from handoff.knowledge import outcomes, reach, shelf
from handoff.knowledge.articles import intent_keys, site_keys
from handoff.knowledge.canned import queue_keys
from handoff.knowledge.models import Article, ArticleVersion, CannedReply, Deflection
from handoff.knowledge.ranking import Query
from handoff.knowledge.words import language_of
from handoff.lib.clock import rfc3339
from handoff.protocol import knowledge_shapes as shapes
from handoff.staffing.models import Agent

# More would stand in the way of asking.
MOST_OFFERED: Final = 3
MOST_LISTED: Final = 50
MOST_CANNED: Final = 500
EXCERPT: Final = 140


def offered(site: Site, *, intent: str, words: str, language: str) -> list[Article]:
    """What may help a customer, in their language or in none; nothing where nothing fits."""
    among = _in_language(reach.articles_of_site(site), language)
    return shelf.find(Query(words=words, intent=intent), among=among, most=MOST_OFFERED)


def hits(articles: list[Article]) -> shapes.ArticleHits:
    return shapes.ArticleHits(
        articles=[
            shapes.ArticleHit(id=one.public_id, title=one.title, excerpt=excerpt_of(one.body), language=one.language)
            for one in articles
        ]
    )


def page(article: Article, session: Session) -> shapes.ArticlePage:
    return shapes.ArticlePage(
        id=article.public_id,
        title=article.title,
        body=article.body,
        language=article.language,
        useful=outcomes.vote_of(article, session=session),
    )


def desk_articles(agent: Agent, *, intent: str, words: str, language: str) -> shapes.DeskArticles:
    """Without words or an intent: what was changed last. Otherwise what fits, the best first."""
    among = _in_language(reach.articles_of_agent(agent), language)
    if words.strip() or intent:
        rows = shelf.find(Query(words=words, intent=intent, grows=True), among=among)
    else:
        rows = list(shelf.with_names(among).order_by("-updated_at", "-pk")[:MOST_LISTED])
    about = {intent.key: intent.label for intent in reach.intents_of(agent)}
    return shapes.DeskArticles(
        articles=[shapes.DeskArticleRow(**_row(one), excerpt=excerpt_of(one.body)) for one in rows[:MOST_LISTED]],
        intents=[shapes.Choice(key=key, name=label) for key, label in sorted(about.items())],
        sites=[shapes.Choice(key=site.key, name=site.name) for site in reach.sites_of(agent).order_by("key")],
    )


def desk_article(article: Article, agent: Agent) -> shapes.DeskArticle:
    return shapes.DeskArticle(
        **_row(article),
        excerpt=excerpt_of(article.body),
        body=article.body,
        useful=outcomes.vote_of(article, agent=agent),
    )


def pasts(article: Article) -> shapes.ArticlePasts:
    """Every version, the newest first."""
    rows = ArticleVersion.objects.filter(article=article).select_related("by").order_by("-number")[:MOST_LISTED]
    return shapes.ArticlePasts(
        versions=[
            shapes.ArticlePast(
                number=row.number,
                title=row.title,
                body=row.body,
                language=row.language,
                intents=list(row.intents),
                sites=list(row.sites),
                published=row.is_published,
                at=rfc3339(row.at),
                by=row.by.name if row.by else None,
            )
            for row in rows
        ]
    )


def canned(agent: Agent) -> shapes.CannedReplies:
    """Those used most first."""
    rows = reach.canned_of(agent).select_related("updated_by").prefetch_related("queues")
    served = reach.served_by(agent)
    return shapes.CannedReplies(
        replies=[
            canned_view(row, agent, served=served) for row in rows.order_by("-uses", "shortcut", "pk")[:MOST_CANNED]
        ],
        queues=[shapes.Choice(key=queue.key, name=queue.name) for queue in reach.queues_of(agent).order_by("key")],
        every_queue=reach.writes_for_every_queue(agent),
    )


def canned_view(reply: CannedReply, agent: Agent, *, served: Collection[int] | None = None) -> shapes.CannedReplyView:
    served = reach.served_by(agent) if served is None else served
    return shapes.CannedReplyView(
        id=reply.public_id,
        shortcut=reply.shortcut,
        title=reply.title,
        text=reply.text,
        language=reply.language,
        mine=reply.owner_id is not None,
        queues=queue_keys(reply),
        editable=reach.may_edit(agent, reply, served=served),
        version=reply.version,
        updated_at=rfc3339(reply.updated_at),
        updated_by=reply.updated_by.name if reply.updated_by else None,
        uses=reply.uses,
    )


def count_outcomes(site_ids: list[int], *, since: datetime, until: datetime) -> dict[str, int]:
    """How many sessions were shown, opened, were helped by or went on after an article, each counted once."""
    rows = Deflection.objects.filter(site_id__in=site_ids, at__gte=since, at__lt=until)
    counted = dict(rows.values_list("kind").annotate(sessions=Count("session", distinct=True)))
    return {kind: counted.get(kind, 0) for kind in Deflection.Kind.values}


def _in_language(articles: QuerySet[Article], language: str) -> QuerySet[Article]:
    """Those in a language, whatever its country, and those in none; all, if none is asked for."""
    spoken = language_of(language)
    if not spoken:
        return articles
    return articles.filter(Q(language="") | Q(language__iexact=spoken) | Q(language__istartswith=f"{spoken}-"))


def excerpt_of(body: str) -> str:
    """The beginning in one line, cut between words."""
    line = " ".join(body.split())
    if len(line) <= EXCERPT:
        return line
    cut = line[:EXCERPT]
    return f"{cut.rpartition(' ')[0] or cut}…"


def _row(article: Article) -> dict[str, Any]:
    return {
        "id": article.public_id,
        "title": article.title,
        "language": article.language,
        "published": article.is_published,
        "intents": intent_keys(article),
        "sites": site_keys(article),
        "version": article.version,
        "updated_at": rfc3339(article.updated_at),
        "updated_by": article.updated_by.name if article.updated_by else None,
        "views": article.views,
        "solved": article.solved,
        "useful_yes": article.useful_yes,
        "useful_no": article.useful_no,
    }
