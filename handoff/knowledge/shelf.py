"""The articles of this process as they are searched: read once, and again when they changed."""

from __future__ import annotations

import threading
from typing import Final

from django.db.models import QuerySet

from handoff.knowledge.models import Article
from handoff.knowledge.ranking import MOST_HITS, Hit, Index, Query, break_ties, entry_of

_index: Final = Index()
_lock: Final = threading.Lock()


def find(query: Query, *, among: QuerySet[Article], most: int = MOST_HITS) -> list[Article]:
    """The articles that fit, the best first."""
    known = dict(among.order_by().values_list("pk", "version"))
    with _lock:
        _read_anew([pk for pk, version in known.items() if _is_old(pk, version)])
        hits = _index.find(query, among=frozenset(known))
    return _in_order(hits, most=most)


def _is_old(pk: int, version: int) -> bool:
    entry = _index.entries.get(pk)
    return entry is None or entry.version != version


def _read_anew(changed: list[int]) -> None:
    for article in Article.objects.filter(pk__in=changed).prefetch_related("intents"):
        intents = [intent.key for intent in article.intents.all()]
        _index.put(
            entry_of(
                article.pk,
                article.version,
                title=article.title,
                body=article.body,
                language=article.language,
                intents=intents,
            )
        )


def _in_order(hits: list[Hit], *, most: int) -> list[Article]:
    """Whole rows are read of those alone that are told."""
    counts = Article.objects.filter(pk__in=[hit.id for hit in hits]).values_list("pk", "useful_yes", "useful_no")
    useful = {pk: yes - no for pk, yes, no in counts}
    best = [hit.id for hit in break_ties(hits, useful=useful)][:most]
    rows = {row.pk: row for row in with_names(Article.objects.filter(pk__in=best))}
    return [rows[pk] for pk in best if pk in rows]


def with_names(articles: QuerySet[Article]) -> QuerySet[Article]:
    """With all that a list of them tells, in a few reads."""
    return articles.select_related("updated_by").prefetch_related("intents", "sites")


def forget() -> None:
    """As after a start; for tests, whose tables begin anew with the same numbers."""
    with _lock:
        for pk in list(_index.entries):
            _index.drop(pk)
