"""What goes over the wire, packet by packet: repeats, refusals, and whatever else may come to an open port."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.backends.lab.transactions import Timers
from handoff.telephony.base import AskCode, Audio, Hold, Kind, Nothing, Order
from tests.telephony.lab.conftest import Desk
from tests.telephony.siptext import Text, read
from tests.telephony.softphone import wait_until


class Wire:
    """A bare UDP socket that says exactly what it is told to, once."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(5)
        self._target = target
        self.port = self._socket.getsockname()[1]

    def send(self, data: bytes | str) -> None:
        self._socket.sendto(data.encode() if isinstance(data, str) else data, self._target)

    def receive(self) -> Text:
        return read(self._socket.recv(65535))

    def receive_final(self) -> Text:
        while (text := self.receive()).status < 200:
            pass
        return text

    def ask(
        self,
        method: str,
        *,
        body: str = "",
        branch: str = "z9hG4bK1",
        to_tag: str = "",
        number: int = 1,
        more: str = "",
    ) -> str:
        """A request as text, and sent."""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} sip:+442079460000@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch};rport\r\n"
            f'f: "M, <x>" <sip:+447700900001@127.0.0.1>;tag=mine\r\n'
            f"To: <sip:+442079460000@127.0.0.1>{';tag=' + to_tag if to_tag else ''}\r\n"
            f"i: wire@127.0.0.1\r\nCSeq: {number} {method}\r\nContact: <sip:me@127.0.0.1:{self.port}>\r\n"
            f"{more}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.send(text)
        return text

    def receive_request(self, method: str) -> Text:
        while (text := self.receive()).method != method:
            pass
        return text

    def accept(self, invite: Text) -> None:
        """200 OK, said once."""
        same = "".join(f"{name}: {invite.get(name)}\r\n" for name in ("via", "from", "call-id", "cseq"))
        body = OFFER.format(port=40000)
        self._socket.sendto(
            f"SIP/2.0 200 OK\r\n{same}To: {invite.get('to')};tag=mine\r\nContent-Type: application/sdp\r\n"
            f"Contact: <sip:amira@127.0.0.1:{self.port}>\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode(),
            self._target,
        )

    def close(self) -> None:
        self._socket.close()


OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
)


@pytest.fixture
def wire(lab: LabProvider, desk: Desk) -> Iterator[Wire]:
    desk.decide = lambda event: Hold() if event.kind is Kind.RINGING else Nothing()
    made = Wire(lab.address)
    yield made
    made.close()


@contextlib.contextmanager
def open_audio() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


def get_tag(text: Text) -> str:
    return text.get("to").partition(";tag=")[2]


def test_acceptance_is_repeated_until_acknowledged(wire: Wire, desk: Desk) -> None:
    wire.ask("INVITE", body=OFFER.format(port=40000))
    first = wire.receive_final()
    assert first.first == "SIP/2.0 200 OK"
    assert f"received=127.0.0.1;rport={wire.port}" in first.get("via")
    assert "m=audio" in first.body
    assert "RTP/AVP 8 96" in first.body
    for _ in range(3):
        assert wire.receive().first == first.first
    assert Kind.ANSWERED not in desk.kinds
    wire.ask("ACK", branch="z9hG4bK2", to_tag=get_tag(first))
    desk.wait_for(Kind.ANSWERED)
    wire.ask("ACK", branch="z9hG4bK3", to_tag=get_tag(first))
    wire.ask("BYE", branch="z9hG4bK4", to_tag=get_tag(first), number=2)
    while (answer := wire.receive()).get("cseq") != "2 BYE":
        pass
    assert answer.status == 200
    desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.RINGING, Kind.ANSWERED, Kind.ENDED]


def test_caller_who_never_acknowledges_is_gone(open_lab: Callable[..., LabProvider], desk: Desk) -> None:
    desk.decide = lambda event: Hold()
    wire = Wire(open_lab(timers=Timers(t1=0.01, t2=0.1)).address)
    wire.ask("INVITE", body=OFFER.format(port=40000))
    desk.wait_for(Kind.ENDED)
    wire.receive_request("BYE")
    wire.close()
    assert desk.kinds == [Kind.RINGING, Kind.ENDED]


def test_repeated_invite_is_one_call(wire: Wire, desk: Desk) -> None:
    desk.decide = lambda event: Nothing()
    for _ in range(5):
        wire.ask("INVITE", body=OFFER.format(port=40000))
    tags = {get_tag(wire.receive()) for _ in range(5)}
    assert len(tags) == 1
    wire.ask("CANCEL")
    statuses = {wire.receive().status for _ in range(2)}
    assert statuses == {200, 487}
    desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.RINGING, Kind.ENDED]


