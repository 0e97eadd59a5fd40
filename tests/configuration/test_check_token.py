"""`check_token`: says which rule a token breaks, and uses nothing up."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from handoff.identity.models import Site, UsedToken
from handoff.lib.clock import utc_now

Page = Any

pytestmark = pytest.mark.django_db


def check(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_token", *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_good_token_is_good_and_stays_unused(page: Callable[[], Page]) -> None:
    token = page().token(sub="maya-1")
    for _ in range(2):
        code, told = check("harbour", "--token", token)
        assert code == 0
        assert told.startswith("ok: ")
        assert "'maya-1'" in told
    assert not UsedToken.objects.exists()


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "https://elsewhere.example"}, "token_audience"),
        ({"iss": "neighbour"}, "token_issuer"),
        ({"exp": 1}, "token_expired"),
        ({"jti": ...}, "token_claim_missing"),
        ({"nmae": "Maya"}, "token_claim_invalid"),
    ],
)
def test_a_refused_token_names_its_rule_and_the_remedy(
    page: Callable[[], Page], claims: dict[str, Any], code: str
) -> None:
    ended, told = check("harbour", "--token", page().token(**claims))
    assert ended == 1
    assert told.startswith(f"{code}: ")
    assert "To mend it: " in told


def test_a_used_token_is_told(page: Callable[[], Page], harbour: Site) -> None:
    token = page().token(jti="used-token-identifier")
    UsedToken.objects.create(site=harbour, jti="used-token-identifier", expires_at=utc_now())
    ended, told = check("harbour", "--token", token)
    assert ended == 1
    assert told.startswith("token_replayed: ")


@pytest.mark.parametrize("spoilt", [b"", b"\xff\xfe", b"a.b.c", b"x" * 9000])
def test_whatever_comes_in_is_told_and_never_fails(
    harbour: Site, monkeypatch: pytest.MonkeyPatch, spoilt: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(spoilt)))
    ended, told = check("harbour")
    assert ended == 1
    assert told.startswith("token_")


def test_a_token_comes_from_the_standard_input_too(page: Callable[[], Page], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(page().token().encode() + b"\n")))
    assert check("harbour")[0] == 0


def test_an_unknown_site_is_told(db: None) -> None:
    with pytest.raises(CommandError, match="no site 'nowhere'"):
        call_command("check_token", "nowhere", "--token", "x")
