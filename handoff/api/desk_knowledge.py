"""`desk/articles` and `desk/canned`: what agents know, find and write."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api.fields import Flag, Integer, Strict, Text
from handoff.api.knowledge import MAX_INTENT, MAX_WORDS, VoteIn, read_word
from handoff.api.shapes import serializer_of
from handoff.api.views import DeskView, read_body
from handoff.knowledge import articles, canned, outcomes, queries, rates, reach
from handoff.knowledge.models import MAX_BODY, MAX_LANGUAGE, MAX_REPLY, MAX_SHORTCUT, MAX_TITLE
from handoff.lib.errors import DomainError
from handoff.protocol import knowledge_shapes as shapes
from handoff.realtime.clock import database_now
from handoff.staffing.models import Agent

MAX_VERSION = 2**31 - 1
_LANGUAGE = r"\A([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?\Z"
_ARTICLE = serializer_of(shapes.DeskArticle)
_CANNED = serializer_of(shapes.CannedReplyView)


class Line(serializers.RegexField):
    """One line of text that says something."""

    def __init__(self, *, most: int, pattern: str = r"\A[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*\Z", **kw: Any):
        super().__init__(pattern, max_length=most, trim_whitespace=False, **kw)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


def _keys(most: int) -> serializers.ListField:
    return serializers.ListField(child=Text(max_length=64), max_length=most, required=False)


class ArticleIn(Strict):
    title = Line(most=MAX_TITLE)
    body = Text(max_length=MAX_BODY)
    language = Line(most=MAX_LANGUAGE, pattern=_LANGUAGE, required=False, allow_blank=True)
    intents = _keys(100)
    sites = _keys(100)


class NewArticleIn(ArticleIn):
    published = Flag(required=False)


class SaveArticleIn(ArticleIn):
    version = Integer(min_value=1, max_value=MAX_VERSION)


class PublishIn(Strict):
    version = Integer(min_value=1, max_value=MAX_VERSION)
    published = Flag()


class RestoreIn(Strict):
    version = Integer(min_value=1, max_value=MAX_VERSION)
    number = Integer(min_value=1, max_value=MAX_VERSION)


class CannedIn(Strict):
    shortcut = Line(most=MAX_SHORTCUT, pattern=r"\A[A-Za-z0-9_-]+\Z")
    text = Text(max_length=MAX_REPLY)
    title = Line(most=MAX_TITLE, required=False, allow_blank=True)
    language = Line(most=MAX_LANGUAGE, pattern=_LANGUAGE, required=False, allow_blank=True)
    mine = Flag(required=False)
    queues = _keys(100)


class SaveCannedIn(CannedIn):
    version = Integer(min_value=1, max_value=MAX_VERSION)


class KnowledgeView(DeskView):
    """For an agent at the desk."""

    agent: Agent

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        (rates.DESK_READS if request.method == "GET" else rates.DESK_WRITES).check(request.user.pk)
        agent = Agent.objects.filter(user_id=request.user.pk or 0, user__is_active=True).first()
        if agent is None:
            raise DomainError("forbidden", "This account is no agent's.")
        self.agent = agent

    def article(self, article_id: str) -> Response:
        """As it stands now."""
        found = reach.article_of_agent(self.agent, article_id)
        return Response(queries.desk_article(found, self.agent).to_wire())


class DeskArticlesView(KnowledgeView):
    @extend_schema(
        operation_id="desk_articles_find",
        parameters=[
            OpenApiParameter("intent", str, description="The key of what it is about."),
            OpenApiParameter("q", str, description="Some words; the last may be unfinished."),
            OpenApiParameter("language", str, description="Like de."),
        ],
        responses={200: serializer_of(shapes.DeskArticles)},
    )
    def get(self, request: Request) -> Response:
        """Articles of the agent's sites, the best first; drafts too."""
        found = queries.desk_articles(
            self.agent,
            intent=read_word(request, "intent", most=MAX_INTENT),
            words=read_word(request, "q", most=MAX_WORDS),
            language=read_word(request, "language", most=MAX_LANGUAGE),
        )
        return Response(found.to_wire())

    @extend_schema(operation_id="desk_articles_create", request=NewArticleIn, responses={201: _ARTICLE})
    def post(self, request: Request) -> Response:
        """A new article; a draft unless it says otherwise."""
        asked = read_body(request, NewArticleIn)
        is_published = asked.get("published", False)
        made = articles.create(self.agent, _wording(asked), is_published=is_published, now=database_now())
        return Response(queries.desk_article(made, self.agent).to_wire(), status=201)


