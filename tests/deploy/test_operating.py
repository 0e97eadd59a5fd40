"""What an operator types at night: settings mean what they say, and what is typed wrongly changes nothing."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from deploy import backups, databases, migrating, postgres
from deploy.backups import Sources
from deploy.shell import ROOT, SetupError

REDIS = "redis+sentinel://handoff:pa$word@10.0.0.1:26379/handoff?db=1&sentinel_username=one;two"
SETTINGS = f"""# A comment.
SECRET_KEY=key
PUBLIC_ORIGIN=https://help.example.com/
REDIS_URL={REDIS}
DATABASE_URL=postgres://pooler
DIRECT_DATABASE_URL=postgres://straight"""


class House:
    """The operator's programs, with their settings below a folder and no other user to become."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = home / "handoff.env"
        self.settings.write_text(SETTINGS)
        (home / "bin").mkdir()
        (home / "deploy").mkdir()
        self._lay("bin/runuser", '#!/bin/sh\nshift 3\nexec "$@"\n')
        for name in ("with_settings", "rolling_restart"):
            text = (ROOT / "deploy" / name).read_text()
            self._lay(f"deploy/{name}", text.replace("/etc/handoff/handoff.env", str(self.settings)))

    def _lay(self, name: str, text: str) -> None:
        (self.home / name).write_text(text)
        (self.home / name).chmod(0o755)

    def call(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": f"{self.home}/bin:{os.environ['PATH']}"}
        return subprocess.run(
            [self.home / "deploy" / name, *arguments], env=env, capture_output=True, text=True, timeout=120
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def variables(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert answer.returncode == 0, answer.stderr
    return dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)


def test_a_setting_means_what_it_says_whatever_is_in_it(house: House) -> None:
    found = variables(house.call("with_settings", "env"))
    assert (found["REDIS_URL"], found["SECRET_KEY"]) == (REDIS, "key")


def test_commands_go_straight_to_the_database_and_a_check_may_go_as_the_services_do(house: House) -> None:
    assert variables(house.call("with_settings", "env"))["DATABASE_URL"] == "postgres://straight"
    assert variables(house.call("with_settings", "--pooled", "env"))["DATABASE_URL"] == "postgres://pooler"
    house.settings.write_text("DATABASE_URL=postgres://only")
    assert variables(house.call("with_settings", "env"))["DATABASE_URL"] == "postgres://only"


@pytest.mark.parametrize(
    ("settings", "words"),
    [("SECRET_KEY='key'\nDATABASE_URL=x", "SECRET_KEY without quotes"), ("SECRET_KEY=key", "DATABASE_URL")],
)
def test_settings_that_systemd_would_read_otherwise_run_nothing(house: House, settings: str, words: str) -> None:
    house.settings.write_text(settings)
    answer = house.call("with_settings", "echo", "ran")
    assert answer.returncode
    assert words in answer.stderr
    assert answer.stdout == ""


def test_without_a_command_it_says_how_it_is_used(house: House) -> None:
    assert "usage" in house.call("with_settings", "--pooled").stderr


def test_every_setting_is_in_the_operators_table_and_everything_in_it_is_a_setting() -> None:
    page = (ROOT / "docs" / "operations.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    code = "".join(path.read_text() for path in [*ROOT.glob("handoff/**/*.py"), *ROOT.glob("deploy/*.py")])
    asked = set(re.findall(r'_env\.\w+\("([A-Z_]+)"', (ROOT / "handoff" / "config" / "env.py").read_text()))
    told = {
        name for row in page.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert len(asked) > 15
    assert asked <= told
    assert all(f'"{name}"' in code for name in told)


def test_two_rolling_restarts_do_not_take_the_last_two_servers(house: House) -> None:
    with house.settings.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = house.call("rolling_restart")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "nothing was restarted" in answer.stderr


def test_servers_are_asked_by_the_name_alone(house: House) -> None:
    house._lay("bin/python", '#!/bin/sh\necho "$@"\n')
    (house.home / ".venv").mkdir()
    (house.home / ".venv" / "bin").symlink_to(house.home / "bin")
    assert house.call("rolling_restart").stdout == "-m deploy.rolling --host help.example.com\n"


@pytest.mark.parametrize("told", ["0", "-1", "two weeks"])
def test_how_long_backups_are_kept_is_said_before_one_is_made(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("HANDOFF_BACKUP_KEEP_DAYS", told)
    with pytest.raises(SetupError, match="at least 1"):
        backups.keep_days()
    monkeypatch.setenv("HANDOFF_BACKUP_KEEP_DAYS", "")
    assert backups.keep_days() == 14


def test_a_restore_that_fails_leaves_no_database_that_a_server_would_start_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def fail(self: databases.Database, source: Path) -> None:
        done.append("database")
        raise SetupError("the disk is full")

    backup, folder = tmp_path / "backup", tmp_path / "attachments"
    backup.mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "one").write_bytes(b"one")
    backups.pack(tmp_path / "kept", backup / "attachments.tar")
    sources = Sources(databases.open_database(f"sqlite:///{tmp_path}/db.sqlite3"), {"attachments": folder})
    monkeypatch.setattr(backups, "check", lambda backup: {"made_at": "then", "engine": "sqlite"})
    monkeypatch.setattr(backups, "require_room", lambda manifest, sources: None)
    monkeypatch.setattr(backups, "manage", lambda *arguments, sources: done.append(arguments[0]))
    monkeypatch.setattr(databases.Sqlite, "load", fail)
    with pytest.raises(SetupError, match="disk"):
        backups.restore(backup, sources=sources)
    assert done == ["database"], "after the files, and with nothing after it"
    assert (folder / "one").read_bytes() == b"one"
    assert "Start nothing on it" in capsys.readouterr().err


def test_only_indexes_that_nobody_builds_any_more_are_cleared_away() -> None:
    with postgres.temporary_server() as server, psycopg.connect(server.url, autocommit=True) as link:
        link.execute("CREATE TABLE handoff_one (a int, b int)")
        link.execute("CREATE TABLE others (a int)")
        link.execute("INSERT INTO handoff_one VALUES (1, 1), (1, 1)")
        link.execute("INSERT INTO others VALUES (1), (1)")
        for name, table in (("given_up", "handoff_one"), ("not_ours", "others")):
            with pytest.raises(psycopg.errors.UniqueViolation):
                link.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (a)")
        builder = threading.Thread(target=build, args=(server.url,))
        with psycopg.connect(server.url) as writer:
            # Who builds waits for this one to end.
            writer.execute("INSERT INTO handoff_one VALUES (2, 2)")
            builder.start()
            while link.execute("SELECT count(*) FROM pg_stat_progress_create_index").fetchone() == (0,):
                pass
            found = link.execute(migrating._HALF_BUILT).fetchall()
        builder.join()
        assert [re.findall(r"\w+$", statement) for (statement,) in found] == [["given_up"]]
        migrating.drop_half_built(server.url)
        left = link.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").fetchall()
        assert left == [("not_ours",)]
        assert link.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'slow'::regclass").fetchone() == (True,)


def build(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE INDEX CONCURRENTLY slow ON handoff_one (b)")
