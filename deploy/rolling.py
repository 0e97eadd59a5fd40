"""Restarts servers and workers one after the other, and stops at the first that does not come back."""

import argparse
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Final

from deploy.backups import exit_saying
from deploy.processes import DIRECT
from deploy.shell import SetupError, say

KINDS: Final = ("handoff-server@*", "handoff-worker@*")
READY_SECONDS: Final = 60
# A worker that ends at once, for a setting that is wrong, has done so by then.
STEADY_SECONDS: Final = 3
# What the pages of the one before may take to come back to the other.
PAUSE_SECONDS: Final = 3


def restart_all(units: Sequence[str], *, host: str, pause: float) -> None:
    """Raises SetupError, and leaves alone what it has not come to."""
    ports = {unit: port for unit in units if (port := port_of(unit)) is not None}
    for place, unit in enumerate(units):
        say(f"restarting {unit}")
        others = [port for other, port in ports.items() if other != unit]
        if unit in ports and others and not is_any_ready(others, host=host):
            raise SetupError(
                f"No other server is ready, so {unit} was not restarted: its customers would have nowhere to go."
            )
        try:
            systemctl("restart", unit)
            wait_until_well(unit, ports.get(unit), host=host)
        except SetupError as error:
            left = ", ".join(units[place + 1 :]) or "none"
            raise SetupError(f"{error}\nNot restarted: {left}. See journalctl -u {unit}.") from None
        if unit in ports and place + 1 < len(units):
            time.sleep(pause)
    say("all restarted")


def port_of(unit: str) -> int | None:
    """A server's instance is its port."""
    kind, _, instance = unit.removesuffix(".service").partition("@")
    return int(instance) if kind == "handoff-server" and instance.isdigit() else None


def is_any_ready(ports: Sequence[int], *, host: str) -> bool:
    """Whether one of them is, or comes to be in time: a server of a busy machine may miss one look and not the next."""
    deadline = time.monotonic() + READY_SECONDS
    while all(trouble(port, host=host) is not None for port in ports):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def wait_until_well(unit: str, port: int | None, *, host: str) -> None:
    if port is None:
        wait_until_steady(unit)
        return
    deadline = time.monotonic() + READY_SECONDS
    while (why := trouble(port, host=host)) is not None:
        if time.monotonic() > deadline:
            raise SetupError(f"{unit} is not ready after {READY_SECONDS} s: {why}")
        time.sleep(0.2)


def wait_until_steady(unit: str) -> None:
    pid = main_pid(unit)
    deadline = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if not pid or main_pid(unit) != pid:
            raise SetupError(f"{unit} does not stay up")


def main_pid(unit: str) -> str:
    """Empty for one that does not run."""
    pid = systemctl("show", "--property=MainPID", "--value", unit).strip()
    return "" if pid == "0" else pid


def trouble(port: int, *, host: str) -> str | None:
    """Why a server is not ready, by its own words; None if it is."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers={"Host": host})
    try:
        with DIRECT.open(request, timeout=5) as answer:
            return None if answer.status == 200 else str(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.read(2000).decode(errors="replace")
    except OSError as error:
        return str(error)


def running_units() -> list[str]:
    """Workers first: what is left of the release before is then the servers alone."""
    answer = systemctl("list-units", "--output=json", "--all", *KINDS)
    found = [str(unit["unit"]) for unit in json.loads(answer)]
    return sorted(found, key=lambda unit: (port_of(unit) is not None, unit))


def systemctl(*arguments: str) -> str:
    """Raises SetupError."""
    done = subprocess.run(["systemctl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"systemctl {' '.join(arguments)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/rolling_restart", description=__doc__)
    parser.add_argument("units", nargs="*", help="in this order; without any, all that are there, workers first")
    parser.add_argument("--host", required=True, help="the name that the servers are reached by")
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds after a server")
    chosen = parser.parse_args()
    units = chosen.units or running_units()
    if not units:
        raise SetupError("No unit of Handoff is there.")
    restart_all(units, host=chosen.host, pause=chosen.pause)


if __name__ == "__main__":
    exit_saying(main)
