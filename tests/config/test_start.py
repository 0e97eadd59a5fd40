"""What must not start does not, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings

from tests.processes import free_port, manage, served, wait_until_ready

KEY = "0123456789abcdef" * 4


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[int]:
    """A process that serves this folder's database; answers its port."""
    with served(tmp_path, server="uvicorn") as server:
        yield server.port


def test_without_a_secret_nothing_starts(tmp_path: Path) -> None:
    refused = manage(tmp_path, "check", SECRET_KEY=None)
    assert refused.returncode != 0
    assert "Set SECRET_KEY" in refused.stderr


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"SECRET_KEY": "short"}, "handoff.E001"),
        ({"DEBUG": "1", "PUBLIC_ORIGIN": "https://help.example.com"}, "handoff.E002"),
        ({"ALLOWED_HOSTS": "*"}, "handoff.E003"),
    ],
)
def test_an_unsafe_deployment_is_refused_at_the_start(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    refused = manage(tmp_path, "serve", "--port", str(free_port()), **changes)
    assert refused.returncode != 0
    assert says in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "secret-one"),
        ("REDIS_URL", "handoff:secret@127.0.0.1:6379"),
        ("DATABASE_URL", "mysql://handoff:secret@127.0.0.1/handoff"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_and_not_shown(tmp_path: Path, name: str, value: str) -> None:
    refused = manage(tmp_path, "check", **{name: value})
    assert refused.returncode != 0
    assert name in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr


def test_misspelt_settings_are_told_all_at_once(tmp_path: Path) -> None:
    wrong = {
        "PUBLIC_ORIGIN": "help.example.com",
        "HANDOFF_TIME_ZONE": "Nowhere/City",
        "HANDOFF_SQLITE_SYNCHRONOUS": "FULLL",
        "TRUSTED_PROXIES": "-1",
    }
    refused = manage(tmp_path, "check", **wrong)
    assert refused.returncode != 0
    assert all(f"handoff.E00{number}" in refused.stderr for number in (4, 5, 6, 7))


def test_a_deployment_as_it_should_be_has_nothing_to_read_past(tmp_path: Path) -> None:
    """What Django warns of by default and is done elsewhere is not said."""
    looked = manage(tmp_path, "check", "--deploy", PUBLIC_ORIGIN="https://help.example.invalid", SECRET_KEY=KEY)
    assert "(security." not in looked.stderr
    assert "handoff.W003" in looked.stderr, "somebody has to end TLS, and is not believed"


def test_a_second_process_without_redis_is_refused(tmp_path: Path, serving: int) -> None:
    refused = manage(tmp_path, "serve", "--port", str(free_port()))
    assert refused.returncode != 0
    assert "REDIS_URL" in refused.stderr
    worker = manage(tmp_path, "run_worker")
    assert worker.returncode != 0
    assert "REDIS_URL" in worker.stderr
    wait_until_ready(serving)


def test_a_killed_process_does_not_block_the_next(tmp_path: Path) -> None:
    for _ in range(2):
        with served(tmp_path, server="daphne") as server:
            server.process.kill()


@pytest.mark.django_db
def test_metrics_are_not_for_the_public_unless_the_operator_says_so(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    with override_settings(HANDOFF_METRICS_PUBLIC=True):
        assert b"handoff_sockets" in client.get("/metrics").content


def test_passwords_are_hashed_with_argon2() -> None:
    from handoff.config import settings

    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def test_a_database_without_tables_says_what_makes_them(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[queues]]\nkey = "cards"\nname = "Cards"\n')
    refused = manage(tmp_path, "apply_config", str(config), SECRET_KEY="secret" * 9)
    assert refused.returncode != 0
    assert "`manage.py migrate` first" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_secret_that_reads_no_site_key_is_refused_unless_the_former_one_is_named(tmp_path: Path) -> None:
    former, other = "former" * 8, "another" * 8
    config = tmp_path / "config.toml"
    config.write_text('[[sites]]\nkey = "harbour"\nname = "Harbour"\norigins = ["http://127.0.0.1:8001"]\n')
    assert manage(tmp_path, "migrate", "--no-input").returncode == 0
    assert manage(tmp_path, "apply_config", str(config), SECRET_KEY=former).returncode == 0
    refused = manage(tmp_path, "serve", "--port", str(free_port()), SECRET_KEY=other)
    assert refused.returncode != 0
    assert "harbour" in refused.stderr
    look = "from handoff.identity import keys; print(keys.unreadable_sites())"
    read = manage(tmp_path, "shell", "-c", look, SECRET_KEY=other, SECRET_KEY_FALLBACKS=former)
    assert read.stdout.strip().endswith("[]")
