"""A bank with a few articles, and agents who ask over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from handoff.identity.models import Site
from handoff.knowledge import shelf
from handoff.knowledge.articles import Wording, write
from handoff.knowledge.models import Article
from handoff.lib.clock import utc_now
from handoff.staffing.models import Agent
from tests.conftest import Answer


@pytest.fixture(autouse=True)
def look_anew_at_articles() -> None:
    """A table that begins anew has the same numbers for other articles."""
    shelf.forget()


class Desk:
    """An agent's page, as far as it asks over HTTP."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._client = Client()
        self._client.force_login(agent.user)

    def call(self, method: str, path: str, body: Any = None, origin: str | None = None) -> Answer:
        response = self._client.generic(
            method,
            f"/api/v1/desk/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Origin": settings.PUBLIC_ORIGIN if origin is None else origin},
        )
        return Answer(response.status_code, response.json() if response.content else None, response.headers)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)


@pytest.fixture
def desk(harbour: Site) -> Callable[[Agent], Desk]:
    return Desk


@pytest.fixture
def article(harbour: Site) -> Callable[..., Article]:
    """Published, in English, about disputes, for every site, unless it is said otherwise."""

    def make(title: str = "How long a refund takes", body: str = "Two or three days.", **options: Any) -> Article:
        is_published = options.pop("is_published", True)
        wording = Wording(title, body, **({"language": "en", "intents": ("dispute-charge",)} | options))
        row = Article(version=0, updated_at=utc_now(), is_published=is_published)
        return write(row, wording, by=None, now=utc_now())

    return make
