"""Puts a machine's files and ports elsewhere: below a temporary folder, on free ports of loopback."""

from __future__ import annotations

import json
import random
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from deploy.processes import free_port, is_free

VARIABLE: Final = "HANDOFF_BARE_MACHINE"
SERVERS: Final = (8001, 8002)
OTHERS: Final = (5432, 6432, 6379)
HTTP, HTTPS = 80, 443
_PATH: Final = re.compile(r"(?<![\w./-])/(etc|srv|var|run)/")
_LISTEN: Final = re.compile(r"listen (80|443)\b")
# Loopback has no other address on many test machines.
_LISTEN_IPV6: Final = re.compile(r"^ *listen \[::\].*\n", re.MULTILINE)
# Where a unit puts its figures: its own port with a digit before it, which has to stay a port.
_WORKER_FIGURES: Final = "127.0.0.1:1900"


@dataclass(frozen=True)
class Rehoming:
    """Where everything went; it lies as JSON where the stand-ins find it."""

    home: str
    clone: str
    ports: dict[int, int]
    figures: int
    # Lines for the service's settings that only a test needs.
    settings: list[str]

    @classmethod
    def choose(cls, home: Path, clone: Path, *, settings: list[str]) -> Rehoming:
        ports = {port: port_with_figures() for port in SERVERS} | {port: free_port() for port in (*OTHERS, HTTP, HTTPS)}
        return cls(str(home), str(clone), ports, random.randint(2000, 5900), settings)

    @classmethod
    def load(cls, file: Path) -> Rehoming:
        found = json.loads(file.read_text())
        return cls(**found | {"ports": {int(port): ours for port, ours in found["ports"].items()}})

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    def text(self, text: str) -> str:
        """The same commands or configuration, for this place."""
        text = _LISTEN_IPV6.sub("", text)
        text = _LISTEN.sub(lambda found: f"listen 127.0.0.1:{self.ports[int(found[1])]}", text)
        text = text.replace(_WORKER_FIGURES, f"127.0.0.1:{self.figures}")
        for port in (*SERVERS, *OTHERS):
            text = re.sub(rf"\b{port}\b", str(self.ports[port]), text)
        return _PATH.sub(lambda found: f"{self.home}/{found[1]}/", text)


def port_with_figures() -> int:
    """Of four digits, with a free one 10,000 above it."""
    while True:
        port = random.randint(6000, 9999)
        if is_free(port) and is_free(port + 10_000):
            return port
