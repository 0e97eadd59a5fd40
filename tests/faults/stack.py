"""A whole deployment on loopback: database, Redis, servers and workers, each for a test to kill, stop or freeze."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import redis

from deploy import processes
from deploy.redis_server import RedisServer
from deploy.shell import SetupError
from tests.faults import desk, templates
from tests.processes import ROOT, environment, free_port

LEAVING_SECONDS: Final = 35
STACK_SETTINGS: Final = {"HANDOFF_LIMIT_SCALE": "1000000", "HANDOFF_METRICS_PUBLIC": "1", "ALLOWED_HOSTS": "127.0.0.1"}


class Process:
    """One of the stack's: it can be started again on the same port, and keeps one log for all its lives."""

    def __init__(
        self, arguments: Sequence[str], *, env: dict[str, str], log: Path, port: int | None = None, code: Path = ROOT
    ) -> None:
        self.arguments, self.env, self.log, self.port, self.code = list(arguments), env, log, port, code
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.log.stem

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self) -> int:
        assert self.child is not None
        return self.child.pid

    def start(self, *, wait: bool = True, **changes: str) -> Self:
        """Start it, with other variables if asked for these; with `wait`, until it is ready to serve."""
        self.env |= changes
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                [sys.executable, *self.arguments], cwd=self.code, env=self.env, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, process_group=0,
            )  # fmt: skip
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self, *, seconds: float = 60) -> None:
        if self.port is not None and self.child is not None:
            processes.wait_until_ready(
                f"http://127.0.0.1:{self.port}/readyz", self.child, log=self.log, seconds=seconds
            )

    def kill(self) -> None:
        """As the kernel does it: no goodbye."""
        self.signal(signal.SIGKILL)
        if self.child is not None:
            self.child.wait()

    def stop(self, *, seconds: float = LEAVING_SECONDS) -> int:
        """Ask it to leave, and answer how it ended."""
        self.signal(signal.SIGTERM)
        assert self.child is not None
        return self.child.wait(seconds)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        if self.child is not None:
            processes.send(self.child, number)


class Redis:
    """The stack's Redis, with what a nemesis does to it."""

    def __init__(self, home: Path) -> None:
        self._server = RedisServer(home)
        self.url = self._server.url

    def start(self) -> None:
        self._server.start()

    @property
    def is_running(self) -> bool:
        return self._server.process is not None and self._server.process.poll() is None

    def kill(self) -> None:
        self._server.stop()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _signal(self, number: signal.Signals) -> None:
        process = self._server.process
        if process is not None and self.is_running:
            os.kill(process.pid, number)


class Stack:
    """`with Stack(servers=2, workers=2, POLL=2) as stack`: intervals are named as in the settings."""

    def __init__(
        self,
        *,
        servers: int = 2,
        workers: int = 2,
        database: str = "postgres",
        server: str = "uvicorn",
        redis: bool = True,
        configuration: str | None = None,
        env: dict[str, str] | None = None,
        code: Path = ROOT,
        **intervals: float,
    ) -> None:
        self.database, self.server, self._with_redis = database, server, redis
        self._counts = servers, workers
        # Of which release its processes are, and its tables.
        self.code = code
        self._configuration = configuration or desk.configuration()
        # Behind whatever port a request comes in: every server believes in this one origin.
        self.public_origin = f"http://127.0.0.1:{free_port()}"
        self.site_origin = desk.SITE_ORIGIN
        self.env = STACK_SETTINGS | {f"HANDOFF_{name}_SECONDS": str(value) for name, value in intervals.items()}
        self.env |= env or {}
        self.servers: list[Process] = []
        self.workers: list[Process] = []
        self.agents: list[desk.SignedIn] = []
        self.redis: Redis
        self.database_url = ""

    # -- its life

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.home = Path(tempfile.mkdtemp(prefix="stack-", dir=templates.folder()))
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            copy = templates.copied(self.database, self._configuration, self.home, code=self.code)
            self.database_url, self.agents = stack.enter_context(copy)
            if self._with_redis:
                self.redis = Redis(self.home)
                stack.callback(self.redis.kill)
                self.redis.start()
            stack.callback(self._end_all)
            self._start_all()
            self._until_exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._until_exit.close()

    def _start_all(self) -> None:
        servers, workers = self._counts
        for _ in range(servers):
            self.add_server(wait=False)
        for _ in range(workers):
            self.add_worker()
        try:
            for server in self.servers:
                server.wait_until_ready()
        except SetupError as error:
            raise SetupError(f"{error}\n{self.log_text()}") from None

    def mend(self) -> None:
        """Start again whatever does not run."""
        if self._with_redis and not self.redis.is_running:
            self.redis.start()
        for process in (*self.servers, *self.workers):
            process.thaw()
            if not process.is_running:
                process.start(wait=False)
        for server in self.servers:
            server.wait_until_ready()

    def _end_all(self) -> None:
        for process in (*self.servers, *self.workers):
            # A frozen one cannot even be killed politely; nothing of it is worth waiting for.
            process.kill()

    # -- processes

    def add_server(self, *, wait: bool = True, module: str | None = None, **changes: str) -> Process:
        """One more server; `module` is run in place of manage.py, `changes` are variables for this one alone."""
        port = free_port()
        start = ["-m", module] if module else ["manage.py"]
        arguments = [*start, "serve", "--port", str(port), "--server", self.server]
        process = Process(
            arguments, env=self.environment(**changes), log=self._log("server"), port=port, code=self.code
        )
        self.servers.append(process)
        return process.start(wait=wait)

    def add_worker(self, **changes: str) -> Process:
        environment, log = self.environment(**changes), self._log("worker")
        process = Process(["manage.py", "run_worker"], env=environment, log=log, code=self.code)
        self.workers.append(process)
        return process.start()

    def remove(self, process: Process) -> None:
        """End one that a test had added for itself."""
        process.kill()
        for group in (self.servers, self.workers):
            if process in group:
                group.remove(process)

    def environment(self, **changes: str) -> dict[str, str]:
        own = {"DATABASE_URL": self.database_url, "PUBLIC_ORIGIN": self.public_origin, "PYTHONUNBUFFERED": "1"}
        own |= {"REDIS_URL": self.redis.url} if self._with_redis else {}
        return environment(self.home, **(own | self.env | changes))

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment(), capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _log(self, kind: str) -> Path:
        return self.home / f"{kind}-{len(self.servers) + len(self.workers)}.log"

    @property
    def ports(self) -> list[int]:
        """Of the servers that are meant to serve, alive or not: a load balancer's list."""
        return [server.port for server in self.servers if server.port is not None]

    @property
    def postgres(self) -> Any:
        """The cluster; `restart("immediate")` is what a crash looks like."""
        return templates.cluster()

    # -- people

    def sign(self, subject: str, **claims: Any) -> str:
        return desk.sign(subject, audience=self.public_origin, **claims)

    def log_text(self) -> str:
        """What its processes said, for a test that failed."""
        logs = sorted(self.home.glob("*.log"))
        return "\n".join(f"== {log.name}\n{_telling_lines(log)}" for log in logs)


async def off_loop(call: Any, *arguments: Any, **options: Any) -> Any:
    """Do something slow to a stack while people go on talking."""
    return await asyncio.to_thread(partial(call, *arguments, **options))


def random_subject() -> str:
    return f"customer-{secrets.token_hex(4)}"


def _telling_lines(log: Path) -> str:
    """Without the answers of a server that is not ready yet."""
    lines = processes.last_lines(log, 400).splitlines()
    return "\n".join([line[:2000] for line in lines if "/readyz" not in line][-40:])
