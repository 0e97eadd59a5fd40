"""After the commit: local sockets by a direct call, other processes by a hint."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from handoff.protocol.events import AvailabilityChanged, CallChanged, HandoffChanged, encode_frame
from handoff.realtime import metrics
from handoff.realtime.packets import pack

logger = logging.getLogger(__name__)

# What can make a match possible, or a call due: a line, an agent or a call has moved. Nothing said in a talk does.
WAKING: Final = frozenset({HandoffChanged.TYPE, AvailabilityChanged.TYPE, CallChanged.TYPE})
# What a match itself says: it gives nobody room, and would wake every worker for one look in vain.
_MATCHED: Final = "offered"


@dataclass(slots=True)
class Delivered:
    """One stored entry, with its frame encoded once for all its readers."""

    stream: str
    seq: int
    at: str
    type: str
    data: dict[str, Any]
    # `data` as JSON (`msgspec.Raw`), if somebody has made it already.
    raw: Any = None

    _frame: bytes = field(default=b"", init=False, repr=False, compare=False)
    _packet: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def frame(self) -> bytes:
        if not self._frame:
            data = self.data if self.raw is None else self.raw
            self._frame = encode_frame(stream=self.stream, seq=self.seq, at=self.at, type=self.type, data=data)
        return self._frame

    @property
    def packet(self) -> bytes:
        """The frame as a WebSocket carries it."""
        if not self._packet:
            self._packet = pack(self.frame)
        return self._packet

    def to_wire(self) -> dict[str, Any]:
        data = self.data if self.raw is None else self.raw
        return {"stream": self.stream, "seq": self.seq, "at": self.at, "type": self.type, "data": data}


@dataclass
class Signal:
    """Something ephemeral about a stream: for its readers now, never in the log."""

    stream: str
    frame: dict[str, Any]
    # Only readers of this role, or of every role.
    role: str | None = None


class Reader(Protocol):
    """A socket, as delivery sees it; its methods run on the event loop and never wait."""

    role: str
    # Handoffs that are read along only.
    reads_along: set[str]

    def deliver(self, entry: Delivered) -> None: ...

    def show(self, frame: dict[str, Any]) -> None: ...


class Bridge(Protocol):
    """What carries hints to other processes; losing, doubling or reordering one is harmless."""

    def publish(self, entries: Sequence[Delivered], signals: Sequence[Signal]) -> None: ...


Wake = Callable[[], None]


def _is_waking(entry: Delivered) -> bool:
    return entry.type in WAKING and entry.data.get("state") != _MATCHED


@dataclass
class Hub:
    """One a process: who listens to what here. All of it runs on one event loop but `announce` and `signal`."""

    readers: dict[str, set[Reader]] = field(default_factory=lambda: defaultdict(set))
    bridge: Bridge | None = None
    # The entry that last woke the workers, for their log lines.
    woken_by: str = ""
    _loop: asyncio.AbstractEventLoop | None = None
    _loop_thread: int = 0
    _wakes: list[Wake] = field(default_factory=list)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop whose sockets are served; call from that loop."""
        self._loop, self._loop_thread = loop, threading.get_ident()

    def subscribe(self, stream: str, reader: Reader) -> None:
        self.readers[stream].add(reader)

    def unsubscribe(self, stream: str, reader: Reader) -> None:
        group = self.readers.get(stream)
        if group is not None:
            group.discard(reader)
            if not group:
                del self.readers[stream]

    def on_wake(self, wake: Wake) -> Callable[[], None]:
        """Have `wake` called, from any thread, when there may be work for a worker; answers how to stop that."""
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    def announce(self, entries: Sequence[Delivered]) -> None:
        """Tell readers of committed entries. From any thread; never raises: the commit has happened."""
        try:
            self._to_loop(self._deliver, entries)
            if self.bridge is not None:
                self.bridge.publish(entries, ())
            self._wake_for(entries)
        except Exception:
            logger.exception("announcing committed entries failed; readers heal by polling")

    def signal(self, signal: Signal) -> None:
        """Show something ephemeral to a stream's readers, here and in other processes. Never raises."""
        try:
            self._to_loop(self._show, signal)
            if self.bridge is not None:
                self.bridge.publish((), (signal,))
        except Exception:
            logger.exception("a signal was not shown")

    def receive(self, entries: Sequence[Delivered], signals: Collection[Signal]) -> None:
        """A hint from another process; on the loop."""
        self._deliver(entries)
        for signal in signals:
            self._show(signal)
            self._contradict(signal)
        self._wake_for(entries)

    def _contradict(self, signal: Signal) -> None:
        """The last socket of somebody has closed elsewhere; one that is open here says so."""
        frame = signal.frame
        if frame["ev"] != "presence" or frame["status"] != "reconnecting":
            return
        here = self.readers.get(signal.stream, ())
        if any(reader.role == frame["who"] and frame["handoff"] not in reader.reads_along for reader in here):
            self.signal(replace(signal, frame=frame | {"status": "here"}))

    def _wake_for(self, entries: Sequence[Delivered]) -> None:
        cause = next((entry for entry in entries if _is_waking(entry)), None)
        if cause is not None:
            self.woken_by = f"{cause.stream}#{cause.seq}"
            for wake in tuple(self._wakes):
                wake()

    def _to_loop(self, call: Callable[..., None], argument: Any) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if threading.get_ident() == self._loop_thread:
            call(argument)
        else:
            loop.call_soon_threadsafe(call, argument)

    def _deliver(self, entries: Sequence[Delivered]) -> None:
        for entry in entries:
            for reader in tuple(self.readers.get(entry.stream, ())):
                self._guard(reader.deliver, entry)
        if entries:
            metrics.note_delivery(entries[0].at)

    def _show(self, signal: Signal) -> None:
        for reader in tuple(self.readers.get(signal.stream, ())):
            if signal.role is None or reader.role == signal.role:
                self._guard(reader.show, signal.frame)

    def _guard(self, tell: Callable[[Any], None], what: Any) -> None:
        """One reader that cannot take it must not keep it from the others."""
        try:
            tell(what)
        except Exception:
            logger.exception("a reader failed; it heals by polling")


hub = Hub()
