"""The two databases as a backup sees them: dumped as of one moment, read back, loaded."""

import os
import re
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.shell import SetupError, environment

_MIGRATION: Final = "SELECT max(name) FROM django_migrations WHERE app = 'handoff'"
_TABLES: Final = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'"


class Database(ABC):
    """One of the two. Every method raises SetupError."""

    engine: ClassVar[str]
    dump_name: ClassVar[str]
    not_empty: ClassVar[str] = "The database is not empty."

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def newest_migration(self) -> str: ...

    @abstractmethod
    def dump(self, target: Path) -> None:
        """As of one moment, while others go on writing."""

    @classmethod
    @abstractmethod
    def check_dump(cls, backup: Path) -> None:
        """Read it to its end."""

    @abstractmethod
    def is_empty(self) -> bool: ...

    @abstractmethod
    def load(self, source: Path) -> None:
        """Into this database, which is empty: all of it or nothing."""


class Postgres(Database):
    """By pg_dump's own format: of one moment, compressed, readable by every later PostgreSQL on any machine."""

    engine = "postgresql"
    dump_name = "database.dump"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._env = environment(**libpq_variables(url))

    def newest_migration(self) -> str:
        return self._ask(_MIGRATION)

    def dump(self, target: Path) -> None:
        call("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", env=self._env)

    @classmethod
    def check_dump(cls, backup: Path) -> None:
        # The whole way to SQL: a listing would not notice a table that is cut off.
        call("pg_restore", f"--file={os.devnull}", str(backup / cls.dump_name), env=environment())

    def is_empty(self) -> bool:
        return self._ask(_TABLES) == "0"

    def load(self, source: Path) -> None:
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        call("pg_restore", *options, f"--dbname={self._env['PGDATABASE']}", str(source), env=self._env)
        self._ask("ANALYZE")

    def _ask(self, query: str) -> str:
        return call("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query, env=self._env).strip()


class Sqlite(Database):
    """By a copy that SQLite makes itself: the file alone, without its log, would be of no moment at all."""

    engine = "sqlite"
    dump_name = "database.sqlite3"
    not_empty = "The database is not empty: move it away with the -wal, -shm and -journal beside it."

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.path = Path(url.removeprefix("sqlite:///"))

    def newest_migration(self) -> str:
        if not self.path.is_file():
            raise SetupError(f"There is no database {self.path}.")
        with closing(sqlite3.connect(self.path, timeout=20)) as connection:
            return str(connection.execute(_MIGRATION).fetchone()[0])

    def dump(self, target: Path) -> None:
        with closing(sqlite3.connect(self.path, timeout=20)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))

    @classmethod
    def check_dump(cls, backup: Path) -> None:
        with closing(sqlite3.connect(f"file:{backup / cls.dump_name}?mode=ro", uri=True)) as connection:
            try:
                (found,) = connection.execute("PRAGMA integrity_check").fetchone()
            except sqlite3.DatabaseError as error:
                found = str(error)
        if found != "ok":
            raise SetupError(f"{backup / cls.dump_name} cannot be read: {found}")

    def is_empty(self) -> bool:
        # The log of a database that was moved away after a crash would be played into the new one.
        return not any(self.path.with_name(f"{self.path.name}{end}").exists() for end in ("", "-wal", "-journal"))

    def load(self, source: Path) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f"{self.path.name}.unfinished")
        unfinished.write_bytes(source.read_bytes())
        unfinished.rename(self.path)


ENGINES: Final[tuple[type[Database], ...]] = (Postgres, Sqlite)


def open_database(url: str) -> Database:
    """Raises SetupError for what is neither."""
    if url.startswith("sqlite:///"):
        return Sqlite(url)
    if url.startswith(("postgres://", "postgresql://")):
        return Postgres(url)
    raise SetupError(f"DATABASE_URL begins with {url.partition(':')[0]}: neither postgres nor sqlite.")


def engine_of(name: str) -> type[Database]:
    """Raises SetupError for one that this release does not know."""
    for engine in ENGINES:
        if engine.engine == name:
            return engine
    raise SetupError(f"This backup is of {name}, which this release does not know.")


def libpq_variables(url: str) -> dict[str, str]:
    """For PostgreSQL's programs: arguments can be read by everybody on the machine, variables cannot."""
    parts = urlsplit(url)
    found = {
        "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }
    # `?host=/run/postgresql` is how a socket is named; what else stands there is for the servers' connections.
    found |= {
        f"PG{name.upper()}": values[0]
        for name, values in parse_qs(parts.query).items()
        if name.startswith("ssl") or name in ("host", "port")
    }
    return {name: value for name, value in found.items() if value}


def call(program: str, *arguments: str, env: dict[str, str]) -> str:
    """What one of PostgreSQL's programs has printed. Raises SetupError, without a password in it."""
    try:
        done = subprocess.run([program, *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except FileNotFoundError:
        raise SetupError(f"{program} is not installed. On Debian: apt-get install postgresql-client") from None
    if done.returncode:
        told = re.sub(r"password=\S+", "password=...", done.stderr.strip()[-2000:])
        raise SetupError(f"{program} failed: {told}")
    return done.stdout
