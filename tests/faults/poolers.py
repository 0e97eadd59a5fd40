"""PgBouncer in front of a stack's PostgreSQL, in whatever mode a test asks for."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import psycopg

from deploy.processes import free_port, last_lines
from tests.faults.stack import Stack
from tests.processes import ROOT

# Debian keeps it where a plain user's PATH does not look.
PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIGURATION: Final = ROOT / "deploy" / "pgbouncer.ini"


class PgBouncer:
    """`with PgBouncer(url=..., mode="transaction") as pooler`: before the database of this URL."""

    def __init__(self, *, url: str, mode: str, size: int = 2, has_limits: bool = True) -> None:
        assert PROGRAM is not None, "PgBouncer is not installed. On Debian: apt-get install pgbouncer"
        # Not below a test's own folder, which its user could not enter.
        self.home = home = Path(tempfile.mkdtemp(prefix="handoff-pooler-"))
        self.port, self._to = free_port(), urlsplit(url)
        self.process: subprocess.Popen[bytes] | None = None
        (home / "users.txt").write_text(f'"{self._to.username}" "{self._to.password}"\n')
        with (home / "pgbouncer.ini").open("w") as file:
            self._configuration(mode, size, has_limits=has_limits).write(file)
        if os.geteuid() == 0:
            # It refuses to run as root.
            for path in (home, *home.iterdir()):
                shutil.chown(path, "postgres")

    def _configuration(self, mode: str, size: int, *, has_limits: bool) -> ConfigParser:
        """The operators' file, with other places and the mode and the size of a test."""
        parser = ConfigParser(interpolation=None)
        parser.read(CONFIGURATION)
        [(_, line)] = parser["databases"].items()
        limits = line[line.index("connect_query=") :]
        place = f"host={self._to.hostname} port={self._to.port} dbname={self.database}"
        parser["databases"] = {self.database: f"{place} {limits if has_limits else ''}"}
        parser["pgbouncer"].update({
            "listen_port": str(self.port), "unix_socket_dir": "", "auth_file": f"{self.home}/users.txt",
            "admin_users": str(self._to.username), "pool_mode": mode, "default_pool_size": str(size),
        })  # fmt: skip
        for name in ("pidfile", "logfile"):
            del parser["pgbouncer"][name]
        return parser

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def database(self) -> str:
        return self._to.path.strip("/")

    @property
    def url(self) -> str:
        return self._url_of(self.database)

    def _url_of(self, database: str) -> str:
        return f"postgresql://{self._to.username}:{self._to.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        arguments = [PROGRAM, self.home / "pgbouncer.ini"]
        if os.geteuid() == 0:
            arguments = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *arguments]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"PgBouncer did not start: {last_lines(self.home / 'log')}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("SHOW VERSION"))
        except psycopg.OperationalError:
            return False

    def ask(self, command: str) -> list[dict[str, Any]]:
        """On its console."""
        with psycopg.connect(self._url_of("pgbouncer"), autocommit=True) as console:
            found = psycopg.ClientCursor(console, row_factory=psycopg.rows.dict_row).execute(command)
            return found.fetchall() if found.description else []

    def count_connections(self) -> tuple[int, int]:
        """Those of our processes, and those to PostgreSQL that they share."""
        [pool] = [pool for pool in self.ask("SHOW POOLS") if pool["database"] == self.database]
        ours = sum(pool[name] for name in ("cl_active", "cl_waiting"))
        return ours, sum(pool[name] for name in ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"))

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class PooledStack(Stack):
    """A stack whose processes know the pooler alone; a test's own questions go to the database itself."""

    def __init__(self, *, mode: str, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.mode = mode
        self._pooling: dict[str, Any] = {"mode": mode, "size": size}
        self.pooler: PgBouncer

    def _start_all(self) -> None:
        self.pooler = PgBouncer(url=self.database_url, **self._pooling).__enter__()
        super()._start_all()

    def _end_all(self) -> None:
        super()._end_all()
        if hasattr(self, "pooler"):
            self.pooler.__exit__()

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**({"DATABASE_URL": self.pooler.url} | changes))
