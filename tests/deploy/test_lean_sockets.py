"""What uvicorn keeps of a socket once its handshake is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
import websockets

from deploy.processes import free_port
from handoff.realtime.wire import Wire

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def tell_headers(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Says how many headers it saw before it accepted, and how many are left whenever it is asked."""
    await receive()
    seen = len(scope["headers"])
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
    while (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"{seen > 5} {len(scope['headers'])}"})


async def test_the_handshake_is_read_and_then_forgotten_and_the_socket_goes_on() -> None:
    port = free_port()
    config = uvicorn.Config(
        tell_headers,
        port=port,
        ws=Wire,
        ws_ping_interval=0.05,
        ws_ping_timeout=20,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(60):
            while not server.started:
                await asyncio.sleep(0.01)
            protocol = websockets.Subprotocol("handoff.v1")
            async with websockets.connect(f"ws://127.0.0.1:{port}/", subprotocols=[protocol], proxy=None) as socket:
                for _ in range(3):
                    await socket.send("how many?")
                    assert await socket.recv() == "True 0"
                    # Pings go on as before.
                    await asyncio.sleep(0.1)
                held = [one for one in server.server_state.connections if isinstance(one, Wire)]
                assert [hasattr(one, "request") for one in held] == [False]
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
