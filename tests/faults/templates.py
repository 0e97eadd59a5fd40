"""Prepared databases: made once a run, copied for each stack, because migrations take longer than most tests here."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from deploy import postgres
from tests.faults.desk import SignedIn
from tests.processes import ROOT, environment

_until_the_end = contextlib.ExitStack()
atexit.register(_until_the_end.close)


@dataclass(frozen=True)
class Template:
    """A database to copy, by its name or its file, and who has signed in there."""

    place: str
    agents: list[SignedIn]


@functools.cache
def folder() -> Path:
    home = Path(tempfile.mkdtemp(prefix="handoff-faults-"))
    _until_the_end.callback(shutil.rmtree, home, ignore_errors=True)
    return home


@functools.cache
def cluster() -> postgres.PostgresServer:
    """One PostgreSQL for all stacks. What is committed has to outlive its processes, but not the machine."""
    settings = ("fsync=off", "max_connections=300")
    return _until_the_end.enter_context(postgres.temporary_server(durable=True, settings=settings))


def url_of(database: str) -> str:
    return f"{cluster().url.removesuffix('/postgres')}/{database}"


@contextlib.contextmanager
def copied(engine: str, configuration: str, home: Path, *, code: Path = ROOT) -> Iterator[tuple[str, list[SignedIn]]]:
    """The DATABASE_URL of a fresh copy, and its agents."""
    template = _template(engine, configuration, code)
    if engine == "sqlite":
        shutil.copyfile(template.place, home / "db.sqlite3")
        yield f"sqlite:///{home / 'db.sqlite3'}", template.agents
        return
    name = _new_name()
    _on_cluster(f"CREATE DATABASE {name} TEMPLATE {template.place} STRATEGY FILE_COPY")
    try:
        yield url_of(name), template.agents
    finally:
        _on_cluster(f"DROP DATABASE {name} WITH (FORCE)")


@functools.cache
def _template(engine: str, configuration: str, code: Path) -> Template:
    name = _new_name()
    if engine == "sqlite":
        place = str(folder() / f"{name}.sqlite3")
        return Template(place, _fill(f"sqlite:///{place}", configuration, code))
    _on_cluster(f"CREATE DATABASE {name} TEMPLATE {_migrated(code)} STRATEGY FILE_COPY")
    return Template(name, _fill(url_of(name), configuration, code))


@functools.cache
def _migrated(code: Path) -> str:
    """Every configuration begins with the same tables."""
    name = _new_name()
    _on_cluster(f"CREATE DATABASE {name}")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
        cwd=code, env=environment(folder(), DATABASE_URL=url_of(name)), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return name


def _fill(url: str, configuration: str, code: Path) -> list[SignedIn]:
    file = folder() / "desk.toml"
    file.write_text(configuration)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.seeding", str(file)],
        cwd=code, env=environment(folder(), DATABASE_URL=url, PYTHONPATH=str(ROOT)), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    people: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return [SignedIn(username, **signed_in) for username, signed_in in people.items()]


def _new_name() -> str:
    return f"faults_{secrets.token_hex(6)}"


def _on_cluster(statement: str) -> None:
    with psycopg.connect(cluster().url, autocommit=True) as connection:
        connection.execute(statement)