class DeskArticleView(KnowledgeView):
    @extend_schema(operation_id="desk_articles_read", responses={200: _ARTICLE})
    def get(self, request: Request, article_id: str) -> Response:
        """The whole article."""
        return self.article(article_id)

    @extend_schema(operation_id="desk_articles_save", request=SaveArticleIn, responses={200: _ARTICLE})
    def post(self, request: Request, article_id: str) -> Response:
        """Save it. `stale_version` if somebody else did so meanwhile: nothing is overwritten."""
        asked = read_body(request, SaveArticleIn)
        articles.save(self.agent, article_id, _wording(asked), version=asked["version"], now=database_now())
        return self.article(article_id)


class DeskArticlePublishView(KnowledgeView):
    @extend_schema(request=PublishIn, responses={200: _ARTICLE})
    def post(self, request: Request, article_id: str) -> Response:
        """Show it to customers, or take it back."""
        asked = read_body(request, PublishIn)
        version, is_published = asked["version"], asked["published"]
        articles.publish(self.agent, article_id, version=version, is_published=is_published, now=database_now())
        return self.article(article_id)


class DeskArticleVersionsView(KnowledgeView):
    @extend_schema(responses={200: serializer_of(shapes.ArticlePasts)})
    def get(self, request: Request, article_id: str) -> Response:
        """How it read before, the newest first, at most 50."""
        return Response(queries.pasts(reach.article_of_agent(self.agent, article_id)).to_wire())


class DeskArticleRestoreView(KnowledgeView):
    @extend_schema(request=RestoreIn, responses={200: _ARTICLE})
    def post(self, request: Request, article_id: str) -> Response:
        """An earlier text once more, as a new version."""
        asked = read_body(request, RestoreIn)
        version, number = asked["version"], asked["number"]
        articles.restore(self.agent, article_id, version=version, number=number, now=database_now())
        return self.article(article_id)


class DeskArticleVoteView(KnowledgeView):
    @extend_schema(request=VoteIn, responses={200: _ARTICLE})
    def post(self, request: Request, article_id: str) -> Response:
        """Useful or not; one word an agent, which may change."""
        asked = read_body(request, VoteIn)
        found = reach.article_of_agent(self.agent, article_id)
        outcomes.vote(found, useful=asked["useful"], agent=self.agent, now=database_now())
        return self.article(article_id)


class DeskCannedView(KnowledgeView):
    @extend_schema(responses={200: serializer_of(shapes.CannedReplies)})
    def get(self, request: Request) -> Response:
        """The agent's own and their queues', those used most first."""
        return Response(queries.canned(self.agent).to_wire())

    @extend_schema(operation_id="desk_canned_create", request=CannedIn, responses={201: _CANNED})
    def post(self, request: Request) -> Response:
        """A new reply: one's own, or the team's."""
        made = canned.create(self.agent, _reply(read_body(request, CannedIn)), now=database_now())
        return Response(queries.canned_view(made, self.agent).to_wire(), status=201)


class DeskCannedReplyView(KnowledgeView):
    @extend_schema(operation_id="desk_canned_save", request=SaveCannedIn, responses={200: _CANNED})
    def post(self, request: Request, canned_id: str) -> Response:
        """Save it. `stale_version` if somebody else did so meanwhile."""
        asked = read_body(request, SaveCannedIn)
        saved = canned.save(self.agent, canned_id, _reply(asked), version=asked["version"], now=database_now())
        return Response(queries.canned_view(saved, self.agent).to_wire())

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, canned_id: str) -> Response:
        """It can be brought back."""
        canned.delete(self.agent, canned_id, now=database_now())
        return Response(status=204)


class DeskCannedRestoreView(KnowledgeView):
    @extend_schema(request=None, responses={200: _CANNED})
    def post(self, request: Request, canned_id: str) -> Response:
        """Undo a deletion."""
        read_body(request, Strict)
        found = canned.undelete(self.agent, canned_id)
        return Response(queries.canned_view(found, self.agent).to_wire())


class DeskCannedUseView(KnowledgeView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, canned_id: str) -> Response:
        """It was inserted."""
        read_body(request, Strict)
        canned.note_use(self.agent, canned_id)
        return Response(status=204)


def _wording(asked: dict[str, Any]) -> articles.Wording:
    return articles.Wording(
        title=asked["title"].strip(),
        body=asked["body"].replace("\r\n", "\n"),
        language=asked.get("language", ""),
        intents=tuple(dict.fromkeys(asked.get("intents", []))),
        sites=tuple(dict.fromkeys(asked.get("sites", []))),
    )


def _reply(asked: dict[str, Any]) -> canned.Wording:
    return canned.Wording(
        shortcut=asked["shortcut"],
        text=asked["text"].replace("\r\n", "\n"),
        title=asked.get("title", ""),
        language=asked.get("language", ""),
        is_mine=asked.get("mine", True),
        queues=tuple(dict.fromkeys(asked.get("queues", []))),
    )
