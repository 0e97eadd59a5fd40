"""A rolling restart goes on only while the one before is well, and never takes the last server that is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy import rolling
from deploy.shell import SetupError


class Machine:
    """Two servers and a worker whose systemctl is this object."""

    def __init__(self) -> None:
        self.restarted: list[str] = []
        self.ill: set[str] = set()
        # How many looks a server misses before it is well.
        self.missed: dict[str, int] = {}
        self.servers = [self._serve() for _ in range(2)]
        self.units = [f"handoff-server@{server.server_port}" for server in self.servers]
        self.hosts: set[str] = set()
        self.pids = 100

    def _serve(self) -> ThreadingHTTPServer:
        machine = self

        class Ready(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                unit = f"handoff-server@{self.server.server_address[1]}"
                machine.hosts.add(self.headers["Host"])
                is_well = not machine.misses_a_look(unit) and unit not in machine.ill
                self.send_response(200 if is_well else 503)
                self.end_headers()
                self.wfile.write(json.dumps({"database": is_well}).encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    def misses_a_look(self, unit: str) -> bool:
        self.missed[unit] = self.missed.get(unit, 0) - 1
        return self.missed[unit] >= 0

    def systemctl(self, verb: str, *arguments: str) -> str:
        if verb == "restart":
            self.restarted.append(arguments[0])
            self.pids += 1
        elif verb == "list-units":
            names = [*self.units, "handoff-worker@1"]
            return json.dumps([{"unit": f"{name}.service"} for name in names])
        elif arguments[-1] in self.ill:
            # systemd starts it again and again.
            self.pids += 1
        return f"{self.pids}\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine()
    monkeypatch.setattr(rolling, "systemctl", made.systemctl)
    monkeypatch.setattr(rolling, "READY_SECONDS", 0.5)
    monkeypatch.setattr(rolling, "STEADY_SECONDS", 0.5)
    yield made
    for server in made.servers:
        server.shutdown()
        server.server_close()


def restart(machine: Machine, *units: str) -> None:
    rolling.restart_all(units or machine.units, host="help.example.com", pause=0)


def test_one_after_the_other_and_asked_by_the_public_name(machine: Machine) -> None:
    restart(machine)
    assert machine.restarted == machine.units
    assert machine.hosts == {"help.example.com"}


def test_without_names_workers_come_first(machine: Machine) -> None:
    found = rolling.running_units()
    assert found[0] == "handoff-worker@1.service"
    assert set(found[1:]) == {f"{unit}.service" for unit in machine.units}


def test_the_first_that_does_not_come_back_is_the_last_that_is_touched(machine: Machine) -> None:
    first, second = machine.units
    machine.ill.add(first)
    with pytest.raises(SetupError, match=f"{first} is not ready.*false[\\s\\S]*Not restarted: {second}"):
        restart(machine)
    assert machine.restarted == [first]


def test_the_only_server_that_is_ready_is_left_alone(machine: Machine) -> None:
    machine.ill.add(machine.units[1])
    with pytest.raises(SetupError, match="nowhere to go"):
        restart(machine)
    assert machine.restarted == []


def test_one_look_that_the_other_server_missed_stops_nothing(machine: Machine) -> None:
    machine.missed[machine.units[1]] = 1
    restart(machine)
    assert machine.restarted == machine.units


def test_a_worker_that_ends_again_and_again_is_seen(machine: Machine) -> None:
    machine.ill.add("handoff-worker@1")
    with pytest.raises(SetupError, match="does not stay up"):
        restart(machine, "handoff-worker@1", *machine.units)
    assert machine.restarted == ["handoff-worker@1"]
