"""S7: a page of a listed site may read our answers, without cookies; no other page, and nothing else of ours."""

from __future__ import annotations

import pytest
from django.http.response import ResponseHeaders
from django.test import Client

from handoff.identity.models import Site
from tests.conftest import OTHER_ORIGIN, SITE_ORIGIN

pytestmark = pytest.mark.django_db
ALLOWED = "Access-Control-Allow-Origin"


def preflight(client: Client, path: str, origin: str) -> ResponseHeaders:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    return client.options(f"/api/v1/{path}", headers={"Origin": origin} | asked).headers


@pytest.mark.parametrize("path", ["sessions", "sessions/ticket", "availability", "handoffs", "handoffs/ho_x/messages"])
def test_s7_a_listed_page_may_ask(client: Client, harbour: Site, path: str) -> None:
    told = preflight(client, path, SITE_ORIGIN)
    assert told[ALLOWED] == SITE_ORIGIN
    assert "authorization" in told["Access-Control-Allow-Headers"]
    assert "origin" in told["Vary"].lower()
    assert "Access-Control-Allow-Credentials" not in told


@pytest.mark.parametrize("origin", [OTHER_ORIGIN, SITE_ORIGIN + "1", SITE_ORIGIN.upper(), "null", "http://[", ""])
def test_s7_a_page_that_nobody_lists_may_not(client: Client, harbour: Site, origin: str) -> None:
    assert ALLOWED not in preflight(client, "sessions", origin)
    assert ALLOWED not in client.get("/api/v1/availability", headers={"Origin": origin}).headers


@pytest.mark.parametrize("path", ["desk/ticket", "../../console/", "../../accounts/login/", "../../readyz"])
def test_s7_nothing_but_the_customers_api_is_for_other_origins(client: Client, harbour: Site, path: str) -> None:
    assert ALLOWED not in preflight(client, path, SITE_ORIGIN)


def test_s7_a_refusal_can_be_read_too(client: Client, harbour: Site) -> None:
    refused = client.get("/api/v1/availability", headers={"Origin": SITE_ORIGIN})
    assert refused.status_code == 401
    assert refused[ALLOWED] == SITE_ORIGIN
    assert refused["Access-Control-Expose-Headers"] == "Retry-After"
