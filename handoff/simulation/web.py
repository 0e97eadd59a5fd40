"""HTTP as a browser or a site's server speaks it, with the cookies of one person."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import urlencode

import jwt

from handoff.lib.clock import utc_now
from handoff.simulation.ledger import WAITED, Ledger
from handoff.simulation.stage import Plan

TIMEOUT_SECONDS: Final = 30
# How long a client goes on coming again when it is told to wait.
PATIENCE_SECONDS: Final = 90.0
TOKEN_SECONDS: Final = 240
READY_TRIES: Final = 10
READY_SECONDS: Final = 0.5
_CALLERS: Final = ThreadPoolExecutor(max_workers=16, thread_name_prefix="simulated-call")


class Refused(Exception):
    """The server said no, with a code; it is counted where it is raised."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    retry_after: float = 1.0

    @property
    def code(self) -> str:
        named = self.body.get("error", {}).get("code") if isinstance(self.body, dict) else None
        return str(named or f"http_{self.status}")


class Web:
    """One person's browser."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._plan, self._ledger = plan, ledger
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar), _NoRedirects()
        )

    def cookie(self, ending: str) -> str:
        """The one whose name ends like this: over https a prefix comes before it."""
        return next((one.value or "" for one in self._jar if one.name.endswith(ending)), "")

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The API's answer. Comes again where it is told to wait. Raises Refused."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self._ask(method, f"/api/v1/{path}", None if body is None else json.dumps(body), headers)
            if answer.status < 400:
                return answer.body
            self._ledger.errors[answer.code] += 1
            if answer.code not in WAITED or time.monotonic() + answer.retry_after > deadline:
                raise Refused(answer.code)
            await asyncio.sleep(answer.retry_after)

    async def is_served(self) -> bool:
        """Whether a server is ready at the plan's address, or becomes so soon."""
        for _ in range(READY_TRIES):
            if (await self._ask("GET", "/readyz", None, {})).status == 200:
                return True
            await asyncio.sleep(READY_SECONDS)
        return False

    async def sign_in(self, username: str, password: str) -> None:
        """Through the page that everybody uses. Raises Refused."""
        await self._ask("GET", "/accounts/login/", None, {})
        form = {"login": username, "password": password, "csrfmiddlewaretoken": self.cookie("csrftoken")}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._ask("POST", "/accounts/login/", urlencode(form), headers)
        if answer.status != 302:
            self._ledger.errors["sign_in_refused"] += 1
            raise Refused("sign_in_refused")

    async def _ask(self, method: str, path: str, text: str | None, headers: Mapping[str, str]) -> Answer:
        sent = {"Origin": self._plan.public_origin, "Content-Type": "application/json", **headers}
        request = urllib.request.Request(  # noqa: S310 (the plan names http or https)
            self._plan.url + path, data=None if text is None else text.encode(), method=method, headers=sent
        )
        return await asyncio.get_running_loop().run_in_executor(_CALLERS, self._open, request)

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return Answer(response.status, _read(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                wait = error.headers.get("Retry-After") or "1"
                return Answer(error.code, _read(error.read()), float(wait) if wait.isdecimal() else 1.0)
        except OSError:
            return Answer(503, {"error": {"code": "not_ready"}})


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Where a sign-in leads is its answer."""

    def redirect_request(self, *args: Any) -> None:
        return None


def sign(plan: Plan, subject: str, **claims: Any) -> str:
    """An identity token, as the site's server would sign it."""
    now = int(utc_now().timestamp())
    said = {"iss": plan.signer.site, "aud": plan.public_origin, "sub": subject, "jti": secrets.token_urlsafe(18)}
    times = {"iat": now, "exp": now + TOKEN_SECONDS}
    return jwt.encode(said | times | claims, plan.signer.secret, "HS256", headers={"kid": plan.signer.kid})


def _read(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
