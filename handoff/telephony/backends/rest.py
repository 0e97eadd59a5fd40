"""A provider's REST interface, and what a failure there means for whoever wants to try again."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from handoff.lib.clock import utc_now
from handoff.telephony.base import CallError

# To connect and to be answered each, so that one call of ours blocks for less than ten.
TIMEOUT_SECONDS: Final = 4.5
ANSWER_LIMIT: Final = 1024 * 1024
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503


class Refusal(CallError):
    """It answered, and not with what was asked for; `number` is its own for the error."""

    def __init__(self, message: str, *, status: int, number: int, **flags: Any) -> None:
        super().__init__(message, **flags)
        self.http_status = status
        self.number = number


class RestClient:
    """JSON out of forms, by HTTP with a user and password; each request on a connection of its own."""

    def __init__(self, base: str, *, user: str, password: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(base)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._is_tls = parts.scheme == "https"
        self._timeout = timeout_seconds
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "Accept": "application/json"}

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Raises CallError; asking changes nothing, so it is never ambiguous."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, form=None)

    def post(self, path: str, form: Mapping[str, str | list[str]]) -> dict[str, Any]:
        """Raises CallError, ambiguous from the moment that the request may have reached them."""
        return self._ask("POST", path, form=urlencode(form, doseq=True))

    def _ask(self, method: str, path: str, *, form: str | None) -> dict[str, Any]:
        with closing(self._connection()) as connection:
            try:
                connection.connect()
            except OSError as error:
                raise CallError(f"The provider could not be reached ({type(error).__name__}).") from error
            headers = self._headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
            try:
                connection.request(method, self._prefix + path, body=form, headers=headers)
                response = connection.getresponse()
                body = response.read(ANSWER_LIMIT)
            except (OSError, http.client.HTTPException) as error:
                what = f"The provider did not answer ({type(error).__name__})."
                raise CallError(what, is_ambiguous=method != "GET") from error
        return _read(response, body, is_write=method != "GET")

    def _connection(self) -> http.client.HTTPConnection:
        if self._is_tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return _Plain(self._host, self._port, timeout=self._timeout)


class _Plain(http.client.HTTPConnection):
    """Only for a stand-in on this machine: the account's token would go over the wire as it is."""

    def connect(self) -> None:
        super().connect()
        peer = self.sock.getpeername()[0]
        if not _is_loopback(peer):
            self.close()
            raise OSError("the provider's address must be https")


def _is_loopback(address: str) -> bool:
    return address == "::1" or (
        ":" not in address and socket.inet_aton(address)[0] == 127  # the whole of 127.0.0.0/8
    )


def _read(response: http.client.HTTPResponse, body: bytes, *, is_write: bool) -> dict[str, Any]:
    if not 200 <= response.status < 300:
        raise _refusal(response, body, is_write=is_write)
    if not body:
        return {}
    return _object(body)


def _refusal(response: http.client.HTTPResponse, body: bytes, *, is_write: bool) -> Refusal:
    told = _object(body)
    number = told.get("code")
    return Refusal(
        f"The provider refused with {response.status}.",
        status=response.status,
        number=number if isinstance(number, int) else 0,
        is_permanent=400 <= response.status < 500 and response.status != _TOO_MANY,
        is_ambiguous=is_write and response.status >= 500,
        retry_after_seconds=_retry_after(response),
    )


def _retry_after(response: http.client.HTTPResponse) -> float | None:
    """Seconds, or the time of day that they count to; None where they say nothing that can be read."""
    said = response.getheader("Retry-After")
    if said is None or response.status not in (_TOO_MANY, _UNAVAILABLE):
        return None
    if said.strip().isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
