"""Two Redis and three Sentinels that watch them, for a test to kill the one that takes writes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final, Self

import redis
from redis.exceptions import RedisError

from deploy.processes import free_port, last_lines
from tests.faults.stack import Stack

SERVICE: Final = "handoff"
PASSWORD: Final = "of redis: with @ and /"
# How long a server may be silent before it is taken for dead; Redis ships with 30 s.
DOWN_MS: Final = 1000

_SENTINEL: Final = """
port {port}
bind 127.0.0.1
dir {home}
sentinel monitor {service} 127.0.0.1 {primary} 2
sentinel auth-pass {service} "{password}"
sentinel down-after-milliseconds {service} {down}
sentinel failover-timeout {service} 6000
"""


class WatchedRedis:
    """`with WatchedRedis(home) as watched`; `watched.url` is a REDIS_URL."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = [free_port(), free_port()]
        self.sentinels = [free_port() for _ in range(3)]
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://:of%20redis%3A%20with%20%40%20and%20%2F@{hosts}/{SERVICE}"

    def __enter__(self) -> Self:
        self.home.mkdir(exist_ok=True)
        first, second = self.ports
        self._start_server(first)
        self._start_server(second, "--replicaof", "127.0.0.1", str(first))
        self._wait(lambda: self.client(second).info("replication")["master_link_status"] == "up")
        for port in self.sentinels:
            self._start_sentinel(port)
        # Before they know each other and the second server, they cannot agree on anything.
        self._wait(lambda: all(self._is_ready(port) for port in self.sentinels))
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.send_signal(signal.SIGCONT)
            child.kill()
            child.wait()

    def client(self, port: int) -> redis.Redis:
        return redis.Redis(port=port, password=PASSWORD, socket_timeout=1)

    @property
    def primary(self) -> int:
        """The port of the server that the Sentinels name."""
        _, port = redis.Redis(port=self.sentinels[0], socket_timeout=1).sentinel_get_master_addr_by_name(SERVICE)
        return int(port)

    def kill(self, port: int) -> None:
        self._children[port].kill()
        self._children[port].wait()

    def freeze(self, port: int) -> None:
        os.kill(self._children[port].pid, signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        os.kill(self._children[port].pid, signal.SIGCONT)

    def wait_for_another(self, port: int) -> int:
        """Until the Sentinels name another server than this one; answers its port."""
        self._wait(lambda: self.primary != port)
        return self.primary

    def wait_until_demoted(self, port: int) -> None:
        """Until a server that once took writes follows the one that does now."""
        self._wait(lambda: self.client(port).info("replication")["role"] == "slave")

    def _start_server(self, port: int, *more: str) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "Redis is not installed. On Debian: apt-get install redis-server"
        folder = self.home / str(port)
        folder.mkdir()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        options += ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]
        self._start(port, program, *options, *more)

    def _start_sentinel(self, port: int) -> None:
        folder = self.home / str(port)
        folder.mkdir()
        file = folder / "sentinel.conf"
        file.write_text(
            _SENTINEL.format(
                port=port, home=folder, service=SERVICE, primary=self.ports[0], password=PASSWORD, down=DOWN_MS
            )
        )
        self._start(port, "redis-server", file, "--sentinel")

    def _start(self, port: int, *command: Any) -> None:
        with (self.home / f"{port}.log").open("ab") as log:
            self._children[port] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _is_ready(self, port: int) -> bool:
        told = redis.Redis(port=port, socket_timeout=1).sentinel_master(SERVICE)
        return (told["num-slaves"], told["num-other-sentinels"]) == (1, 2)

    def _wait(self, is_so: Any, *, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if is_so():
                    return
            except RedisError:
                pass
            time.sleep(0.05)
        raise AssertionError("\n".join(last_lines(log) for log in sorted(self.home.glob("*.log"))))


class WatchedStack(Stack):
    """A stack whose Redis is watched by Sentinels."""

    def __init__(self, **options: Any) -> None:
        super().__init__(redis=False, **options)
        self.watched: WatchedRedis

    def _start_all(self) -> None:
        self.watched = WatchedRedis(self.home / "redis")
        self.watched.__enter__()
        super()._start_all()

    def _end_all(self) -> None:
        super()._end_all()
        if hasattr(self, "watched"):
            self.watched.__exit__()

    def environment(self, **changes: str) -> dict[str, str]:
        return super().environment(**({"REDIS_URL": self.watched.url} | changes))
