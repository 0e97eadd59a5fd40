"""The lab as a provider: its life, and being asked from many threads."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from handoff.telephony import registry
from handoff.telephony.backends.lab.engine import Setup
from handoff.telephony.backends.lab.provider import LabProvider
from handoff.telephony.base import Audio, CallError, Control, Kind, Order, Provider
from tests.telephony.lab.conftest import TIMERS, Desk, number_at
from tests.telephony.softphone import Policy, Softphone


def test_it_lives_from_start_to_stop(desk: Desk) -> None:
    lab: Provider = LabProvider(desk, setup=Setup(timers=TIMERS))
    assert isinstance(lab, LabProvider)
    for ask in (
        lambda: lab.hang_up("x"),
        lambda: lab.look_up(call_id="x", reference=""),
        lambda: lab.address,
        lambda: lab.originate(Order("r", Audio("sip:a@127.0.0.1"), "+1", "+2")),
    ):
        with pytest.raises(CallError, match="not running"):
            ask()
    assert not lab.is_reachable()
    lab.start()
    lab.start()
    assert lab.is_reachable()
    registry.add(lab)
    assert "lab" in registry.reachable()
    registry.remove("lab")
    lab.stop()
    lab.stop()
    assert not lab.is_reachable()
    lab.start()
    assert lab.is_reachable()
    lab.stop()


def test_taken_port_is_said_at_the_start(lab: LabProvider, desk: Desk) -> None:
    second = LabProvider(desk, setup=Setup(port=lab.address[1]))
    with pytest.raises(OSError, match="in use"):
        second.start()
    assert not second.is_reachable()


def test_stopping_hangs_up_and_tells(lab: LabProvider, desk: Desk) -> None:
    with Softphone() as caller, Softphone("amira", policy=Policy.NEVER) as agent:
        caller.call(number_at(lab))
        caller.wait_for(lambda: caller.is_up)
        lab.connect(desk.wait_for(Kind.ANSWERED).call_id, Audio(agent.address), reference="ho_1")
        agent.wait_for(lambda: agent.received)
        lab.stop()
        assert desk.kinds[-1] is Kind.ENDED
        caller.wait_for(lambda: caller.is_over, what="the BYE")
        agent.wait_for(lambda: "CANCEL" in agent.methods, what="our CANCEL")


def test_one_reference_from_many_threads_rings_once(lab: LabProvider, desk: Desk) -> None:
    with Softphone("amira", policy=Policy.NEVER) as agent, Softphone("+447700900123") as customer:
        customer.register(lab.address)
        customer.wait_for(lambda: 200 in customer.statuses)
        order = Order("call_1", Audio(agent.address), "+447700900123", "+442079460000")
        with ThreadPoolExecutor(16) as threads:
            ids = set(threads.map(lambda _: lab.originate(order), range(64)))
        assert len(ids) == 1
        agent.wait_for(lambda: agent.times_rung == 1)
    assert lab.controls == frozenset(Control)


def test_it_needs_no_framework() -> None:
    """It can be run, and reasoned about, without Django."""
    program = (
        "import sys, handoff.telephony.backends.lab.provider;"
        "sys.exit(any(name.split('.')[0] in ('django', 'channels') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
