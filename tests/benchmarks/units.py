"""What systemd does with a unit, as far as the manual needs it: its command line, settings, signal and patience."""

from __future__ import annotations

import fnmatch
import json
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.postgres import find_binaries
from tests.benchmarks.rehoming import Rehoming

POSTGRES: Final = "postgresql@15-main"
# Units that tell systemd when they are ready: here their port tells.
PORTS: Final = {"pgbouncer": 6432, "redis-server": 6379}
START_SECONDS: Final = 60
# The services of packages that must not or cannot run as root.
KEPT_USERS: Final = ("postgres",)
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Unit:
    """One unit of the machine, with its instance's name filled in."""

    name: str
    options: dict[str, list[str]]

    def one(self, option: str, default: str = "") -> str:
        return self.options[option][-1] if option in self.options else default

    def command(self, place: Rehoming) -> list[str]:
        words = shlex.split(self.one("ExecStart").lstrip("-@:+!"))
        if words[0].endswith("/nginx"):
            words[1:1] = ["-c", f"{place.home}/etc/nginx/nginx.conf"]
        return words

    def user(self) -> str | None:
        """Whom it has to run as."""
        user = self.one("User")
        return user if os.geteuid() == 0 and user in KEPT_USERS else None

    def environment(self) -> dict[str, str]:
        """Nothing of the test's own."""
        found = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
        lines = [word for line in self.options.get("Environment", []) for word in shlex.split(line)]
        for file in self.options.get("EnvironmentFile", []):
            if not file.startswith("-"):
                lines += [
                    line for line in Path(file).read_text().splitlines() if line and not line.startswith(("#", ";"))
                ]
        return found | dict(line.split("=", 1) for line in lines)


def read_unit(place: Rehoming, name: str) -> Unit:
    kind, at, instance = name.partition("@")
    file_name = f"{kind}@.service" if at else f"{kind}.service"
    own = Path(place.home) / "etc/systemd/system" / file_name
    text = own.read_text() if own.is_file() else place.text(Path("/lib/systemd/system", file_name).read_text())
    options: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        option, found, value = line.partition("=")
        if found and not line.startswith(("#", ";")):
            options[option.strip()].append(value.strip().replace("%i", instance))
    return Unit(name, dict(options))


def systemctl(place: Rehoming, arguments: list[str]) -> None:
    verb, *names = [word.removesuffix(".service") for word in arguments if not word.startswith("-")]
    if verb == "list-units":
        print(json.dumps([{"unit": f"{name}.service"} for name in known(place) if matches(name, names)]))
    elif verb == "show":
        print(main_pid(place, names[0]))
    elif verb != "daemon-reload":
        for name in names:
            apply(place, "start" if verb == "enable" else verb, name)


def matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def apply(place: Rehoming, verb: str, name: str) -> None:
    if name.endswith(".timer"):
        if not (Path(place.home) / "etc/systemd/system" / name).is_file():
            sys.exit(f"Unit {name} could not be found.")
        return
    if verb in ("stop", "restart"):
        stop(place, name)
    if verb in ("start", "restart"):
        start(place, name)


def start(place: Rehoming, name: str) -> None:
    if main_pid(place, name):
        return
    if name == POSTGRES:
        control_cluster(place, "start")
        return
    unit = read_unit(place, name)
    child = spawn(place, unit)
    kind = unit.one("Type", "simple")
    if kind in ("oneshot", "forking"):
        if child.wait():
            sys.exit(f"Job for {name}.service failed: {log_of(place, name).read_text()[-2000:]}")
        if kind == "forking":
            pid_file(place, name).write_text(Path(unit.one("PIDFile")).read_text().strip())
        return
    pid_file(place, name).write_text(str(child.pid))
    if name in PORTS:
        wait_until_open(place.ports[PORTS[name]], child, log=log_of(place, name))


def spawn(place: Rehoming, unit: Unit) -> subprocess.Popen[bytes]:
    user = unit.user()
    with log_of(place, unit.name).open("ab") as log:
        return subprocess.Popen(
            unit.command(place), cwd=unit.one("WorkingDirectory", place.home), env=unit.environment(),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, user=user, group=user,
        )  # fmt: skip


def stop(place: Rehoming, name: str) -> None:
    if name == POSTGRES:
        control_cluster(place, "stop")
        return
    pid = main_pid(place, name)
    if pid:
        unit = read_unit(place, name)
        end(pid, getattr(signal, unit.one("KillSignal", "SIGTERM")), seconds=float(unit.one("TimeoutStopSec", "90")))
        pid_file(place, name).unlink()


def end(pid: int, number: signal.Signals, *, seconds: float) -> None:
    """Ask, and kill what has not gone in time."""
    os.kill(pid, number)
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += 5
        time.sleep(0.02)


def known(place: Rehoming) -> list[str]:
    return sorted(file.stem for file in (Path(place.home) / "run/units").glob("*.pid"))


def main_pid(place: Rehoming, name: str) -> int:
    """0 for one that does not run."""
    file = pid_file(place, name)
    pid = int(file.read_text().split()[0]) if file.is_file() else 0
    return pid if pid and is_alive(pid) else 0


def pid_file(place: Rehoming, name: str) -> Path:
    if name == POSTGRES:
        return data_folder(place) / "postmaster.pid"
    return Path(place.home) / "run/units" / f"{name}.pid"


def log_of(place: Rehoming, name: str) -> Path:
    return Path(place.home) / "var/log/units" / f"{name}.log"


def is_alive(pid: int) -> bool:
    """One whose end nobody has asked after counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_open(port: int, child: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"port {port} did not open: {log.read_text()[-2000:]}")


# -- PostgreSQL, as Debian's package leaves it: a cluster that is there and runs


def data_folder(place: Rehoming) -> Path:
    return Path(place.home) / "var/lib/postgresql/15/main"


def create_cluster(place: Rehoming) -> None:
    home = Path(place.home)
    folders = ("var/lib/postgresql/15", "etc/postgresql/15/main/conf.d", "run/postgresql", "var/log/postgresql")
    for folder in folders:
        (home / folder).mkdir(parents=True)
        give_to_postgres(home / folder)
    as_postgres(
        "initdb",
        "-D",
        str(data_folder(place)),
        "-U",
        "postgres",
        "-A",
        "trust",
        "--auth-host=scram-sha-256",
        "-E",
        "UTF8",
    )
    settings = {
        "port": place.ports[5432], "unix_socket_directories": f"'{home}/run/postgresql'",
        "include_dir": f"'{home}/etc/postgresql/15/main/conf.d'",
    }  # fmt: skip
    lines = [f"{name} = {value}" for name, value in settings.items()]
    with (data_folder(place) / "postgresql.conf").open("a") as file:
        file.write("\n".join(["", *lines, ""]))
    control_cluster(place, "start")


def give_to_postgres(path: Path) -> None:
    if os.geteuid() == 0:
        found = pwd.getpwnam("postgres")
        os.chown(path, found.pw_uid, found.pw_gid)


def control_cluster(place: Rehoming, verb: str) -> None:
    log = f"{place.home}/var/log/postgresql/postgresql-15-main.log"
    as_postgres("pg_ctl", "-D", str(data_folder(place)), "-w", "-m", "fast", "-l", log, verb)


def as_postgres(program: str, *arguments: str) -> None:
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed")
    prefix = ["/usr/sbin/runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, binaries / program, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{program} failed: {(done.stderr or b'').decode()[-1000:]}")
