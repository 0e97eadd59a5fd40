"""The audio of one phone: what it says to whom, and the tones that it hears from us."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from handoff.telephony.backends.lab import rtp, sdp, tones
from handoff.telephony.backends.lab.dtmf import Events
from handoff.telephony.backends.lab.g711 import Law, translate
from handoff.telephony.backends.lab.rtp import Packet
from handoff.telephony.backends.lab.sockets import Address, UdpSocket
from handoff.telephony.backends.lab.tones import Tone

_FRAME_SECONDS: Final = 0.02
# After a pause of the whole process the missed frames are left out rather than sent in a burst.
_MOST_BEHIND: Final = 5


class Media:
    """One RTP port. Made and used on the event loop alone. Raises OSError."""

    def __init__(self, ticker: Ticker, *, pressed: Callable[[str], None]) -> None:
        self._ticker, self._pressed = ticker, pressed
        self._socket = UdpSocket(0, receive=self._receive, is_even=True)
        self.port = self._socket.address[1]
        self._stream = rtp.Stream()
        self._events = Events()
        self._remote: sdp.Description | None = None
        self._event_type = sdp.EVENT_TYPE
        # Symmetric RTP: the first to send after the agreement is the phone, and nobody else is from then on.
        self._latched: Address | None = None
        self._listener: Media | None = None
        self._tone: Tone | None = None
        self._place = 0
        self._ended: Callable[[], None] = lambda: None

    def agree(self, description: sdp.Description, *, is_offer: bool) -> None:
        """The other side's word; telephone events come under the number of whoever offered."""
        if self._remote is None or self._remote.address != description.address:
            self._latched = None
        self._remote = description
        self._event_type = sdp.EVENT_TYPE if not is_offer else -1
        if is_offer and description.event_type is not None:
            self._event_type = description.event_type

    def play(self, tone: Tone, *, then: Callable[[], None] = lambda: None) -> None:
        """Begin a tone instead of what was heard before; after one that ends there is silence, and `then` is called."""
        self._tone, self._place, self._ended = tone, 0, then
        self._ticker.add(self)

    def be_quiet(self) -> None:
        """No tone: the way is free for another phone's audio."""
        self._tone = None
        self._ticker.discard(self)

    def speak_to(self, listener: Media | None) -> None:
        """Who hears this phone; None: nobody does."""
        self._listener = listener

    def close(self) -> None:
        self.be_quiet()
        self._listener = None
        self._socket.close()

    def tick(self) -> None:
        """Send the next 20 ms of the tone."""
        if self._tone is None or self._remote is None:
            return
        law = self._remote.laws[0]
        frames = tones.render(self._tone, law=law)
        if self._place >= len(frames):
            if not self._tone.is_endless:
                ended = self._ended
                self.play(tones.SILENCE)
                ended()
                return
            self._place = 0
        self._send(self._stream.make(frames[self._place], payload_type=int(law)))
        self._place += 1

    def hear(self, packet: Packet, *, is_event: bool) -> None:
        """Pass on another phone's packet, in this phone's own codec."""
        if self._remote is None:
            return
        if is_event:
            if self._remote.event_type is not None:
                self._send(self._stream.carry(packet, payload=packet.payload, payload_type=self._remote.event_type))
            return
        law = self._remote.laws[0]
        payload = translate(packet.payload, source=Law(packet.payload_type), target=law)
        self._send(self._stream.carry(packet, payload=payload, payload_type=int(law)))

    def _send(self, packet: Packet) -> None:
        if self._remote is not None and self._remote.listens:
            self._socket.send(packet.to_bytes(), to=self._latched or self._remote.address)

    def _receive(self, data: bytes, source: Address) -> None:
        packet = rtp.parse(data)
        if packet is None or self._remote is None:
            return
        is_event = packet.payload_type == self._event_type
        if not is_event and packet.payload_type not in (Law.MU, Law.A):
            return
        if self._latched is None:
            self._latched = source
        if source != self._latched:
            return
        if is_event and (key := self._events.read(packet)):
            self._pressed(key)
        if self._listener is not None:
            self._listener.hear(packet, is_event=is_event)


class Ticker:
    """One clock for every tone that plays, so that sixty calls are one timer and not sixty."""

    def __init__(self) -> None:
        self._playing: dict[Media, None] = {}
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._timer: asyncio.Handle | None = None

    def add(self, media: Media) -> None:
        self._playing[media] = None
        if self._timer is None:
            self._due = time.monotonic()
            self._timer = self._loop.call_soon(self._tick)

    def discard(self, media: Media) -> None:
        self._playing.pop(media, None)

    def stop(self) -> None:
        self._playing.clear()

    def _tick(self) -> None:
        for media in list(self._playing):
            media.tick()
        if not self._playing:
            self._timer = None
            return
        now = time.monotonic()
        self._due = max(self._due + _FRAME_SECONDS, now - _MOST_BEHIND * _FRAME_SECONDS)
        self._timer = self._loop.call_later(max(self._due - now, 0), self._tick)
