"""Which providers this process knows, and who decides what they are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol, runtime_checkable

from handoff.lib.errors import NotFound
from handoff.telephony.base import CallEvent, Instruction, Nothing, Provider, Report


@runtime_checkable
class Engine(Protocol):
    """A provider that lives in this process and has to be started."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@runtime_checkable
class Asking(Protocol):
    """A system that cannot be told anything: it asks what to do, and asks again while a caller waits."""

    has_to_ask: bool


_PROVIDERS: Final[dict[str, Provider]] = {}
_REPORT: Final[list[Report]] = []


def add(provider: Provider) -> None:
    """A provider of the same name is replaced: tests and reloads bring their own."""
    _PROVIDERS[provider.name] = provider


def remove(name: str) -> None:
    _PROVIDERS.pop(name, None)


def get(name: str) -> Provider:
    """Raises NotFound."""
    if name not in _PROVIDERS:
        raise NotFound
    return _PROVIDERS[name]


def every() -> list[Provider]:
    return list(_PROVIDERS.values())


@contextmanager
def running() -> Iterator[None]:
    """Those that hold sockets of their own do so for the length of a block."""
    engines = [one for one in every() if isinstance(one, Engine)]
    for engine in engines:
        engine.start()
    try:
        yield
    finally:
        for engine in engines:
            engine.stop()


def reachable() -> list[str]:
    """The names of those that this process can speak to now."""
    return sorted(name for name, provider in _PROVIDERS.items() if provider.is_reachable())


def has_to_ask(name: str) -> bool:
    provider = _PROVIDERS.get(name)
    return isinstance(provider, Asking) and provider.has_to_ask


def decide_with(report: Report) -> None:
    """Name what decides about reports; the configuration does this once a process."""
    _REPORT[:] = [report]


def report(event: CallEvent) -> Instruction:
    """Have a verified and parsed report decided; what comes before anybody decides changes nothing."""
    return _REPORT[0](event) if _REPORT else Nothing()
