"""The nouns of what is known already: articles and canned replies, as they stand on the wire."""

from __future__ import annotations

from typing import Final

from handoff.protocol.shape import Shape


class ArticleHit(Shape, frozen=True, kw_only=True):
    """An article that may help, before it is opened."""

    id: str
    title: str
    excerpt: str
    language: str


class ArticleHits(Shape, frozen=True, kw_only=True):
    articles: list[ArticleHit]


class ArticlePage(Shape, frozen=True, kw_only=True):
    """An article as a customer reads it; `useful` is what they said of it already."""

    id: str
    title: str
    body: str
    language: str
    useful: bool | None


class DeskArticleRow(Shape, frozen=True, kw_only=True):
    """An article in a list of the desk: what it is about, and what became of it."""

    id: str
    title: str
    excerpt: str
    language: str
    published: bool
    # Keys; without sites it is for all of them.
    intents: list[str]
    sites: list[str]
    version: int
    updated_at: str
    # Null: as the configuration wrote it.
    updated_by: str | None
    # How many customers opened it, and how many needed no agent afterwards.
    views: int
    solved: int
    useful_yes: int
    useful_no: int


class DeskArticle(DeskArticleRow, frozen=True, kw_only=True):
    """An article as an agent reads and edits it; `useful` is what this agent said of it."""

    body: str
    useful: bool | None


class Choice(Shape, frozen=True, kw_only=True):
    """Something that an article or a reply may be for."""

    key: str
    name: str


class DeskArticles(Shape, frozen=True, kw_only=True):
    """The articles that fit, the best first, and what an article may be about."""

    articles: list[DeskArticleRow]
    intents: list[Choice]
    sites: list[Choice]


class ArticlePast(Shape, frozen=True, kw_only=True):
    """How an article read in one of its versions, and who wrote that."""

    number: int
    title: str
    body: str
    language: str
    intents: list[str]
    sites: list[str]
    published: bool
    at: str
    by: str | None


class ArticlePasts(Shape, frozen=True, kw_only=True):
    versions: list[ArticlePast]


class CannedReplyView(Shape, frozen=True, kw_only=True):
    """A reply to be inserted, with its placeholders; `mine` is nobody else's, without `queues` it is every queue's."""

    id: str
    shortcut: str
    title: str
    text: str
    language: str
    mine: bool
    queues: list[str]
    editable: bool
    version: int
    updated_at: str
    updated_by: str | None
    uses: int


class CannedReplies(Shape, frozen=True, kw_only=True):
    """What this agent may insert, and for which queues they may write."""

    replies: list[CannedReplyView]
    queues: list[Choice]
    # May write what every queue uses.
    every_queue: bool


ANSWERS: Final = (ArticleHits, ArticlePage, DeskArticle, DeskArticles, ArticlePasts, CannedReplies)
