"""`manage.py simulate` against a real server, through its public doors alone."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from handoff.identity.models import Site
from handoff.staffing.models import User
from tests.processes import manage, served

CONFIGURATION = """
[[queues]]
key = "cards"

[[agents]]
username = "amira"
queues = ["cards"]

[[sites]]
key = "harbour"
hmac_secret = "a secret that only this test and its site know"

[[sites.intents]]
key = "dispute-charge"
queue = "cards"
skills = ["disputes"]

[[sites.intents]]
key = "lost-card"
queue = "cards"
"""
PEOPLE = ("simulate", "--customers", "12", "--agents", "3", "--minutes", "4", "--speed", "30")


def test_a_play_loses_nothing_leaves_nothing_and_goes_without_a_trace(tmp_path: Path) -> None:
    # A scratch database need not outlive the machine.
    with served(tmp_path, server="daphne", HANDOFF_LIMIT_SCALE="100", HANDOFF_SQLITE_SYNCHRONOUS="OFF") as server:
        (tmp_path / "desk.toml").write_text(CONFIGURATION)
        assert manage(tmp_path, "apply_config", str(tmp_path / "desk.toml")).returncode == 0
        played = manage(tmp_path, *PEOPLE, PUBLIC_ORIGIN=server.origin)
        assert played.returncode == 0, played.stdout + played.stderr
        assert re.search(r"^lost +0$", played.stdout, re.M)
        assert re.search(r"^doubled +0$", played.stdout, re.M)
        said = int(re.search(r"^acked +(\d+)$", played.stdout, re.M)[1])  # type: ignore[index]
        with sqlite3.connect(tmp_path / "db.sqlite3") as database:
            assert database.execute(OPEN).fetchone() == (0,)
            assert database.execute(STRAY).fetchone() == (0,)
            assert database.execute(MESSAGES).fetchone() == (said,)
            assert database.execute(CLOSED).fetchone()[0] >= 9
            assert database.execute(ACCOUNTS).fetchone() == (0,)
        removed = manage(tmp_path, "simulate", "--remove")
        assert removed.returncode == 0, removed.stderr
        with sqlite3.connect(tmp_path / "db.sqlite3") as database:
            assert database.execute("SELECT count(*) FROM handoff_handoff").fetchone() == (0,)
            assert database.execute("SELECT count(*) FROM handoff_agent").fetchone() == (1,)
            assert database.execute("SELECT count(*) FROM handoff_site").fetchone() == (1,)


OPEN = "SELECT count(*) FROM handoff_handoff WHERE state <> 'closed'"
STRAY = "SELECT count(*) FROM handoff_handoff WHERE NOT is_simulated"
MESSAGES = "SELECT count(*) FROM handoff_logentry WHERE type = 'message.posted'"
CLOSED = "SELECT count(*) FROM handoff_handoff WHERE connected_at IS NOT NULL"
ACCOUNTS = (
    "SELECT count(*) FROM handoff_user u JOIN handoff_agent a ON a.user_id = u.id WHERE a.is_simulated AND u.is_active"
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "http://127.0.0.1:9"}, "No server is ready at http://127.0.0.1:9."),
        ({"url": "file:///etc"}, "--url is like http://127.0.0.1:8000."),
        ({"customers": 0, "agents": 0}, "Somebody has to come"),
        ({"minutes": 0}, "time has to pass"),
        ({"site": "nowhere"}, "There is no site 'nowhere'."),
    ],
)
def test_what_cannot_be_played_is_said(harbour: Site, options: dict[str, object], reason: str) -> None:
    with pytest.raises(CommandError, match=re.escape(reason)):
        call_command("simulate", **{"agents": 1} | options)
    assert not User.objects.filter(is_active=True).exists()
