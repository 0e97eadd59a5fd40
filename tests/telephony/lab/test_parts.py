"""The engine's parts by themselves: messages, descriptions, codecs, packets, keys, tones."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handoff.telephony.backends.lab import g711, messages, rtp, sdp, tones
from handoff.telephony.backends.lab.dtmf import Events, read_info
from handoff.telephony.backends.lab.g711 import Law
from handoff.telephony.backends.lab.keypad import Keypad, Way
from handoff.telephony.backends.lab.messages import Malformed, Request
from handoff.telephony.backends.lab.rtp import Packet
from tests.telephony import sound

REQUEST = (
    b"INVITE sip:+44@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP a:5;branch=z9hG4bKx , SIP/2.0/UDP b\r\n"
    b'f: "Maya; <tag=no>" <sip:maya@x;tag=inner>;tag=mine\r\nTo:\r\n <sip:+44@127.0.0.1>\r\ni: 1\r\n'
    b"CSeq: 7 INVITE\r\nl: 2\r\n\r\nhi and more"
)


def test_message_is_read_with_its_short_and_folded_headers() -> None:
    message = messages.parse(REQUEST)
    assert isinstance(message, Request)
    assert message.is_complete
    assert (message.branch, message.from_tag, message.to_tag, message.cseq) == ("z9hG4bKx", "mine", "", (7, "INVITE"))
    assert message.get("to") == "<sip:+44@127.0.0.1>"
    assert message.body == b"hi"
    assert messages.parse_uri(message.get("from")).user == "maya"


def test_line_break_in_a_value_begins_no_header() -> None:
    written = Request([("x-reference", "a\r\nRoute: <sip:evil>")], method="INVITE", uri="sip:a\nb").to_bytes()
    assert written == b"INVITE sip:a b SIP/2.0\r\nX-Reference: a Route: <sip:evil>\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\n",
        b"HELLO\r\n\r\n",
        b"SIP/2.0 700 x\r\n\r\n",
        b"BYE x SIP/2.0\r\n: x\r\n\r\n",
        b"BYE x SIP/2.0\r\nA: \xff\r\n\r\n",
        b"BYE x SIP/2.0\r\nContent-Length: 1\r\n\r\n",
    ],
)
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        messages.parse(data)


@given(some.binary())
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        again = messages.parse(data).to_bytes()
    except Malformed:
        return
    assert messages.parse(again).to_bytes() == again


OFFER = b"""v=0
c=IN IP4 127.0.0.9
a=sendonly
m=video 4000 RTP/AVP 31
m=audio 4002/2 RTP/AVP 18 8 0 100
c=IN IP4 127.0.0.2
a=rtpmap:100 telephone-event/8000
m=audio 4004 RTP/AVP 0
"""


def test_description_is_answered_line_by_line() -> None:
    offer = sdp.parse(OFFER)
    assert offer.address == ("127.0.0.2", 4002)
    assert (offer.laws, offer.event_type, offer.direction) == ((Law.A, Law.MU), 100, "sendonly")
    assert not offer.listens
    answer = sdp.build_answer(offer, port=5000).decode()
    lines = [line for line in answer.split("\r\n") if line.startswith("m=")]
    assert lines == ["m=video 0 RTP/AVP 31", "m=audio 5000 RTP/AVP 8 100", "m=audio 0 RTP/AVP 0"]
    assert "a=recvonly" in answer


@given(some.text())
def test_any_description_is_read_or_unacceptable(text: str) -> None:
    try:
        sdp.parse(text.encode(errors="replace"))
    except sdp.Unacceptable:
        return


def test_codecs_agree_with_the_standard() -> None:
    """The first and last values of each segment, as G.711's tables have them, and a second implementation's."""
    assert g711.encode([0, -1, 32767, -32768], law=Law.MU) == bytes([0xFF, 0x7F, 0x80, 0x00])
    assert g711.encode([0, -1, 32767, -32768], law=Law.A) == bytes([0xD5, 0x55, 0xAA, 0x2A])
    every = bytes(range(256))
    assert g711.decode(every, law=Law.MU) == [sound.decode_mu(byte) for byte in every]
    assert g711.decode(every, law=Law.A) == [sound.decode_a(byte) for byte in every]


@given(some.integers(-40000, 40000), some.sampled_from(Law))
def test_encoded_sample_is_near(sample: int, law: Law) -> None:
    [near] = g711.decode(g711.encode([sample], law=law), law=law)
    kept = max(-32768, min(32767, sample))
    assert abs(near - kept) <= max(abs(kept) / 16, 16)


def test_one_law_becomes_the_other() -> None:
    frame = tones.render(tones.READY, law=Law.MU)[2]
    moved = g711.translate(frame, source=Law.MU, target=Law.A)
    assert moved != frame
    assert sound.measure(sound.decode(moved, payload_type=8), hertz=1000) > 0.99
    assert g711.translate(frame, source=Law.MU, target=Law.MU) is frame


@given(some.binary(max_size=60))
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    packet = rtp.parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


def test_packet_with_extension_and_padding_is_read() -> None:
    plain = Packet(8, 1, 2, 3, b"audio", is_marked=True)
    assert rtp.parse(plain.to_bytes()) == plain
    dressed = bytes([0xB1]) + plain.to_bytes()[1:12] + b"csrc" + b"\0\0\0\1word" + b"audio" + b"\0\2"
    assert rtp.parse(dressed) == plain


def test_stream_goes_on_whoever_speaks() -> None:
    stream = rtp.Stream()
    own = stream.make(b"tone", payload_type=0)
    carried = [stream.carry(Packet(0, 9, at, 77, b"voice"), payload=b"voice", payload_type=0) for at in (500, 660, 820)]
    again = stream.make(b"tone", payload_type=0)
    packets = [own, *carried, again]
    first = own.sequence
    assert [packet.sequence for packet in packets] == [first + place & 0xFFFF for place in range(5)]
    assert [packet.timestamp - own.timestamp & 0xFFFFFFFF for packet in packets] == [0, 160, 320, 480, 640]
    assert [packet.is_marked for packet in packets] == [True, True, False, False, True]
    assert len({packet.ssrc for packet in packets}) == 1


@given(some.permutations([(place, copy) for place in range(4) for copy in range(5)]))
def test_each_press_counts_once_in_whatever_order_its_packets_come(order: list[tuple[int, int]]) -> None:
    events = Events()
    keys = [events.read(Packet(101, 0, 1000 * place, 7, bytes([place, 0, 0, copy]))) for place, copy in order]
    assert sorted(filter(None, keys)) == ["0", "1", "2", "3"]


def test_what_is_no_key_is_none() -> None:
    assert Events().read(Packet(101, 0, 0, 7, b"\x05")) == ""
    assert Events().read(Packet(101, 0, 0, 7, b"\x20\0\0\0")) == ""


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("Application/DTMF-Relay; x=y", b"Duration=160\r\nsignal = #", "#"),
        ("application/dtmf-relay", b"Signal=55", None),
        ("application/dtmf", b"7\r\n", "7"),
        ("application/dtmf", b"77", None),
        ("text/plain", b"Signal=5", None),
        ("application/dtmf-relay", b"\xff\xfe", None),
    ],
)
def test_keys_in_info(kind: str, body: bytes, key: str | None) -> None:
    assert read_info(kind, body=body) == key


async def test_keypad_hears_a_phone_one_way_only() -> None:
    """A phone that tells every key within the audio and beside it would else key each twice."""
    keypad = Keypad(first_seconds=5, next_seconds=5)
    told: list[str] = []
    keypad.press("1", way=Way.EVENT)
    keypad.press("1", way=Way.INFO)
    keypad.ask(3, anew=False, done=told.append)
    for key in "23":
        keypad.press(key, way=Way.EVENT)
        keypad.press(key, way=Way.INFO)
    assert told == ["123"]
    assert not keypad.is_asked


async def test_keypad_asked_anew_forgets_what_was_keyed() -> None:
    keypad = Keypad(first_seconds=0.01, next_seconds=5)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    keypad.press("9", way=Way.EVENT)
    keypad.ask(2, anew=True, done=answer.set_result)
    assert await asyncio.wait_for(answer, 5) == ""


@pytest.mark.parametrize("law", Law)
def test_hold_tone_is_quiet_and_leaves_the_tones_of_tests_alone(law: Law) -> None:
    samples = sound.decode(b"".join(tones.render(tones.HOLD, law=law)), payload_type=int(law))
    assert max(samples) < 3000
    assert sound.measure(samples[:2400], hertz=330) > 0.95
    assert max(sound.measure(samples[:2400], hertz=hertz) for hertz in (440, 880)) < 0.01
