"""A throw-away Redis on a unix socket, for tests and benchmarks."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.shell import SetupError


class RedisServer:
    """One server in a folder of its own; fault tests kill it and start it again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self, *, seconds: float = 60) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise SetupError("Redis is not installed. On Debian: apt-get install redis-server")
        options = ("--port", "0", "--unixsocket", self.socket, "--dir", self.home, "--save", "", "--appendonly", "no")
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen([program, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SetupError(f"Redis did not start: {(self.home / 'log').read_text()[-1000:]}")
            time.sleep(0.02)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()  # it holds nothing worth saving
            self.process.wait()


@contextlib.contextmanager
def temporary_server() -> Iterator[RedisServer]:
    home = Path(tempfile.mkdtemp(prefix="handoff-redis-"))
    server = RedisServer(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def temporary_redis() -> Iterator[str]:
    """Yield the REDIS_URL of an empty server that ends with the block."""
    with temporary_server() as server:
        yield server.url
