"""A deployment from outside: `manage.py serve` on a scratch database, configured, with people who may sign in."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import jwt
import psycopg
from psycopg import sql

from deploy import postgres, processes
from deploy.shell import ROOT

AGENT_PASSWORD: Final = "benchmark-agents-only"
PYTHON: Final = str(ROOT / ".venv" / "bin" / "python") if (ROOT / ".venv").exists() else sys.executable

_CONFIG: Final = """
[[queues]]
key = "cards"
name = "Cards"
offer_seconds = 120

{agents}

[[sites]]
key = "harbour"
name = "Harbour Bank"
origins = ["{site_origin}"]
allow_unverified = true
hmac_secret = "{secret}"
{phone}
[[sites.intents]]
key = "dispute-charge"
label = "Dispute a charge"
queue = "cards"
channels = ["chat"{phone_channel}]
"""
# The lab's, where it runs.
NUMBER: Final = "+442079460000"
_NUMBER: Final = f"""
[[sites.numbers]]
number = "{NUMBER}"
provider = "lab"
"""
_AGENT: Final = """
[[agents]]
username = "{username}"
name = "{name}"
password = "{password}"
queues = ["cards"]
capacity = {capacity}
audio = "sip:{username}@lab"
"""


@dataclass(frozen=True)
class Database:
    """Where a run keeps its rows; `pid` is PostgreSQL's, None for SQLite."""

    engine: str
    url: str
    pid: int | None = None
    version: str = ""


@dataclass(frozen=True)
class Deployment:
    """A running server and the key with which its site signs."""

    origin: str
    site_origin: str
    secret: str
    pid: int
    database: Database
    log: Path
    # What the server was started with, for another one beside it.
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def sign(self, subject: str) -> str:
        """An identity token as a bank's server would sign it, with three facts."""
        now = int(time.time())
        claims = {
            "iss": "harbour",
            "aud": self.origin,
            "sub": subject,
            "iat": now,
            "exp": now + 240,
            "jti": secrets.token_urlsafe(24),
            "auth_time": now - 60,
            "acr": "urn:bank:2",
            "amr": ["pwd", "otp"],
            "name": "Maya Chen",
            "facts": {"account": "•••• 4421", "plan": {"label": "Plan", "value": "Everyday"}, "since": 2019},
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="handoff-benchmark-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def database(engine: str, home: Path, *, core: int | None = None) -> Iterator[Database]:
    """A new database that promises what production's does: every commit reaches the disk."""
    if engine == "sqlite":
        yield Database("sqlite", f"sqlite:///{home / 'handoff.sqlite3'}")
        return
    with postgres.temporary_server(durable=True) as server:
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        if core is not None:
            _pin_tree(pid, core)
        yield Database("postgres", server.url, pid, str(postgres.major_version(server.binaries)))


def another_database(where: Database, name: str) -> Database:
    """A second one on the same PostgreSQL."""
    with psycopg.connect(where.url, autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return replace(where, url=f"{where.url.rpartition('/')[0]}/{name}")


def _pin_tree(pid: int, core: int) -> None:
    for one in (pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(one, {core})


@contextlib.contextmanager
def serving(
    where: Database,
    home: Path,
    *,
    server: str,
    agents: Sequence[tuple[str, int]],
    core: int | None = None,
    sip_port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Deployment]:
    """Migrate, apply a configuration with these (username, capacity), serve until the block ends.

    With a `sip_port` the lab listens there, and the site can be called.
    """
    port = processes.free_port()
    origin = f"http://127.0.0.1:{port}"
    site_origin = f"http://127.0.0.1:{processes.free_port()}"
    secret = secrets.token_hex(32)
    env = os.environ | {
        "DATABASE_URL": where.url,
        "SECRET_KEY": secrets.token_hex(32),
        "PUBLIC_ORIGIN": origin,
        "ALLOWED_HOSTS": "127.0.0.1",
        "HANDOFF_LIMIT_SCALE": "1000000",
        "HANDOFF_TICKET_LIFE_SECONDS": "300",
        "HANDOFF_LEASE_SECONDS": "3600",
        "DEBUG": "",
        "REDIS_URL": "",
        "HANDOFF_LAB_SIP": f"127.0.0.1:{sip_port}" if sip_port else "",
        **(settings or {}),
    }
    configuration = home / f"handoff-{port}.toml"
    configuration.write_text(_configuration(agents, secret, site_origin, has_phone=sip_port is not None))
    for arguments in (["migrate", "--no-input"], ["apply_config", str(configuration)]):
        _manage(arguments, env)
    with _served(port, home, server=server, env=env, core=core) as (pid, log):
        yield Deployment(origin, site_origin, secret, pid, where, log, env)


@contextlib.contextmanager
def serving_beside(deployment: Deployment, home: Path, *, server: str, core: int | None = None) -> Iterator[int]:
    """Another server of the same deployment; answers its port."""
    port = processes.free_port()
    with _served(port, home, server=server, env=deployment.env, core=core):
        yield port


@contextlib.contextmanager
def _served(
    port: int, home: Path, *, server: str, env: Mapping[str, str], core: int | None
) -> Iterator[tuple[int, Path]]:
    log = home / f"serve-{port}.log"
    command = [PYTHON, "manage.py", "serve", "--port", str(port), "--server", server]
    child = processes.start(pinned(command, core), env=env, log=log)
    try:
        processes.wait_until_ready(f"http://127.0.0.1:{port}/readyz", child, log=log)
        yield child.pid, log
    finally:
        processes.stop(child, seconds=15)


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """taskset replaces itself by the command, so the pid stays the server's."""
    return list(command) if core is None else ["taskset", "-c", str(core), *command]


def _configuration(agents: Sequence[tuple[str, int]], secret: str, site_origin: str, *, has_phone: bool) -> str:
    people = "".join(
        _AGENT.format(username=username, name=username.title(), password=AGENT_PASSWORD, capacity=capacity)
        for username, capacity in agents
    )
    phone = {"phone": _NUMBER, "phone_channel": ', "phone"'} if has_phone else {"phone": "", "phone_channel": ""}
    return _CONFIG.format(agents=people, site_origin=site_origin, secret=secret, **phone)


def _manage(arguments: Sequence[str], env: dict[str, str]) -> None:
    done = subprocess.run([PYTHON, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"manage.py {arguments[0]} failed: {(done.stderr or done.stdout)[-800:]}")


def as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
