"""A machine with nothing on it, in a folder: the manual is run there line by line, and what it started is ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from deploy.shell import ROOT
from tests.benchmarks import stand_ins, units
from tests.benchmarks.rehoming import HTTPS, SERVERS, VARIABLE, Rehoming

NAME: Final = "help.example.com"
FOREIGN: Final = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY", "PUBLIC_ORIGIN", "REDIS_URL", "PYTHONPATH")


class CommandFailed(AssertionError):
    """A command of the manual did not do what it should."""


@dataclass
class BareMachine:
    """`with BareMachine.new() as machine: machine.follow(manual.commands(...))`."""

    home: Path
    place: Rehoming

    @classmethod
    def new(cls, *settings: str) -> Self:
        """`settings` are added to the service's: what no operator would set."""
        home = Path(tempfile.mkdtemp(prefix="handoff-machine-"))
        # nginx's and PostgreSQL's own users come by.
        home.chmod(0o755)
        place = Rehoming.choose(home, ROOT, settings=list(settings))
        place.save(home / "rehoming.json")
        machine = cls(home, place)
        machine._lay_stand_ins()
        return machine

    def _lay_stand_ins(self) -> None:
        folder = self.home / "stand-ins"
        folder.mkdir()
        for program in stand_ins.PROGRAMS:
            path = folder / program
            path.write_text(f'#!/bin/sh\nexec {sys.executable} {stand_ins.__file__} {program} "$@"\n')
            path.chmod(0o755)
        certificate = self.home / "etc/letsencrypt/live" / NAME / "fullchain.pem"
        # curl asks for the public name, which leads here.
        (self.home / ".curlrc").write_text(
            f'connect-to = "{NAME}:443:127.0.0.1:{self.place.ports[HTTPS]}"\ncacert = "{certificate}"\n'
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing of it is worth a goodbye; PostgreSQL alone has shared memory to give back.
        for name, pid in self.pids().items():
            with suppress(ProcessLookupError):
                if name == units.POSTGRES:
                    units.end(pid, signal.SIGQUIT, seconds=10)
                else:
                    os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)

    # -- what its reader does

    def follow(self, commands: str, *, seconds: float = 900) -> str:
        """Run commands of the manual in one shell; answers what they printed. Raises CommandFailed."""
        script = self.home / "commands.sh"
        script.write_text(self.place.text(commands))
        try:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", script], cwd=self.home, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"not done after {seconds} s: {error.output!r}\n{self.logs()}") from None
        if done.returncode:
            raise CommandFailed(f"ended with {done.returncode}:\n{done.stdout[-6000:]}\n{self.logs()}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in FOREIGN and not name.startswith("HANDOFF_")
        }
        own = {
            VARIABLE: str(self.home / "rehoming.json"), "HOME": str(self.home),
            "PATH": f"{self.home}/stand-ins:{os.environ['PATH']}:/usr/sbin",
            # Where the client programs of PostgreSQL look without being told.
            "PGHOST": f"{self.home}/run/postgresql", "PGPORT": str(self.place.ports[5432]), "PGUSER": "postgres",
        }  # fmt: skip
        return kept | own

    # -- what it has become

    @property
    def https_port(self) -> int:
        return self.place.ports[HTTPS]

    @property
    def server_ports(self) -> list[int]:
        return [self.place.ports[port] for port in SERVERS]

    @property
    def certificate(self) -> Path:
        return self.home / "etc/letsencrypt/live" / NAME / "fullchain.pem"

    def settings(self) -> dict[str, str]:
        """The service's, as its file says."""
        lines = (self.home / "etc/handoff/handoff.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def pids(self) -> dict[str, int]:
        """Of everything that runs."""
        names = [*units.known(self.place), units.POSTGRES]
        return {name: pid for name in names if (pid := units.main_pid(self.place, name))}

    def logs(self, lines: int = 25) -> str:
        files = sorted((self.home / "var/log").rglob("*.log"))
        return "\n".join(
            f"== {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) for file in files
        )