def test_invite_without_a_description_is_offered_ours(wire: Wire, desk: Desk) -> None:
    wire.ask("INVITE", more="Record-Route: <sip:127.0.0.1:5070;lr>\r\n")
    answer = wire.receive_final()
    assert "RTP/AVP 0 8 101" in answer.body
    assert answer.get("record-route") == "<sip:127.0.0.1:5070;lr>"
    with open_audio() as audio:
        wire.ask("ACK", branch="z9hG4bK2", to_tag=get_tag(answer), body=OFFER.format(port=audio.getsockname()[1]))
        assert audio.recv(2048)[1] & 0x7F == 8
    assert desk.wait_for(Kind.ANSWERED)


def test_acceptance_told_again_is_acknowledged_again(open_lab: Callable[..., LabProvider], desk: Desk) -> None:
    """Our ACK may be lost as anything may."""
    lab = open_lab(gateway="127.0.0.1:9")
    wire = Wire(lab.address)
    agent = Audio(f"sip:amira@127.0.0.1:{wire.port}")
    lab.originate(Order("call_1", agent, "+447700900123", "+442079460000"))
    invite = wire.receive()
    wire.accept(invite)
    first = wire.receive_request("ACK")
    wire.accept(invite)
    again = wire.receive_request("ACK")
    assert (again.get("cseq"), again.get("via"), again.get("to")) == ("1 ACK", first.get("via"), first.get("to"))
    desk.wait_for(Kind.AGENT_RINGING)
    assert desk.kinds == [Kind.AGENT_RINGING]
    wire.close()


@pytest.mark.parametrize(
    ("method", "more", "body", "status"),
    [
        ("OPTIONS", "", "", 200),
        ("SUBSCRIBE", "", "", 405),
        ("UPDATE", "", "", 405),
        ("BYE", "", "", 481),
        ("INFO", "", "", 481),
        ("CANCEL", "", "", 481),
        ("INVITE", "Require: 100rel\r\n", "", 420),
        ("INVITE", "", "v=0\r\nm=audio 4000 RTP/AVP 18\r\nc=IN IP4 127.0.0.1\r\n", 488),
        ("INVITE", "", "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/SAVP 0\r\n", 488),
        ("REGISTER", "Expires: 0\r\n", "", 200),
    ],
)
def test_requests_outside_a_call(wire: Wire, desk: Desk, method: str, more: str, body: str, status: int) -> None:
    wire.ask(method, more=more, body=body)
    answer = wire.receive_final()
    assert answer.status == status
    assert status != 405 or "INVITE" in answer.get("allow")
    assert desk.events == []


def test_requests_within_a_call(wire: Wire, desk: Desk) -> None:
    wire.ask("INVITE", body=OFFER.format(port=40000))
    tag = get_tag(wire.receive_final())
    wire.ask("ACK", branch="z9hG4bK2", to_tag=tag)
    desk.wait_for(Kind.ANSWERED)
    answers = []
    for number, method in enumerate(("UPDATE", "OPTIONS", "INFO", "REFER"), start=2):
        wire.ask(method, branch=f"z9hG4bK-{number}", to_tag=tag, number=number)
        while (answer := wire.receive()).get("cseq") != f"{number} {method}":
            pass
        answers.append(answer.status)
    assert answers == [405, 200, 200, 405]
    # A number that was had already, and a dialog that there is not.
    wire.ask("INFO", branch="z9hG4bK-old", to_tag=tag, number=3)
    assert wire.receive_final().status == 500
    wire.ask("INFO", branch="z9hG4bK-other", to_tag="other", number=9)
    assert wire.receive_final().status == 481


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("i: wire", "X: wire"),
        lambda text: text.replace("CSeq: 1 INVITE", "CSeq: one INVITE"),
        lambda text: text.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        lambda text: text.replace(";tag=mine", ""),
        lambda text: text.replace(";branch=z9hG4bK1", ""),
    ],
)
def test_incomplete_request_is_answered_400(
    wire: Wire, lab: LabProvider, desk: Desk, change: Callable[[str], str]
) -> None:
    silent = Wire(("127.0.0.1", 9))  # only to have the text made
    wire.send(change(silent.ask("INVITE").replace(str(silent.port), str(wire.port))))
    silent.close()
    assert wire.receive().status == 400
    assert desk.events == []


def test_audio_of_a_second_source_is_ignored(wire: Wire, desk: Desk) -> None:
    """The first to send is the phone: what another sends is neither heard, nor counted as keys, nor sent back to."""
    desk.decide = lambda event: AskCode(2) if event.kind is Kind.RINGING else Nothing()

    def press(source: socket.socket, key: int, *, at: int) -> None:
        head = struct.pack("!BBHII", 0x80, 96, 1, at, 7)
        for end in (0, 0x80, 0x80, 0x80):
            source.sendto(head + struct.pack("!BBH", key, end, 800), target)

    with open_audio() as phone, open_audio() as other:
        wire.ask("INVITE", body=OFFER.format(port=other.getsockname()[1]))
        answer = wire.receive_final()
        target = answer.audio
        wire.ask("ACK", branch="z9hG4bK2", to_tag=get_tag(answer))
        assert other.recv(2048), "until the phone speaks its description is believed"
        press(phone, 4, at=1000)
        assert phone.recv(2048), "then audio goes to where it speaks from"
        press(other, 9, at=2000)
        press(phone, 4, at=1000)  # the same press, told late
        press(phone, 2, at=3000)
        assert desk.wait_for(Kind.CODE_ENTERED).digits == "42"


