"""What the console asks over HTTP."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from handoff.staffing.models import Agent
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_signed_in_agent_gets_a_ticket_for_one_socket(amira: Agent) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    signed_in = client.post("/accounts/login/", {"login": "amira", "password": PASSWORD, "csrfmiddlewaretoken": token})
    assert signed_in.status_code == 302
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    answer = client.post(
        "/api/v1/desk/ticket", "", "application/json", headers={"Origin": settings.PUBLIC_ORIGIN, "X-CSRFToken": token}
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["url"].endswith("/ws/agent")
