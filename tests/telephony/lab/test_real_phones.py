"""The lab with phones that others wrote: baresip and SIPp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.base import AskCode, Audio, CallError, Hold, Kind, Nothing, Order
from tests.telephony import sipp
from tests.telephony.baresip import Baresip
from tests.telephony.lab.conftest import Desk, number_at
from tests.telephony.softphone import Softphone, wait_until

NUMBER = "+447700900123"


def test_baresip_calls_in_and_hears_and_is_heard(lab: LabProvider, desk: Desk, tmp_path: Path) -> None:
    """Both phones are baresip: the caller keys the code within the audio and speaks 440 Hz, the agent 880 Hz.

    The caller knows mu-law alone and the agent A-law alone, so that each is translated for the other.
    """
    host, port = lab.address
    with (
        Baresip("maya", folder=tmp_path / "maya", hertz=440) as caller,
        Baresip("amira", folder=tmp_path / "amira", hertz=880, registrar=f"{host}:{port}", codec="PCMA") as agent,
    ):
        caller.order("dial", number_at(lab))
        call_id = desk.wait_for(Kind.ANSWERED).call_id
        caller.order("sndcode", "90210735")
        assert desk.wait_for(Kind.CODE_ENTERED).digits == "90210735"
        assert not list((tmp_path / "amira").glob("dump-*")), "the agent's phone has heard nothing yet"
        lab.connect(call_id, Audio("sip:amira@lab"), reference="ho_1")
        desk.wait_for(Kind.BRIDGED)
        [heard] = (tmp_path / "amira").glob("dump-*-dec.wav")
        wait_until(lambda: heard.stat().st_size > 16000, what=lambda: agent.log)
        caller.order("hangup")
        desk.wait_for(Kind.ENDED)
    assert "audio decoder: PCMU" in caller.log
    assert "audio decoder: PCMA" in agent.log
    assert agent.measure_heard(440) > 0.95
    assert caller.measure_heard(880) > 0.95


def test_baresip_is_rung_as_the_customer(lab: LabProvider, desk: Desk, tmp_path: Path) -> None:
    host, port = lab.address
    with (
        Softphone("amira") as agent,
        Baresip(NUMBER, folder=tmp_path / "maya", hertz=440, registrar=f"{host}:{port}"),
    ):
        order = Order("call_1", Audio(agent.address), NUMBER, "+442079460000")
        wait_until(lambda: _is_placed(lab, order=order), what="it registers")
        desk.wait_for(Kind.BRIDGED)
        agent.wait_for(lambda: agent.hears(440), what="the customer's tone")
        agent.hang_up()
        desk.wait_for(Kind.ENDED)
    assert desk.kinds == [Kind.AGENT_RINGING, Kind.RINGING, Kind.ANSWERED, Kind.BRIDGED, Kind.ENDED]


def _is_placed(lab: LabProvider, *, order: Order) -> bool:
    try:
        return bool(lab.originate(order))
    except CallError:
        return False


def test_sipp_calls_in_and_is_heard(lab: LabProvider, desk: Desk, tmp_path: Path) -> None:
    desk.decide = lambda event: (
        AskCode(4) if event.kind is Kind.RINGING else Hold() if event.kind is Kind.CODE_ENTERED else Nothing()
    )
    with (
        Softphone("amira") as agent,
        sipp.played(
            "calls_in", folder=tmp_path / "sipp", target=lab.address, service="+442079460000", tone=440
        ) as caller,
    ):
        event = desk.wait_for(Kind.CODE_ENTERED)
        assert (event.digits, event.caller, event.called) == ("4711", "+447700900777", "+442079460000")
        lab.connect(event.call_id, Audio(agent.address), reference="ho_1")
        agent.wait_for(lambda: agent.hears(440), what="the caller's tone")
        lab.hang_up(event.call_id)
        caller.wait()


@pytest.mark.parametrize(("scenario", "kind"), [("is_busy", Kind.BUSY), ("never_answers", Kind.NO_ANSWER)])
def test_sipp_is_rung_in_vain(
    open_lab: Callable[..., LabProvider], desk: Desk, tmp_path: Path, scenario: str, kind: Kind
) -> None:
    """A scenario that never answers ends well only if our CANCEL comes, and our ACK after it."""
    with Softphone("amira") as agent, sipp.played(scenario, folder=tmp_path / "sipp") as customer:
        lab = open_lab(gateway=f"127.0.0.1:{customer.port}")
        lab.originate(Order("call_1", Audio(agent.address), NUMBER, "+442079460000", ring_seconds=1))
        desk.wait_for(kind)
        customer.wait()
