"""The product, the example bank and two small page servers, as real processes and ports."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import sqlite3
import string
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from deploy.example_site import BRAND_DIR, SITE_DIR, ExampleSite
from deploy.processes import free_port, kill, start, stop, wait_until_ready
from deploy.shell import VENV_PYTHON, environment, run

# On a machine that others use too.
START_SECONDS: Final = 180
PASSWORD: Final = "a passphrase for the desk"
OPEN: Final = "('awaiting_call', 'queued', 'offered', 'connected', 'wrap_up', 'scheduled')"


def free_sip_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Product:
    """`manage.py serve` on a scratch database that can go back to how it was configured."""

    home: Path
    port: int = field(default_factory=free_port)
    sip_port: int = field(default_factory=free_sip_port)
    process: subprocess.Popen[bytes] | None = None
    secret_key: str = field(default_factory=secrets.token_hex)
    # Intervals other than the default ones, by name.
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.home / "handoff.sqlite3"

    @property
    def log(self) -> Path:
        return self.home / "product.log"

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            DJANGO_SETTINGS_MODULE=None,
            DATABASE_URL=f"sqlite:///{self.database}",
            HANDOFF_ATTACHMENT_ROOT=str(self.database.with_suffix(".attachments")),
            PUBLIC_ORIGIN=self.origin,
            ALLOWED_HOSTS="127.0.0.1",
            SECRET_KEY=self.secret_key,
            HANDOFF_LIMIT_SCALE="1000",
            HANDOFF_SQLITE_SYNCHRONOUS="OFF",
            REDIS_URL="",
            HANDOFF_BRAND_ROOT=str(BRAND_DIR),
            HANDOFF_LAB_SIP=f"127.0.0.1:{self.sip_port}",
            **{f"HANDOFF_{name}_SECONDS": str(seconds) for name, seconds in self.seconds.items()},
        )

    def prepare(self, configuration: str) -> None:
        rendered = self.home / "handoff.toml"
        rendered.write_text(configuration)
        run(VENV_PYTHON, "manage.py", "migrate", "--no-input", "--verbosity=0", env=self.environment)
        run(VENV_PYTHON, "manage.py", "apply_config", rendered, env=self.environment)
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.database, self.home / "configured.sqlite3")

    def start(self) -> None:
        serve = ("manage.py", "serve", "--port", str(self.port))
        self.process = start([VENV_PYTHON, *serve], env=self.environment, log=self.log)
        wait_until_ready(f"{self.origin}/readyz", self.process, log=self.log, seconds=START_SECONDS)

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            kill(self.process)
            self.process.wait()

    def start_over(self) -> None:
        self.kill()
        for file in self.home.glob("handoff.sqlite3*"):
            file.unlink()
        shutil.copy(self.home / "configured.sqlite3", self.database)
        self.start()

    @contextlib.contextmanager
    def hurried(self, **seconds: float) -> Iterator[None]:
        """Restarted with short intervals, and back."""
        for self.seconds in (seconds, {}):
            self.kill()
            self.start()
            if self.seconds:
                yield

    def let_an_hour_pass(self) -> None:
        """For everybody's session, as after a night in a closed laptop."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            connection.execute("UPDATE handoff_session SET seen_at = datetime(seen_at, '-1 hour')")
            connection.execute(
                "UPDATE handoff_customer SET seen_at = datetime(seen_at, '-1 hour'),"
                " present_until = datetime(present_until, '-1 hour')"
            )

    def begin_a_new_epoch(self) -> None:
        """What an operator does after restoring a backup."""
        run(VENV_PYTHON, "manage.py", "new_epoch", env=self.environment)

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def has_unfinished(self) -> bool:
        return self.ask(f"SELECT count(*) FROM handoff_handoff WHERE state IN {OPEN}") != [(0,)]


class LocalhostBank(ExampleSite):
    """To a browser `localhost` is another site than the product's `127.0.0.1`."""

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def add_customer(self, like: str, number: int) -> str:
        """Another account of the same person, so that no test finds the history of an earlier one."""
        username = f"{like}-{number}"
        with contextlib.closing(sqlite3.connect(self.home / "harbour.sqlite3")) as connection, connection:
            changes = {"id": "NULL", "username": "?", "number": "?"}
            row = connection.execute("SELECT id, number FROM bank_customer WHERE username = ?", [like]).fetchone()
            new = self._copy(connection, "bank_customer", row[0], "id", changes, [username, f"{row[1]}-{number}"])
            changes = {"id": "NULL", "customer_id": "?"}
            self._copy(connection, "bank_charge", row[0], "customer_id", changes, [new])
        return username

    @staticmethod
    def _copy(
        connection: sqlite3.Connection, table: str, key: int, by: str, changes: dict[str, str], values: list[Any]
    ) -> int | None:
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        values_of = ", ".join(changes.get(name, name) for name in columns)
        return connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values_of} FROM {table} WHERE {by} = ? ORDER BY id",
            [*values, key],
        ).lastrowid


class Pages:
    """Serves the pages a test writes, each path one text of HTML, on an origin of its own."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = pages.texts.get(self.path.partition("?")[0])
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, format: str, *values: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, path: str, html: str, *, doctype: str = "<!doctype html>") -> str:
        self.texts[path] = f"{doctype}<html lang=en><title>{path}</title><body>{html}"
        return self.origin + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Town:
    """Everything that runs while browsers visit it."""

    product: Product
    bank: LocalhostBank
    listed: Pages
    hostile: Pages


# A person decides on an offer at once. A test looks at everything before that, on a machine that others use too.
DECIDE_SECONDS: Final = 600


def configuration(secret: str, bank: int, listed: Pages) -> str:
    """The demo's own file, with one more listed origin for pages that tests write, and patient offers."""
    passwords = {f"{name}_password": PASSWORD for name in ("amira", "tomas", "admin")}
    values = {"hmac_secret": secret, "example_port": str(bank), **passwords}
    text = string.Template((SITE_DIR / "handoff.toml").read_text()).safe_substitute(values)
    text = text.replace("[[queues]]\n", f"[[queues]]\noffer_seconds = {DECIDE_SECONDS}\n")
    return text.replace("origins = [", f'origins = ["{listed.origin}", ')


@contextlib.contextmanager
def running_town(home: Path) -> Iterator[Town]:
    product, listed, hostile = Product(home), Pages(), Pages()
    secret = secrets.token_urlsafe(48)
    bank = LocalhostBank(home / "bank", free_port(), product.origin, secret)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        bank.prepare()
        processes.append(bank.start())
        product.prepare(configuration(secret, bank.port, listed))
        product.start()
        wait_until_ready(f"{bank.origin}/", processes[0], log=bank.log, seconds=START_SECONDS)
        yield Town(product, bank, listed, hostile)
    finally:
        stop(*processes, *([product.process] if product.process else []), seconds=5)
        listed.close()
        hostile.close()
