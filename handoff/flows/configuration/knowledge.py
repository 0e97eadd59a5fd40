"""The articles and canned replies that a deployment starts with; what agents changed since is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from handoff.flows.configuration.changes import Changes
from handoff.flows.configuration.form import Problem, Record
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.knowledge import articles, canned
from handoff.knowledge.models import Article, CannedReply


def find_conflicts(
    article_records: list[Record], canned_records: list[Record], sites: list[Record], *, queues: set[str]
) -> Iterator[Problem]:
    """What is missing of a new one, and what names something that is nowhere."""
    intents = {intent.key for site in sites for intent in site.tables.get("intents", [])}
    intents |= set(Intent.objects.values_list("key", flat=True))
    known = {site.key for site in sites} | set(Site.objects.values_list("key", flat=True))
    stored = set(Article.objects.exclude(key=None).values_list("key", flat=True))
    for record in article_records:
        yield from _missing(record, ("title", "body"), stored=stored)
        yield from _unknown(record, "intents", intents)
        yield from _unknown(record, "sites", known)
    stored = set(CannedReply.objects.exclude(key=None).values_list("key", flat=True))
    for record in canned_records:
        yield from _missing(record, ("text",), stored=stored)
        yield from _unknown(record, "queues", queues)


def write(article_records: list[Record], canned_records: list[Record], changes: Changes, *, now: datetime) -> None:
    """New ones, and those that nobody has changed at the desk yet: these follow the file, the others stay."""
    for record in article_records:
        _write_article(record, changes, now=now)
    for record in canned_records:
        _write_canned(record, changes, now=now)


def _write_article(record: Record, changes: Changes, *, now: datetime) -> None:
    row = articles.lock_by_key(record.key)
    if row is not None and row.updated_by_id is not None:
        return
    article = row or Article(key=record.key, version=0, updated_at=now, is_published=True)
    before = None if row is None else (articles.wording_of(row), row.is_published)
    given = record.values
    wording = articles.Wording(
        title=given.get("title", article.title),
        body=given.get("body", article.body),
        language=given.get("language", article.language),
        intents=tuple(sorted(given.get("intents", before[0].intents if before else ()))),
        sites=tuple(sorted(given.get("sites", before[0].sites if before else ()))),
    )
    article.is_published = given.get("published", article.is_published)
    if before == (wording, article.is_published):
        return
    articles.write(article, wording, by=None, now=now)
    _tell(f"article {record.key}", changes, is_new=row is None)


def _write_canned(record: Record, changes: Changes, *, now: datetime) -> None:
    row = canned.lock_by_key(record.key)
    if row is not None and row.updated_by_id is not None:
        return
    reply = row or CannedReply(key=record.key, version=0, shortcut=record.key)
    before = None if row is None else canned.wording_of(row)
    given = record.values
    wording = canned.Wording(
        shortcut=given.get("shortcut", reply.shortcut),
        text=given.get("text", reply.text),
        title=given.get("title", reply.title),
        language=given.get("language", reply.language),
        is_mine=False,
        queues=tuple(sorted(given.get("queues", before.queues if before else ()))),
    )
    if before == wording:
        return
    canned.write(reply, wording, by=None, now=now)
    _tell(f"canned reply {record.key}", changes, is_new=row is None)


def _tell(title: str, changes: Changes, *, is_new: bool) -> None:
    if is_new:
        changes.created(title)
    else:
        changes.changed(title, ["as the file has it"])


def _missing(record: Record, names: Iterable[str], *, stored: set[str | None]) -> Iterator[Problem]:
    if record.key in stored:
        return
    for name in names:
        if name not in record.named:
            yield Problem(record.table, name, "is missing")


def _unknown(record: Record, name: str, known: set[str]) -> Iterator[Problem]:
    for key in record.values.get(name, []):
        if key not in known:
            yield Problem(record.table, name, f"there is no {key!r} in this file or in the deployment")
