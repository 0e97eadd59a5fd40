"""A backup is whole or none, can be read or is refused, and is never written over anything."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy import backups, databases, postgres
from deploy.backups import Sources
from deploy.shell import ROOT, SetupError
from tests.processes import environment, manage

YEAR_BEFORE = "20250101T000000Z"


def sources_of(folder: Path, url: str) -> Sources:
    return Sources(databases.open_database(url), {"attachments": folder / "attachments", "brand": folder / "brand"})


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.PostgresServer]:
    with postgres.temporary_server() as server:
        yield server


def migrated(folder: Path, url: str) -> str:
    """With its tables and an epoch."""
    for arguments in (("migrate", "--no-input"), ("new_epoch",)):
        done = manage(folder, *arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
    return url


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    migrated(folder, f"sqlite:///{folder}/db.sqlite3")
    return folder / "db.sqlite3"


@pytest.fixture(scope="module")
def on_postgres(cluster: postgres.PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    return migrated(tmp_path_factory.mktemp("template"), fresh_on(cluster, "filled"))


@pytest.fixture
def filled(tmp_path: Path, request: pytest.FixtureRequest) -> Sources:
    """A deployment with its tables, an epoch, a file and a logo."""
    folder = tmp_path / "deployment"
    folder.mkdir()
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_file"), folder / "db.sqlite3")
        found = sources_of(folder, f"sqlite:///{folder}/db.sqlite3")
    else:
        found = sources_of(folder, request.getfixturevalue("on_postgres"))
    for name, kept in found.folders.items():
        (kept / "2026").mkdir(parents=True)
        (kept / "2026" / "one").write_bytes(name.encode())
    return found


def fresh_on(server: postgres.PostgresServer, name: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.url.removesuffix('/postgres')}/{name}"


def epoch_of(sources: Sources) -> str:
    query = "SELECT value FROM handoff_epoch"
    if isinstance(sources.database, databases.Sqlite):
        with sqlite3.connect(sources.database.path) as connection:
            return str(connection.execute(query).fetchone()[0])
    with psycopg.connect(sources.database.url) as link:
        row = link.execute(query).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("filled", ["sqlite", "postgres"], indirect=True)
def test_a_backup_comes_back_elsewhere_with_another_epoch(
    filled: Sources, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `restore` runs manage.py, which needs a key as any service does.
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    url = f"sqlite:///{tmp_path}/elsewhere/db.sqlite3"
    if isinstance(filled.database, databases.Postgres):
        url = fresh_on(request.getfixturevalue("cluster"), "elsewhere")
    other = sources_of(tmp_path / "elsewhere", url)
    backups.restore(backup, sources=other)
    assert epoch_of(other) != epoch_of(filled)
    assert other.database.newest_migration() == filled.database.newest_migration()
    for name, kept in other.folders.items():
        assert (kept / "2026" / "one").read_bytes() == name.encode()
    with pytest.raises(SetupError, match="not empty"):
        backups.restore(backup, sources=other)


@pytest.mark.parametrize("name", ["database.sqlite3", "attachments.tar", "brand.tar"])
def test_a_byte_that_changed_is_seen(filled: Sources, tmp_path: Path, name: str) -> None:
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    whole = (backup / name).read_bytes()
    (backup / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SetupError, match="not what was written"):
        backups.check(backup)


@pytest.mark.parametrize("filled", ["postgres"], indirect=True)
def test_a_dump_that_was_cut_off_before_its_checksum_is_seen(filled: Sources, tmp_path: Path) -> None:
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    (backup / backups.MANIFEST).unlink()
    backups.write_manifest(backup, engine="postgresql", migration="0001_initial", now=0)
    with pytest.raises(SetupError, match="pg_restore failed"):
        backups.check(backup)


def test_what_failed_leaves_nothing_that_looks_like_a_backup(
    filled: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, target: Path) -> None:
        target.write_bytes(b"half of")
        raise SetupError("the disk is full")

    monkeypatch.setattr(databases.Sqlite, "dump", fail)
    with pytest.raises(SetupError, match="disk"):
        backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    assert list((tmp_path / "backups").iterdir()) == []


def test_old_backups_go_and_what_is_no_backup_stays(filled: Sources, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    for name in (YEAR_BEFORE, f".unfinished-{YEAR_BEFORE}", "notes"):
        (into / name).mkdir(parents=True)
    kept = backups.back_up(into, sources=filled, keep_days=14)
    assert {path.name for path in into.iterdir()} == {kept.name, "notes"}


def test_a_backup_of_a_newer_release_or_another_engine_is_refused(filled: Sources, tmp_path: Path) -> None:
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    manifest = json.loads((backup / backups.MANIFEST).read_text())
    empty = sources_of(tmp_path / "empty", f"sqlite:///{tmp_path}/empty/db.sqlite3")
    for changed, words in (({"migration": "9999_later"}, "newer release"), ({"engine": "postgresql"}, "of postgresql")):
        with pytest.raises(SetupError, match=words):
            backups.require_room(manifest | changed, empty)
    assert not (tmp_path / "empty").exists()


def test_files_are_not_written_over(filled: Sources, tmp_path: Path) -> None:
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    other = sources_of(tmp_path / "other", f"sqlite:///{tmp_path}/other/db.sqlite3")
    other.folders["brand"].mkdir(parents=True)
    (other.folders["brand"] / "logo.png").write_bytes(b"mine")
    with pytest.raises(SetupError, match="is not empty"):
        backups.restore(backup, sources=other)
    assert not (tmp_path / "other" / "db.sqlite3").exists()


def test_the_log_of_a_database_that_died_is_not_played_into_the_backup(filled: Sources, tmp_path: Path) -> None:
    backup = backups.back_up(tmp_path / "backups", sources=filled, keep_days=14)
    (tmp_path / "crashed").mkdir()
    died = tmp_path / "crashed" / "db.sqlite3"
    script = (
        "import os, sqlite3, sys; link = sqlite3.connect(sys.argv[1]); link.execute('PRAGMA journal_mode=WAL'); "
        "link.execute('CREATE TABLE last_words (word)'); link.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, died], check=True)
    died.rename(tmp_path / "crashed" / "moved away")
    other = sources_of(tmp_path / "crashed", f"sqlite:///{died}")
    with pytest.raises(SetupError, match="move it away with the -wal"):
        backups.restore(backup, sources=other)
    assert not died.exists()


def test_the_command_says_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "deploy" / "backup", "--check", tmp_path], capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} is not a backup")
    assert "Traceback" not in done.stderr


def test_passwords_are_no_arguments() -> None:
    found = databases.libpq_variables("postgres://handoff:p%40ss@%2Frun%2Fpostgresql:5433/name?sslmode=require&x=1")
    assert found == {
        "PGHOST": "/run/postgresql",
        "PGPORT": "5433",
        "PGUSER": "handoff",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "name",
        "PGSSLMODE": "require",
    }
    # As psycopg reads it: not the server that happens to be this machine's own.
    assert databases.libpq_variables("postgres:///name?host=/run/other&port=5499") == {
        "PGHOST": "/run/other",
        "PGPORT": "5499",
        "PGDATABASE": "name",
    }
