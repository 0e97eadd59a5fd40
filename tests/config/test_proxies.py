"""What a proxy strips, forgets or lets through, on the servers themselves."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from handoff.api.views import client_address
from handoff.config import requests
from tests.config.asking import get, lines_of, send_raw, until
from tests.processes import Server, served

GIVEN = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Behind one proxy, or so it was told."""
    with served(tmp_path_factory.mktemp("proxies"), server=request.param, TRUSTED_PROXIES="1") as running:
        yield running


def body_of(answer: str) -> Any:
    text = answer.partition("\r\n\r\n")[2]
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


KEY = base64.b64encode(os.urandom(16)).decode()
HANDSHAKE = (f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: handoff.v1")


@pytest.mark.parametrize("path", ["customer", "agent", "asterisk"])
@pytest.mark.parametrize("left", [(), HANDSHAKE], ids=["by hand", "handshake without its upgrade"])
def test_a_socket_that_comes_without_its_upgrade_is_told_who_took_it(server, path: str, left: tuple[str, ...]) -> None:
    answer = send_raw(server.port, f"GET /ws/{path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *left)
    assert answer.startswith("HTTP/1.1 426 ")
    assert "upgrade: websocket" in answer.lower()
    error = body_of(answer)["error"]
    assert error["code"] == "websocket_required"
    assert "`Upgrade` and `Connection`" in error["message"]


def test_two_hosts_are_one_too_many(server) -> None:
    own = f"Host: 127.0.0.1:{server.port}"
    for hosts in ((own, "Host: evil.example"), ("Host: evil.example", own)):
        answer = send_raw(server.port, "GET /accounts/login/ HTTP/1.1", *hosts)
        assert answer.startswith("HTTP/1.1 400 "), answer[:200]
        assert "evil.example" not in answer


def test_no_forwarded_host_and_no_forwarded_reaches_a_page(server) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https;for=1.2.3.4"}
    status, headers, page = get(f"{server.origin}/console/", **forged)
    assert status == 200
    assert "evil.example" not in str(headers) + page


def test_an_id_of_the_trusted_proxy_is_ours(server) -> None:
    _, headers, told = get(f"{server.origin}/api/v1/nothing", **{"X-Request-Id": GIVEN})
    assert headers["x-request-id"] == told["error"]["request_id"] == GIVEN
    [line] = until(lambda: [line for line in lines_of(server.log) if line.get("request_id") == GIVEN])
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 404)
    assert line["path"].startswith("/api/v1/")
    assert "nothing" not in line["path"]
    assert line["milliseconds"] > 0
    assert line["code"] == "not_found"


@pytest.mark.parametrize("forged", ["short", "x" * 65, "with space in it", "rq_{jndi:ldap}", "--------", "é" * 10])
def test_what_is_no_id_is_not_taken(server, forged: str) -> None:
    _, headers, _ = get(f"{server.origin}/api/v1/nothing", **{"X-Request-Id": forged.encode().decode("latin-1")})
    assert headers["x-request-id"].startswith("rq_")


def test_two_ids_are_none(server) -> None:
    given = f"X-Request-Id: {GIVEN}"
    answer = send_raw(server.port, "GET /api/v1/x HTTP/1.1", f"Host: 127.0.0.1:{server.port}", given, given)
    assert body_of(answer)["error"]["request_id"].startswith("rq_")


def test_a_proxy_that_does_not_say_whom_it_speaks_for_is_told_in_the_log_once(server) -> None:
    for _ in range(3):
        get(f"{server.origin}/console/")
    odd = [line for line in lines_of(server.log) if str(line["event"]).startswith("TRUSTED_PROXIES counts more")]
    assert len(odd) == 1
    assert odd[0]["level"] == "warning"


def test_a_socket_has_one_id_and_a_line_when_it_is_over(server) -> None:
    headers = {"X-Request-Id": f"{GIVEN[:-4]}socket"}
    protocol = Subprotocol("handoff.v1")
    address = f"ws://127.0.0.1:{server.port}/ws/customer?ticket=never-here"
    with connect(
        address, origin=Origin(server.origin), subprotocols=[protocol], additional_headers=headers, proxy=None
    ) as client:
        client.send("no hello at all")
    [line] = until(lambda: [line for line in lines_of(server.log) if line["event"] == "socket"])
    assert line["socket"].startswith("so_")
    assert (line["path"], line["request_id"]) == ("/ws/customer", headers["X-Request-Id"])
    assert "never-here" not in server.log.read_text()


def test_queries_and_keys_do_not_reach_the_log(server) -> None:
    get(f"{server.origin}/callback/a-key-that-opens?name=Maya")
    get(f"{server.origin}/api/v1/attachments/a-seal-that-opens")
    until(lambda: any(line.get("path") == "/callback/<str:token>" for line in lines_of(server.log)))
    log = server.log.read_text()
    for secret in ("a-key-that-opens", "a-seal-that-opens", "Maya"):
        assert secret not in log


# -- without a server


def test_without_a_trusted_proxy_nobody_gives_ids(settings) -> None:
    settings.TRUSTED_PROXIES = 0
    assert requests.given_id(GIVEN) is None
    settings.TRUSTED_PROXIES = 1
    assert requests.given_id(GIVEN) == GIVEN


@pytest.mark.parametrize(
    ("hops", "forwarded", "what"),
    [(0, "1.2.3.4", "unexpected"), (1, "", "too_few"), (2, "1.2.3.4", "too_few"), (1, "1.2.3.4", None), (0, "", None)],
)
def test_forwarded_headers_that_do_not_suit_the_settings_are_counted(
    settings, rf, hops: int, forwarded: str, what: str | None
) -> None:
    settings.TRUSTED_PROXIES = hops
    before = {name: requests.FORWARDING.labels(name)._value.get() for name in requests._ODDITIES}
    requests.look_at_forwarding(rf.get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {}))
    after = {name: requests.FORWARDING.labels(name)._value.get() for name in requests._ODDITIES}
    assert [name for name in before if after[name] != before[name]] == ([what] if what else [])


@pytest.mark.parametrize(
    ("hops", "address"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9"), (3, "1.2.3.4"), (4, "127.0.0.1")]
)
def test_no_more_of_a_forwarded_chain_is_believed_than_there_are_proxies(settings, rf, hops: int, address: str) -> None:
    """The first entry is what the customer said of themselves."""
    settings.TRUSTED_PROXIES = hops
    request = rf.get("/", headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.9, 198.51.100.7", "Forwarded": "for=9.9.9.9"})
    assert client_address(request) == address


@pytest.mark.parametrize(("said", "is_odd"), [("http", True), (None, True), ("https", False)])
def test_a_proxy_that_forgets_tls_is_counted(settings, rf, said: str | None, is_odd: bool) -> None:
    settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER = 1, ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"X-Forwarded-For": "1.2.3.4"} | ({"X-Forwarded-Proto": said} if said else {})
    counted = requests.FORWARDING.labels("not_https")._value
    before = counted.get()
    requests.look_at_forwarding(rf.get("/", headers=headers))
    assert (counted.get() > before) is is_odd
