"""Who is let in over HTTP: origins, sessions, tokens, credentials in addresses."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import pytest
from django.conf import settings

from handoff.identity.models import Session, Site, SiteKey, UsedToken
from handoff.lib.clock import utc_now
from tests.conftest import OTHER_ORIGIN, OTHER_SECRET, SECRET, SITE_ORIGIN, Page
from tests.scenes import ECHO, assert_refused, at_once

pytestmark = pytest.mark.django_db(transaction=True)

ORIGINS = {
    "null": "null",
    "another site's": OTHER_ORIGIN,
    "unknown": "http://evil.example",
    "https for http": SITE_ORIGIN.replace("http", "https"),
    "another port": "http://127.0.0.1:8002",
    "no port": "http://127.0.0.1",
    "userinfo": "http://harbour@127.0.0.1:8001",
    "a slash at the end": SITE_ORIGIN + "/",
    "a path": SITE_ORIGIN + "/help",
    "upper case": "HTTP://127.0.0.1:8001",
    "a longer host": SITE_ORIGIN + ".evil.example",
    "a blank": SITE_ORIGIN + " x",
    "twice the same": f"{SITE_ORIGIN},{SITE_ORIGIN}",
    "a good one after a bad one": f"http://evil.example, {SITE_ORIGIN}",
    "a good one before a bad one": f"{SITE_ORIGIN}, http://evil.example",
    "malformed": "http://[",
    "no origin at all": "",
    "not ASCII": SITE_ORIGIN + "\xe9",
    "a star": "*",
    "long": "http://" + "a" * 10_000,
}


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
def test_a_request_from_elsewhere_is_refused(maya: Page, neighbour: Site, origin: str) -> None:
    calls = [
        ("POST", "sessions", {"site": "harbour"}),
        ("POST", "sessions/ticket", None),
        ("POST", "handoffs", {"client_id": "c", "intent": "dispute-charge", "channel": "chat"}),
        ("GET", "availability", None),
        ("DELETE", "sessions", None),
    ]
    for method, path, body in calls:
        answer = maya.call(method, path, body, Origin=origin)
        assert_refused(answer, 403, "origin_not_allowed")
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert maya.get("availability").status == 200


def test_a_missing_origin_is_for_reading_alone(maya: Page) -> None:
    handoff = maya.ask().body["id"]
    assert maya.get(f"handoffs/{handoff}", Origin=None).status == 200
    for path, body in (
        ("sessions", {"site": "harbour"}),
        ("sessions/ticket", None),
        (f"handoffs/{handoff}/messages", {"client_id": "m", "text": "t"}),
        (f"handoffs/{handoff}/cancel", None),
    ):
        assert_refused(maya.post(path, body, Origin=None), 403, "origin_not_allowed")
    assert_refused(maya.call("DELETE", "sessions", Origin=None), 403, "origin_not_allowed")


def test_an_app_client_of_a_site_that_has_such_needs_no_origin(maya: Page, harbour: Site) -> None:
    harbour.allow_app_clients = True
    harbour.save()
    assert maya.post("sessions/ticket", Origin=None).status == 200
    assert_refused(maya.post("sessions/ticket", Origin="null"), 403, "origin_not_allowed")


def test_the_panels_own_origin_is_allowed(maya: Page) -> None:
    assert maya.post("sessions/ticket", Origin=settings.PUBLIC_ORIGIN).status == 200


@pytest.mark.parametrize("name", ["Origin", "X-Forwarded-Host", "Referer"])
def test_no_other_header_stands_in_for_the_origin(maya: Page, name: str) -> None:
    answer = maya.post("sessions/ticket", **{"Origin": "http://evil.example", name: "http://evil.example"})
    assert_refused(answer, 403, "origin_not_allowed")


# -- credentials


@pytest.mark.parametrize(
    "query",
    ["token=x", "TOKEN=x", "session=x", "ticket=x", "identity_token=x", "access_token=x", "jwt=x", "Authorization=x",
     "a=hs_x", "a=ht_x", "a=eyJhbGciOi", "a=1&a=hs_x", "to%6ben=x", "a=%68s_x"],
)  # fmt: skip
def test_a_credential_in_the_address_is_refused_even_with_a_good_session(maya: Page, query: str) -> None:
    for method, path in (
        ("GET", "availability"),
        ("POST", "sessions"),
        ("DELETE", "sessions"),
        ("POST", "desk/ticket"),
    ):
        assert_refused(maya.call(method, f"{path}?{query}"), 400, "credential_in_url")
    assert maya.get("availability").status == 200


def test_every_customers_route_wants_a_session(page) -> None:
    tab = page()
    for method, path in (
        ("POST", "sessions/ticket"), ("DELETE", "sessions"), ("GET", "availability"), ("POST", "handoffs"),
        ("GET", "handoffs/x"), ("GET", "handoffs/x/events"), ("POST", "handoffs/x/messages"),
        ("POST", "handoffs/x/journey"), ("GET", "handoffs/x/receipt"), ("POST", "handoffs/x/receipt/strike"),
        ("POST", "handoffs/x/cancel"), ("POST", "handoffs/x/end"), ("POST", "handoffs/x/survey"),
    ):  # fmt: skip
        answer = tab.call(method, path)
        assert_refused(answer, 401, "session_required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


BEARERS = ["", "Bearer", "Bearer ", "Bearer hs_unknown", "Basic bWF5YTpwdw==", "Token x", "Bearer \xff", "Bearer a b",
           "Bearer " + "x" * 20_000, ECHO]  # fmt: skip


@pytest.mark.parametrize("bearer", BEARERS, ids=range(len(BEARERS)))
def test_a_bearer_that_is_none_is_refused(maya: Page, bearer: str) -> None:
    assert_refused(maya.get("availability", Authorization=bearer), 401, "session_required")


def test_the_stored_hash_of_a_session_opens_nothing(maya: Page) -> None:
    stored = Session.objects.get().token_hash
    assert maya.session not in stored
    assert_refused(maya.get("availability", Authorization=f"Bearer {stored}"), 401, "session_required")


@pytest.mark.parametrize("column", ["expires_at", "seen_at"])
def test_a_session_that_ran_out_is_expired(maya: Page, column: str) -> None:
    Session.objects.update(**{column: utc_now() - timedelta(days=1)})
    assert_refused(maya.get("availability"), 401, "session_expired")
    assert_refused(maya.post("sessions", {"site": "harbour"}), 401, "session_expired")
    assert maya.open(maya.token()).status == 201


def test_a_session_is_of_one_site(maya: Page, neighbour: Site) -> None:
    assert_refused(maya.post("sessions", {"site": "neighbour"}, Origin=OTHER_ORIGIN), 401, "session_required")
    token = Page(neighbour, OTHER_ORIGIN, OTHER_SECRET).token()
    answer = maya.post("sessions", {"site": "neighbour", "identity_token": token}, Origin=OTHER_ORIGIN)
    assert_refused(answer, 401, "session_required")


def test_an_unknown_site_is_not_found(page, harbour: Site) -> None:
    assert_refused(page().post("sessions", {"site": ECHO}), 404, "not_found")


def test_a_site_for_signed_in_customers_alone_refuses_others(page, harbour: Site) -> None:
    harbour.allow_unverified = False
    harbour.save()
    tab = page()
    assert_refused(tab.open(), 403, "unverified_not_allowed")
    assert tab.open(tab.token()).status == 201


# -- identity tokens, as they come through the door (each rule has its vector elsewhere)


def signed(claims: dict, *, secret: str = SECRET, algorithm: str = "HS256", headers: dict | None = None) -> str:
    return jwt.encode(claims, secret, algorithm, headers=headers)


def claims_of(tab: Page, **changed) -> dict:
    return jwt.decode(tab.token(**changed), options={"verify_signature": False})


NOW = int(time.time())
TOKENS = {
    "token_malformed": lambda tab: "not.a.token!",
    "token_alg_not_allowed": lambda tab: signed(claims_of(tab), secret="", algorithm="none"),
    "token_key_unknown": lambda tab: signed(claims_of(tab), headers={"kid": "k9"}),
    "token_signature": lambda tab: signed(claims_of(tab), secret=OTHER_SECRET),
    "token_type": lambda tab: signed(claims_of(tab), headers={"typ": "at+jwt"}),
    "token_header": lambda tab: signed(claims_of(tab), headers={"jku": f"https://{ECHO}.example"}),
    "token_issuer": lambda tab: tab.token(iss="neighbour"),
    "token_audience": lambda tab: tab.token(aud=[settings.PUBLIC_ORIGIN]),
    "token_claim_missing": lambda tab: tab.token(jti=...),
    "token_claim_invalid": lambda tab: tab.token(subject=ECHO),
    "token_expired": lambda tab: tab.token(iat=NOW - 600, exp=NOW - 400),
    "token_not_yet_valid": lambda tab: tab.token(iat=NOW + 3600, exp=NOW + 3700),
    "token_lifetime_too_long": lambda tab: tab.token(iat=int(time.time()), exp=int(time.time()) + 3600),
    "token_too_old": lambda tab: tab.token(iat=int(time.time()) - 3600, exp=int(time.time()) + 60),
}


@pytest.mark.parametrize("code", TOKENS)
def test_a_token_that_breaks_a_rule_is_refused_with_its_code(page, harbour: Site, code: str) -> None:
    tab = page()
    assert_refused(tab.open(TOKENS[code](tab)), 401, code)
    assert not Session.objects.exists()
    assert not UsedToken.objects.exists()


def test_a_token_of_a_revoked_key_is_refused(page, harbour: Site) -> None:
    SiteKey.objects.update(revoked_at=utc_now())
    tab = page()
    assert_refused(tab.open(tab.token()), 401, "token_key_revoked")


def test_a_token_of_another_site_is_refused(page, harbour: Site, neighbour: Site) -> None:
    token = Page(neighbour, OTHER_ORIGIN, OTHER_SECRET).token()
    assert_refused(page().open(token), 401, "token_signature")


def test_a_token_opens_one_session(page, harbour: Site) -> None:
    tab = page()
    token = tab.token()
    assert tab.open(token).status == 201
    assert_refused(page().open(token), 401, "token_replayed")
    assert_refused(tab.open(token), 401, "token_replayed")
    assert Session.objects.count() == 1


def test_of_eight_at_once_one_opens_a_session(page, harbour: Site) -> None:
    token = page().token(jti=f"one-of-eight-{time.time_ns()}")
    tabs = [page() for _ in range(8)]
    answers = at_once([lambda tab=tab: tab.open(token) for tab in tabs])
    assert sorted(answer.status for answer in answers) == [201] + [401] * 7
    assert {answer.code for answer in answers} == {None, "token_replayed"}
    assert Session.objects.count() == 1


def test_the_same_jti_at_two_sites_is_two_tokens(page, neighbour: Site) -> None:
    other = Page(neighbour, OTHER_ORIGIN, OTHER_SECRET)
    tab, jti = page(), f"shared-by-two-{time.time_ns()}"
    assert tab.open(tab.token(jti=jti)).status == 201
    assert other.open(other.token(jti=jti)).status == 201


def test_another_customers_token_does_not_change_who_one_is(maya: Page) -> None:
    token = maya.token(sub="somebody-else")
    assert_refused(maya.post("sessions", {"site": "harbour", "identity_token": token}), 409, "customer_changed")
    assert maya.get("availability").status == 200
    maya.session = None
    assert maya.open(token).status == 201
