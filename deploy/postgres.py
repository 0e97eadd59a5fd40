"""A throw-away PostgreSQL on a free loopback port, for tests and benchmarks."""

import contextlib
import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy.processes import free_port
from deploy.shell import SetupError

DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
# What a test database may do without: it need not outlive the machine. Before its tables are analyzed, the plan of a
# desk's snapshot looks dear enough to be compiled, which takes a hundred times as long as running it.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off")


def find_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL here that has initdb and pg_ctl."""
    found = [path.parent for path in DEBIAN_VERSIONS.glob("*/bin/initdb")]
    if (initdb := shutil.which("initdb")) is not None:
        found.append(Path(initdb).resolve().parent)
    return max(found, key=major_version, default=None)


def major_version(binaries: Path) -> int:
    answer = subprocess.run([binaries / "initdb", "--version"], capture_output=True, text=True).stdout
    number = re.search(r"(\d+)", answer)
    return int(number[1]) if number else 0


class PostgresServer:
    """One cluster in a folder of its own; fault tests restart and kill it."""

    def __init__(self, home: Path, *, durable: bool, settings: Sequence[str] = ()) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise SetupError("PostgreSQL is not installed. On Debian: apt-get install postgresql")
        self.binaries = binaries
        self.home = home
        self.data = home / "data"
        self.port = free_port()
        self.settings = ("max_connections=200", *(() if durable else FAST), *settings)
        self.password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        return f"postgresql://handoff:{self.password}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        password_file = self.home / "password"
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.home, password_file):
                shutil.chown(path, "postgres")
        self.call(
            "initdb",
            "-D",
            self.data,
            "-U",
            "handoff",
            "-A",
            "scram-sha-256",
            "--pwfile",
            password_file,
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        password_file.unlink()

    def start(self) -> None:
        options = [
            f"-c port={self.port}",
            "-c listen_addresses=127.0.0.1",
            f"-c unix_socket_directories={shlex.quote(str(self.home))}",
        ]
        options += [f"-c {setting}" for setting in self.settings]
        self.pg_ctl("start", "-w", "-t", "60", "-l", self.home / "log", "-o", " ".join(options))

    def stop(self, mode: str = "fast") -> None:
        self.pg_ctl("stop", "-w", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self.pg_ctl("restart", "-w", "-m", mode)

    def pg_ctl(self, *arguments: str | Path) -> None:
        self.call("pg_ctl", "-D", self.data, *arguments)

    def call(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs, which refuse to work as root, as Debian's user for it."""
        command = [self.binaries / program, *arguments]
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # To a file, not a pipe: the server inherits it, and a pipe would stay open as long as the server lives.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [*prefix, *command], cwd=self.home, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            output.seek(0)
            if done.returncode:
                raise SetupError(f"{program} failed: {output.read().decode(errors='replace')[-2000:]}")


@contextlib.contextmanager
def _running(server: PostgresServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        with contextlib.suppress(SetupError):  # a test may have stopped it
            server.stop("immediate")


@contextlib.contextmanager
def temporary_server(*, durable: bool = False, settings: Sequence[str] = ()) -> Iterator[PostgresServer]:
    home = Path(tempfile.mkdtemp(prefix="handoff-postgres-"))
    try:
        server = PostgresServer(home, durable=durable, settings=settings)
        server.create()
        with _running(server):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def temporary_replica(primary_url: str, *, settings: Sequence[str] = ()) -> Iterator[PostgresServer]:
    """A copy of a running cluster that follows it, and answers reads, until the block ends."""
    home = Path(tempfile.mkdtemp(prefix="handoff-replica-"))
    try:
        replica = PostgresServer(home, durable=False, settings=settings)
        replica.password = urlsplit(primary_url).password or ""
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
        # -R: the copy is told whom to follow; the checkpoint does not wait for its turn.
        replica.call("pg_basebackup", "-D", replica.data, "-d", primary_url, "-R", "-X", "stream", "-c", "fast", "-N")
        with _running(replica):
            yield replica
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database that ends with the block."""
    with temporary_server() as server:
        yield server.url
