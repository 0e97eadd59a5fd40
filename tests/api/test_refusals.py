"""Every refusal over HTTP: one status and one stable code, a request id, and nothing of the input in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.conftest import Page
from tests.scenes import ECHO, assert_refused

pytestmark = pytest.mark.django_db(transaction=True)

# -- bodies

MALFORMED: dict[str, str | bytes] = {
    "no JSON": ECHO,
    "half of it": '{"site": "harbour"',
    "a comma too many": '{"site": "harbour",}',
    "single quotes": "{'site': 'harbour'}",
    "a list": '["' + ECHO + '"]',
    "a text": '"harbour"',
    "a number": "7",
    "null": "null",
    "NaN": '{"site": NaN}',
    "Infinity": '{"site": Infinity}',
    "a huge exponent": '{"site": 1e999}',
    "a huge integer": '{"site": ' + "9" * 5_000 + "}",
    "depth": "[" * 30_000 + "]" * 30_000,
    "depth of objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "invalid UTF-8": b'{"site": "\xff\xfe"}',
    "cut UTF-8": b'{"site": "\xc3"}',
    "UTF-16": '{"site": "harbour"}'.encode("utf-16"),
    "a lone surrogate": r'{"site": "\ud800"}',
    "a surrogate in UTF-8": b'{"site": "\xed\xa0\x80"}',
    "a raw control character": '{"site": "a\nb"}',
    "a form": "site=harbour",
    "XML": "<site>harbour</site>",
}
WRITES = ["sessions", "handoffs", "handoffs/{id}/messages", "handoffs/{id}/journey", "handoffs/{id}/receipt/strike",
          "handoffs/{id}/survey", "handoffs/{id}/cancel", "handoffs/{id}/end", "sessions/ticket"]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused_by_every_route(maya: Page, body) -> None:
    handoff = maya.ask().body["id"]
    for path in WRITES:
        assert_refused(maya.post(path.format(id=handoff), body), 400, "invalid_request")


@pytest.mark.parametrize("shape", ["[{}]", '{{"a": {}}}'])
def test_a_nesting_of_a_hundred_thousand_is_refused(maya: Page, shape) -> None:
    text = '{"journey": ' + shape[0] * 30_000
    assert_refused(maya.post("handoffs", text), 400, "invalid_request")
    deep = "[" * 100_000 + "]" * 100_000
    for path, code in (("handoffs", "context_too_large"), ("sessions", "token_too_large")):
        assert_refused(maya.post(path, deep), 413, code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", "a/b/c"]
)
def test_a_body_of_another_kind_is_refused(maya: Page, kind) -> None:
    answer = maya.post("sessions", '{"site": "harbour"}', **{"Content-Type": kind})
    assert_refused(answer, 400, "invalid_request")


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no site": ("sessions", {}, "site"),
    "a site that is a number": ("sessions", {"site": 7}, "site"),
    "a site that is true": ("sessions", {"site": True}, "site"),
    "a site that is a list": ("sessions", {"site": ["harbour"]}, "site"),
    "an empty site": ("sessions", {"site": ""}, "site"),
    "a long site": ("sessions", {"site": "x" * 65}, "site"),
    "a site with NUL": ("sessions", {"site": "har\0bour"}, "site"),
    "a token that is a number": ("sessions", {"site": "harbour", "identity_token": 1}, "identity_token"),
    "a client id that is a number": ("handoffs", {"client_id": 7}, "client_id"),
    "an empty client id": ("handoffs", {"client_id": ""}, "client_id"),
    "a client id with a blank": ("handoffs", {"client_id": "a b"}, "client_id"),
    "a client id with a line break": ("handoffs", {"client_id": "a\n"}, "client_id"),
    "a long client id": ("handoffs", {"client_id": "x" * 65}, "client_id"),
    "a card as client id": ("handoffs", {"client_id": "4111-1111-1111-1111"}, "client_id"),
    "a card as message id": ("handoffs/{id}/messages", {"client_id": "m4111111111111111", "text": "t"}, "client_id"),
    "an intent that is null": ("handoffs", {"intent": None}, "intent"),
    "an unknown intent": ("handoffs", {"intent": ECHO}, "intent"),
    "an intent with a blank": ("handoffs", {"intent": " dispute-charge"}, "intent"),
    "an unknown channel": ("handoffs", {"channel": ECHO}, "channel"),
    "a channel that is a list": ("handoffs", {"channel": ["chat"]}, "channel"),
    "a statement that is a number": ("handoffs", {"statement": 1}, "statement"),
    "a statement with NUL": ("handoffs", {"statement": "a\0"}, "statement"),
    "leave that is 1": ("handoffs", {"leave": 1}, "leave"),
    "leave that is text": ("handoffs", {"leave": "true"}, "leave"),
    "a journey that is a list": ("handoffs", {"journey": []}, "journey"),
    "steps that are text": ("handoffs", {"journey": {"steps": "x"}}, "journey.steps"),
    "a step without a path": ("handoffs", {"journey": {"steps": [{}]}}, "journey.steps.0.path"),
    "a step that ended otherwise": (
        "handoffs", {"journey": {"steps": [{"path": "/", "status": ECHO}]}}, "journey.steps.0.status"
    ),
    "a time that does not exist": (
        "handoffs", {"journey": {"steps": [{"path": "/", "at": "2026-13-01T00:00:00Z"}]}}, "journey.steps.0.at"
    ),
    "a fact without a value": ("handoffs", {"journey": {"facts": [{"key": "k"}]}}, "journey.facts.0.value"),
    "a fact that is a list": (
        "handoffs", {"journey": {"facts": [{"key": "k", "value": [1]}]}}, "journey.facts.0.value"
    ),
    "a number beyond a browser's": (
        "handoffs", {"journey": {"facts": [{"key": "k", "value": 10**30}]}}, "journey.facts.0.value"
    ),
    "a fact with NUL": ("handoffs", {"journey": {"facts": [{"key": "k", "value": "a\0"}]}}, "journey.facts.0.value"),
    "a key with NUL": ("handoffs", {"journey": {"facts": [{"key": "k\0", "value": 1}]}}, "journey.facts.0.key"),
    "an empty message": ("handoffs/{id}/messages", {"client_id": "m", "text": ""}, "text"),
    "a blank message": ("handoffs/{id}/messages", {"client_id": "m", "text": " \n\t"}, "text"),
    "a message with NUL": ("handoffs/{id}/messages", {"client_id": "m", "text": "a\0b"}, "text"),
    "a message that is a number": ("handoffs/{id}/messages", {"client_id": "m", "text": 7}, "text"),
    "a strike of a signed fact": ("handoffs/{id}/receipt/strike", {"key": "sub", "source": "verified"}, "source"),
    "a strike of a desk's fact": ("handoffs/{id}/receipt/strike", {"key": "sub", "source": "desk"}, "source"),
    "an effort of 0": ("handoffs/{id}/survey", {"effort": 0}, "effort"),
    "an effort of 8": ("handoffs/{id}/survey", {"effort": 8}, "effort"),
    "an effort of 7.0": ("handoffs/{id}/survey", {"effort": 7.0}, "effort"),
    "an effort of true": ("handoffs/{id}/survey", {"effort": True}, "effort"),
    "an effort beyond any column": ("handoffs/{id}/survey", {"effort": 10**40}, "effort"),
    "an effort that is text": ("handoffs/{id}/survey", {"effort": "7"}, "effort"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "fields", "wrong"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_named(maya: Page, path, fields, wrong) -> None:
    handoff = maya.ask().body["id"] if "{id}" in path else ""
    base = {"client_id": "c1", "intent": "dispute-charge", "channel": "chat"} if path == "handoffs" else {}
    error = assert_refused(maya.post(path.format(id=handoff), base | fields), 400, "invalid_request")
    assert set(error["fields"]) == {wrong}


UNKNOWN_FIELDS = {
    "sessions": {"site": "harbour"},
    "handoffs": {"client_id": "c1", "intent": "dispute-charge", "channel": "chat"},
    "handoffs/{id}/messages": {"client_id": "m1", "text": "t"},
    "handoffs/{id}/journey": {},
    "handoffs/{id}/receipt/strike": {"key": "k", "source": "observed"},
    "handoffs/{id}/survey": {"effort": 7},
    "handoffs/{id}/cancel": {},
    "handoffs/{id}/end": {},
    "sessions/ticket": {},
}


@pytest.mark.parametrize("path", UNKNOWN_FIELDS)
def test_an_unknown_field_is_seen(maya: Page, path) -> None:
    handoff = maya.ask().body["id"]
    answer = maya.post(path.format(id=handoff), UNKNOWN_FIELDS[path] | {"state": "closed"})
    error = assert_refused(answer, 400, "unknown_field")
    assert set(error["fields"]) == {"state"}


def test_an_unknown_field_inside_the_journey_is_seen(maya: Page) -> None:
    for journey in ({"step": []}, {"steps": [{"path": "/", "by": 1}]}, {"facts": [{"key": "k", "value": 1, "by": 1}]}):
        assert_refused(maya.ask(journey=journey), 400, "unknown_field")


OVERSIZE = [
    ("sessions", {"site": "harbour", "identity_token": "x" * 8_193}, "token_too_large"),
    ("sessions", {"site": "harbour", "identity_token": "x" * 70_000}, "token_too_large"),
    ("handoffs", {"statement": "x" * 4_001}, "too_long"),
    ("handoffs", {"statement": "x" * 70_000}, "context_too_large"),
    ("handoffs", {"journey": {"facts": [{"key": "k", "value": "x" * 4_001}]}}, "context_too_large"),
    ("handoffs/{id}/journey", {"facts": [{"key": "k", "value": "x" * 70_000}]}, "context_too_large"),
    ("handoffs/{id}/messages", {"client_id": "m", "text": "x" * 4_001}, "too_long"),
    ("handoffs/{id}/messages", {"client_id": "m", "text": "x" * 70_000}, "too_long"),
    ("handoffs/{id}/messages", {"client_id": "m", "text": "x" * 1_000_000}, "too_long"),
    ("handoffs/{id}/survey", {"effort": 7, "comment": "x" * 4_001}, "too_long"),
]


@pytest.mark.parametrize(("path", "fields", "code"), OVERSIZE)
def test_what_is_too_large_is_refused(maya: Page, path, fields, code) -> None:
    handoff = maya.ask().body["id"] if "{id}" in path else ""
    base = {"client_id": "c1", "intent": "dispute-charge", "channel": "chat"} if path == "handoffs" else {}
    assert_refused(maya.post(path.format(id=handoff), base | fields), 413, code)


# -- ids and methods

STRANGE_IDS = ["ho_absent", "1", "%00", "a%00b", "..%2f..", "%ff", "ho_%F0%9F%98%80", "x" * 2_000, "'%20OR%201=1--"]


@pytest.mark.parametrize("strange", STRANGE_IDS)
def test_an_id_that_names_nothing_is_not_found(maya: Page, strange) -> None:
    for method, path, body in (
        ("GET", "handoffs/{}", None),
        ("GET", "handoffs/{}/events", None),
        ("GET", "handoffs/{}/receipt", None),
        ("POST", "handoffs/{}/messages", {"client_id": "m", "text": "t"}),
        ("POST", "handoffs/{}/cancel", None),
        ("POST", "handoffs/{}/receipt/strike", {"key": "k", "source": "observed"}),
        ("POST", "handoffs/{}/survey", {"effort": 7}),
    ):
        assert_refused(maya.call(method, path.format(strange), body), 404, "not_found")


@pytest.mark.parametrize("path", ["", "session", "sessions/", "handoffs/", "handoffs/a/b", "server/handoffs", "%00"])
def test_an_unknown_route_is_not_found(maya: Page, path) -> None:
    for method in ("GET", "POST", "DELETE", "PUT", "PATCH"):
        assert_refused(maya.call(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "sessions"), ("PUT", "sessions"), ("GET", "sessions/ticket"), ("POST", "availability"),
        ("GET", "handoffs"), ("DELETE", "handoffs"), ("POST", "handoffs/ho_x"), ("DELETE", "handoffs/ho_x"),
        ("POST", "handoffs/ho_x/events"), ("GET", "handoffs/ho_x/messages"), ("PATCH", "handoffs/ho_x/journey"),
        ("POST", "handoffs/ho_x/receipt"), ("GET", "handoffs/ho_x/receipt/strike"), ("TRACE", "handoffs/ho_x/end"),
    ],
)  # fmt: skip
def test_a_method_that_a_route_does_not_take_is_405(maya: Page, method, path) -> None:
    answer = maya.call(method, path)
    assert_refused(answer, 405, "invalid_request")


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "", "9" * 16, "\u0661", "1e3", " 1", "0x1"])
def test_a_cursor_that_is_no_count_is_refused(maya: Page, number) -> None:
    handoff = maya.ask().body["id"]
    assert_refused(maya.get(f"handoffs/{handoff}/events?after={number}"), 400, "invalid_request")


@pytest.mark.parametrize("key", ["", "absent", "%00", "har%00bour", "%ff", "x" * 2_000])
def test_a_frame_of_a_site_that_is_none_is_not_found(maya: Page, key) -> None:
    assert Client().get(f"/widget/frame?site={key}").status_code == 404
