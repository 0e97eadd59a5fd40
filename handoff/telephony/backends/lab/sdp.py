"""What two phones say of their audio before it flows: G.711 and telephone events alone (RFC 3264, RFC 4566)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from handoff.telephony.backends.lab.g711 import Law
from handoff.telephony.backends.lab.sockets import HOST, Address

EVENT_TYPE: Final = 101
_MEDIA: Final = re.compile(r"(?P<kind>[a-z]+) (?P<port>[0-9]{1,5})(?:/[0-9]+)? (?P<protocol>\S+)(?P<types>(?: \S+)+)")
_EVENT: Final = re.compile(r"rtpmap:\s*(?P<type>[0-9]{1,3})\s+telephone-event/8000", re.IGNORECASE)
_IPV4: Final = re.compile(r"IN IP4 (?P<host>[0-9.]{7,15})")
_DIRECTIONS: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class Unacceptable(ValueError):
    """There is no audio in it that we could speak."""


@dataclass(frozen=True)
class Description:
    """One side's word: where it listens, what it understands in its order of liking, and which way audio may flow."""

    address: Address
    laws: tuple[Law, ...]
    event_type: int | None
    direction: str
    # Every media line as written, and which of them is the audio: an answer has to have as many.
    lines: tuple[str, ...]
    place: int

    @property
    def listens(self) -> bool:
        """Not while it has us on hold: `0.0.0.0` is how that was once said."""
        return self.direction in ("sendrecv", "recvonly") and self.address[0] != "0.0.0.0"  # noqa: S104


@dataclass
class _Section:
    line: str
    attributes: list[tuple[str, str]]

    def find_host(self) -> str:
        hosts = [found["host"] for name, value in self.attributes if name == "c" and (found := _IPV4.match(value))]
        return hosts[0] if hosts else ""

    def find_direction(self) -> str:
        said = [value.strip() for name, value in self.attributes if name == "a" and value.strip() in _DIRECTIONS]
        return said[-1] if said else ""

    def find_event_type(self) -> int | None:
        found = [_EVENT.match(value) for name, value in self.attributes if name == "a"]
        return next((int(one["type"]) for one in found if one and int(one["type"]) < 128), None)


def parse(body: bytes) -> Description:
    """The first audio that is plain RTP with a codec of ours. Raises Unacceptable."""
    session, *sections = _split(body.decode(errors="replace"))
    for place, section in enumerate(sections):
        found = _MEDIA.fullmatch(section.line)
        if found is None or (found["kind"], found["protocol"]) != ("audio", "RTP/AVP"):
            continue
        laws = tuple(Law(int(one)) for one in found["types"].split() if one in ("0", "8"))
        host = section.find_host() or session.find_host()
        port = int(found["port"])
        if laws and host and 0 < port < 65536:
            direction = section.find_direction() or session.find_direction() or "sendrecv"
            lines = tuple(one.line for one in sections)
            return Description((host, port), laws, section.find_event_type(), direction, lines, place)
    raise Unacceptable("no audio in G.711 over plain RTP")


def _split(text: str) -> list[_Section]:
    """What holds for the session, then each media line with what belongs to it."""
    sections = [_Section("", [])]
    for line in text.splitlines():
        name, mark, value = line.strip().partition("=")
        if not mark:
            continue
        if name == "m":
            sections.append(_Section(value.strip(), []))
        else:
            sections[-1].attributes.append((name, value))
    return sections


def build_offer(*, port: int) -> bytes:
    return _write([_write_audio(port, laws=tuple(Law), event_type=EVENT_TYPE, direction="sendrecv")])


def build_answer(offer: Description, *, port: int) -> bytes:
    """The offer's first codec that we know; every other media line of it is declined."""
    audio = _write_audio(port, laws=offer.laws[:1], event_type=offer.event_type, direction=_DIRECTIONS[offer.direction])
    declined = [re.sub(r" [0-9]+(/[0-9]+)? ", " 0 ", line, count=1) for line in offer.lines]
    return _write([audio if place == offer.place else f"m={line}\r\n" for place, line in enumerate(declined)])


def _write_audio(port: int, *, laws: tuple[Law, ...], event_type: int | None, direction: str) -> str:
    types = [str(int(law)) for law in laws] + ([] if event_type is None else [str(event_type)])
    names = {Law.MU: "PCMU", Law.A: "PCMA"}
    lines = [f"m=audio {port} RTP/AVP {' '.join(types)}"]
    lines += [f"a=rtpmap:{int(law)} {names[law]}/8000" for law in laws]
    if event_type is not None:
        lines += [f"a=rtpmap:{event_type} telephone-event/8000", f"a=fmtp:{event_type} 0-15"]
    return "\r\n".join([*lines, "a=ptime:20", f"a={direction}", ""])


def _write(media: list[str]) -> bytes:
    # Each description of a session has to have a higher version than the last.
    version = time.time_ns() // 1000
    head = ["v=0", f"o=handoff {version} {version} IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0", ""]
    return ("\r\n".join(head) + "".join(media)).encode()
