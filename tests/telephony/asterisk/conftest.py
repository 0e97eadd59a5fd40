"""The product's sockets on a real server, and an Asterisk that has connected to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import uvicorn

from handoff.config.sockets import router
from handoff.telephony import registry
from handoff.telephony.backends.asterisk import AsteriskProvider
from tests.telephony.asterisk_scene import PASSWORD, USER, connected, wait
from tests.telephony.deciding import Decider
from tests.telephony.fake_asterisk import FakeAsterisk


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The product's own sockets on a real server."""
    running = uvicorn.Server(uvicorn.Config(router, port=0, lifespan="off", log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    wait(lambda: running.started)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"ws://127.0.0.1:{port}/ws/asterisk"
    running.should_exit = True
    thread.join(5)


@pytest.fixture
def decider() -> Decider:
    return Decider()


@pytest.fixture
def provider(decider: Decider) -> Iterator[AsteriskProvider]:
    provider = AsteriskProvider(
        user=USER, password=PASSWORD, app="handoff", trunk="PJSIP/{number}@trunk", report=decider
    )
    registry.add(provider)
    yield provider
    wait(lambda: not provider.is_reachable())
    registry.remove(provider.name)


@pytest.fixture
def asterisk(server: str, provider: AsteriskProvider) -> Iterator[FakeAsterisk]:
    with connected(server, provider) as asterisk:
        yield asterisk
