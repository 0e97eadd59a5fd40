"""`articles`: what may help a customer before they ask an agent."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.api.fields import Flag, Strict, Text
from handoff.api.shapes import serializer_of
from handoff.api.views import CustomerView, read_body
from handoff.knowledge import outcomes, queries, rates, reach
from handoff.knowledge.models import MAX_LANGUAGE, Article, Deflection
from handoff.lib.errors import DomainError
from handoff.protocol import knowledge_shapes as shapes
from handoff.realtime.clock import database_now

MAX_INTENT = 64
MAX_WORDS = 200


class VoteIn(Strict):
    useful = Flag()


class OutcomeIn(Strict):
    article = Text(max_length=64)
    intent = Text(max_length=MAX_INTENT, required=False, allow_blank=True)


class ArticlesView(CustomerView):
    @extend_schema(
        operation_id="articles_find",
        parameters=[
            OpenApiParameter("intent", str, description="The key of what it is about."),
            OpenApiParameter("q", str, description="Some words, at most 200 characters; they are not kept."),
            OpenApiParameter("language", str, description="Like de or de-AT."),
        ],
        responses={200: serializer_of(shapes.ArticleHits)},
    )
    def get(self, request: Request) -> Response:
        """What is published for this site and fits, at most three; often nothing."""
        session = self.customer_session
        rates.SEARCHES.check(session.pk)
        intent = read_word(request, "intent", most=MAX_INTENT)
        found = queries.offered(
            session.customer.site,
            intent=intent,
            words=read_word(request, "q", most=MAX_WORDS),
            language=read_word(request, "language", most=MAX_LANGUAGE),
        )
        outcomes.record_shown(session, found, intent=intent, now=database_now())
        return Response(queries.hits(found).to_wire())


class ArticleView(CustomerView):
    @extend_schema(
        operation_id="articles_read",
        parameters=[OpenApiParameter("intent", str, description="What it was offered for.")],
        responses={200: serializer_of(shapes.ArticlePage)},
    )
    def get(self, request: Request, article_id: str) -> Response:
        """The whole article."""
        session = self.customer_session
        rates.SEARCHES.check(session.pk)
        article = reach.article_of_site(session.customer.site, article_id)
        intent = read_word(request, "intent", most=MAX_INTENT)
        outcomes.record(session, article, Deflection.Kind.OPENED, intent=intent, now=database_now())
        return Response(queries.page(article, session).to_wire())


class ArticleVoteView(CustomerView):
    @extend_schema(request=VoteIn, responses={204: None})
    def post(self, request: Request, article_id: str) -> Response:
        """Useful or not; one word a session, which may change."""
        rates.OUTCOMES.check(self.customer_session.pk)
        asked = read_body(request, VoteIn)
        article = reach.article_of_site(self.customer_session.customer.site, article_id)
        outcomes.vote(article, useful=asked["useful"], session=self.customer_session, now=database_now())
        return Response(status=204)


class _OutcomeView(CustomerView):
    """What the customer did after an article."""

    def _record(self, request: Request, kind: Deflection.Kind) -> tuple[Article, bool]:
        rates.OUTCOMES.check(self.customer_session.pk)
        asked = read_body(request, OutcomeIn)
        article = reach.article_of_site(self.customer_session.customer.site, asked["article"])
        intent = asked.get("intent", "")
        is_first = outcomes.record(self.customer_session, article, kind, intent=intent, now=database_now())
        return article, is_first


class SolvedView(_OutcomeView):
    @extend_schema(request=OutcomeIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """It needed no agent. Counted once a session and article."""
        article, is_first = self._record(request, Deflection.Kind.SOLVED)
        if is_first:
            outcomes.vote(article, useful=True, session=self.customer_session, now=database_now())
        return Response(status=204)


class WentOnView(_OutcomeView):
    @extend_schema(request=OutcomeIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Read, and an agent is needed all the same. Counted once a session and article."""
        self._record(request, Deflection.Kind.WENT_ON)
        return Response(status=204)


def read_word(request: Request, name: str, *, most: int) -> str:
    """A query's text, empty if absent. Raises `invalid_request`."""
    text = request.query_params.get(name, "")
    if len(text) > most or "\0" in text:
        raise DomainError("invalid_request", "A text is too long or malformed.", fields={name: "invalid"})
    return text
