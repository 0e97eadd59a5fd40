"""The demo's configuration and secrets, and the stamps that let a second start skip what is done."""

import socket
import sqlite3
import stat
import tomllib
from pathlib import Path

import pytest

from deploy import demo
from deploy.shell import ROOT, SetupError, Stamp, digest

PRIVATE = {"hmac_secret": "s" * 64, "amira_password": "a", "tomas_password": "t", "admin_password": "d"}


def test_configuration_has_every_place_filled_in() -> None:
    found = tomllib.loads(demo.render_configuration(PRIVATE, 8101))
    assert found["sites"][0]["hmac_secret"] == PRIVATE["hmac_secret"]
    assert found["sites"][0]["origins"] == ["http://127.0.0.1:8101", "http://localhost:8101"]
    assert {agent["username"]: agent["password"] for agent in found["agents"]} == {
        "amira": "a",
        "tomas": "t",
        "admin": "d",
    }


def test_every_intent_leads_to_a_queue_that_somebody_serves() -> None:
    found = tomllib.loads(demo.render_configuration(PRIVATE, 8101))
    staffed = {queue for agent in found["agents"] for queue in agent["queues"]}
    assert {queue["key"] for queue in found["queues"]} == staffed
    assert {intent["queue"] for intent in found["sites"][0]["intents"]} <= staffed


def test_secrets_are_made_once_and_readable_by_their_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "HOME", tmp_path / "demo")
    first = demo.private_values()
    assert demo.private_values() == first
    assert stat.S_IMODE((tmp_path / "demo" / "secrets.json").stat().st_mode) == 0o600
    assert len(first["hmac_secret"]) >= 32
    assert len(set(first.values())) == len(first)


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1"])
def test_port_must_be_a_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HANDOFF_PORT", value)
    with pytest.raises(SetupError, match="HANDOFF_PORT"):
        demo.port("HANDOFF_PORT", 8000)


def test_a_command_sees_the_demos_data_while_the_demo_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo.bootstrap, "set_up", lambda: None)
    monkeypatch.setattr(demo, "HOME", tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with socket.socket() as running:
        running.bind(("127.0.0.1", 0))
        running.listen()
        monkeypatch.setenv("HANDOFF_PORT", str(running.getsockname()[1]))
        shop = tmp_path / "shop.toml"
        shop.write_text('[[queues]]\nkey = "orders"\nname = "Orders"\n')
        monkeypatch.setattr("sys.argv", ["./run", "manage", "apply_config", str(shop)])
        assert demo.main() == 0
    with sqlite3.connect(tmp_path / "handoff.sqlite3") as database:
        assert database.execute("SELECT key FROM handoff_queue").fetchall() == [("orders",)]


@pytest.mark.parametrize("typed", [["apply_config"], ["manage"]])
def test_a_word_that_is_no_command_is_refused(monkeypatch: pytest.MonkeyPatch, typed: list[str]) -> None:
    monkeypatch.setattr("sys.argv", ["./run", *typed])
    with pytest.raises(SystemExit):
        demo.main()


def test_stamp_is_current_until_its_content_changes(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "made" / ".stamp", digest(["one"]))
    assert not stamp.is_current()
    stamp.set()
    assert stamp.is_current()
    assert not Stamp(stamp.path, digest(["two"])).is_current()


def test_digest_sees_a_file_and_where_words_are_split() -> None:
    assert digest([ROOT / "manage.py"]) != digest([ROOT / "requirements.txt"])
    assert digest(["ab", "c"]) != digest(["a", "bc"])
