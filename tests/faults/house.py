"""The deployment that the rows on offers, timers, storage and clients share, and the size of their form."""

from __future__ import annotations

from typing import Any, Final

from tests.faults import desk

QUICK_SECONDS: Final = 2
AGENTS: Final = 24

# An intent that needs somebody who knows, and one that goes first.
_INTENTS: Final = """
[[sites.intents]]
key = "mortgage"
label = "Mortgage"
queue = "quick"
skills = ["mortgages"]
channels = ["chat"]

[[sites.intents]]
key = "stolen-card"
label = "Stolen card"
queue = "quick"
head_start_minutes = 60
channels = ["chat"]

"""
# Last, so that the others keep their numbers.
_BROKER: Final = """
[[agents]]
username = "broker-0"
name = "Broker 0"
password = "a long enough passphrase"
queues = ["quick"]
skills = { mortgages = 3 }
capacity = 10

"""
# One at a time: a line grows before them.
_SINGLE: Final = """
[[agents]]
username = "single-{number}"
name = "Single {number}"
password = "a long enough passphrase"
queues = ["quick"]
capacity = 1

"""
SINGLES: Final = range(AGENTS + 1, AGENTS + 7)
CONFIGURATION: Final = (
    desk.configuration(agents=AGENTS, quick_seconds=QUICK_SECONDS, more=_INTENTS)
    + _BROKER
    + "".join(_SINGLE.format(number=number) for number in range(len(SINGLES)))
)

# Seconds in place of minutes; the full form of a row that is about an interval takes the default.
SHORT: Final[dict[str, float]] = {
    "LEASE": 6, "AGENT_GRACE": 6, "DECLINED": 2, "WRAP_UP": 4, "TICK": 0.5, "POLL": 2, "SAME_AGENT": 2,
}  # fmt: skip


def intervals(**changes: float) -> dict[str, Any]:
    return SHORT | changes