def test_audio_moves_with_the_phone(wire: Wire, desk: Desk) -> None:
    """A re-INVITE may name another address: the first source there is the phone from then on."""
    with open_audio() as first, open_audio() as second:
        wire.ask("INVITE", body=OFFER.format(port=first.getsockname()[1]))
        answer = wire.receive_final()
        wire.ask("ACK", branch="z9hG4bK2", to_tag=get_tag(answer))
        desk.wait_for(Kind.ANSWERED)
        first.sendto(struct.pack("!BBHII", 0x80, 8, 1, 160, 7) + bytes(160), answer.audio)
        assert first.recv(2048)
        wire.ask(
            "INVITE",
            branch="z9hG4bK3",
            to_tag=get_tag(answer),
            number=2,
            body=OFFER.format(port=second.getsockname()[1]),
        )
        moved = wire.receive_final()
        wire.ask("ACK", branch="z9hG4bK4", to_tag=get_tag(answer), number=2)
        assert (moved.get("cseq"), moved.audio) == ("2 INVITE", answer.audio)
        assert second.recv(2048)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.binary(max_size=300))
def test_bytes_at_random_are_survived(wire: Wire, data: bytes) -> None:
    wire.send(data)


# Lines of which each alone is plausible, and some bodies.
_LINES = [
    "INVITE sip:x@y SIP/2.0",
    "REGISTER sip:lab SIP/2.0",
    "BYE sip:x SIP/2.0",
    "ACK x SIP/2.0",
    "SIP/2.0 200 OK",
    "SIP/2.0 999",
    "Via: SIP/2.0/UDP a:99999;branch=z",
    "Via: ;branch=;rport",
    "v: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKz;rport,",
    "From: <sip:a@b>;tag=1",
    'From: "<;tag=',
    "To: sip:c",
    "To: <sip:c@d>;tag=9",
    "Call-ID: 1",
    "CSeq: 1 INVITE",
    "CSeq: 1 REGISTER",
    "CSeq: 1 ACK",
    "CSeq: 99999999999 BYE",
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Type: application/sdp",
    "Contact: *",
    "Contact: <",
    "Expires: x",
    "Require: x",
    ": x",
    " folded",
]
_BODIES = [
    "",
    "m=",
    "Signal=5",
    "m=audio 99999 RTP/AVP 0",
    "=\r\n=m\r\nm=audio 0 RTP/AVP\r\n",
    "v=0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 999.9.9.9\r\n",
    "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=rtpmap:300 telephone-event/8000\r\nm=video 1 x y\r\n",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=some.lists(some.sampled_from(_LINES), max_size=14), body=some.sampled_from(_BODIES))
def test_messages_at_random_are_survived(
    wire: Wire, lab: LabProvider, caplog: pytest.LogCaptureFixture, lines: list[str], body: str
) -> None:
    wire.send("\r\n".join([*lines, "", body]))
    assert lab.look_up(call_id="", reference="none") is None
    assert "could not be dealt with" not in caplog.text


def test_nonsense_for_audio_is_survived(wire: Wire, lab: LabProvider, desk: Desk) -> None:
    with open_audio() as phone:
        wire.ask("INVITE", body=OFFER.format(port=phone.getsockname()[1]))
        answer = wire.receive_final()
        wire.ask("ACK", branch="z9hG4bK2", to_tag=get_tag(answer))
        for length in range(200):
            for first in (0x80, 0x90, 0xA0, 0xBF, 0x00):
                phone.sendto((bytes([first, 96, length % 256]) * 70)[:length], answer.audio)
        phone.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while phone.recv(2048):
                pass
        phone.settimeout(5)
        assert phone.recv(2048)[0] == 0x80, "the tone goes on"
    assert desk.wait_for(Kind.ANSWERED).call_id
    assert lab.is_reachable()


def test_line_answers_after_a_flood_of_nonsense(wire: Wire, lab: LabProvider, desk: Desk) -> None:
    for place in range(2000):
        wire.send(struct.pack("!I", place * 2654435761 % 2**32) * (place % 40))
    wire.ask("OPTIONS", branch="z9hG4bKlast")
    started = time.monotonic()
    assert wire.receive_final().status == 200
    assert time.monotonic() - started < 3
    wait_until(lab.is_reachable)
