"""An Asterisk in the shape that its documentation gives it: it opens the socket, tells events and answers requests.

Provenance: documented. The events' fields follow those recorded in fixtures/ari_events.jsonl; the requests and their
answers follow ARI's reference and "REST over WebSocket".
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

_numbers = itertools.count(1)
_FORM = {
    "POST channels": {"endpoint", "app", "appArgs", "callerId", "timeout", "channelId"},
    "GET channels/*": set(),
    "DELETE channels/*": set(),
    "POST channels/*/answer": set(),
    "POST channels/*/play": {"media", "playbackId"},
    "POST channels/*/moh": set(),
    "DELETE channels/*/moh": set(),
    "POST channels/*/ring": set(),
    "DELETE channels/*/ring": set(),
    "POST channels/*/mute": {"direction"},
    "DELETE channels/*/mute": {"direction"},
    "DELETE playbacks/*": set(),
    "POST bridges/*": {"type"},
    "DELETE bridges/*": set(),
    "POST bridges/*/addChannel": {"channel"},
    "POST bridges/*/removeChannel": {"channel"},
    "GET asterisk/ping": set(),
}


@dataclass
class Channel:
    id: str
    state: str = "Down"
    number: str = ""
    heard: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    is_in_application: bool = False


class FakeAsterisk:
    """`phones`: what a dialled endpoint does: `answer`, `busy`, `no-answer`, `reject`, or nothing (``"ring"``)."""

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password: str,
        app: str = "handoff",
        asterisk_id: str = "02:fc:01",
        channels: dict[str, Channel] | None = None,
    ) -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.app, self.asterisk_id = app, asterisk_id
        self.phones: dict[str, str] = {}
        self.channels = channels or {}
        self.bridges: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.errors: list[str] = []
        self.silent_for: set[str] = set()
        self.refuses: dict[str, int] = {}
        self._lock = threading.RLock()
        self._stack = ExitStack()
        opened = connect(
            url,
            additional_headers={"Authorization": f"Basic {token}"},
            subprotocols=[Subprotocol("ari")],
            compression=None,
        )
        self._socket: ClientConnection = self._stack.enter_context(opened)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stack.close()
        self._thread.join(5)
        assert not self.errors, self.errors[0]

    # -- what happens to its phones

    def call_in(self, number: str, called: str) -> Channel:
        channel = Channel(f"{next(_numbers)}.0", state="Ring", number=number)
        self.channels[channel.id] = channel
        self._enter(channel, ["inbound", called])
        return channel

    def press(self, channel: Channel, digits: str) -> None:
        for digit in digits:
            self.tell("ChannelDtmfReceived", channel=self.show(channel), digit=digit, duration_ms=180)

    def hang_up(self, channel_id: str, *, cause: int = 16) -> None:
        with self._lock:
            channel = self.channels.pop(channel_id, None)
            if channel is None:
                return
            for name, inside in self.bridges.items():
                if channel_id in inside:
                    inside.remove(channel_id)
                    self.tell("ChannelLeftBridge", channel=self.show(channel), bridge=self._bridge(name))
            if channel.is_in_application:
                self.tell("StasisEnd", channel=self.show(channel))
            self.tell("ChannelDestroyed", channel=self.show(channel), cause=cause, cause_txt="")

    def tell(self, type_: str, **fields: Any) -> None:
        event = {"type": type_, "timestamp": "2026-11-22T13:22:34.085+0000"} | fields
        event |= {"asterisk_id": self.asterisk_id, "application": self.app}
        with suppress(ConnectionClosed):
            self._socket.send(json.dumps(event))

    def show(self, channel: Channel) -> dict[str, Any]:
        return {
            "id": channel.id,
            "name": f"PJSIP/trunk-{channel.id}",
            "state": channel.state,
            "protocol_id": channel.id,
            "caller": {"name": "", "number": channel.number},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {"context": "in", "exten": "s", "priority": 1, "app_name": "Stasis", "app_data": self.app},
            "creationtime": "2026-11-22T13:22:34.084+0000",
            "language": "en",
        }

    def asked(self, pattern: str) -> list[tuple[str, str, dict[str, str]]]:
        return [each for each in self.requests if re.fullmatch(pattern, f"{each[0]} {each[1]}")]

    # -- what it is asked

    def _read(self) -> None:
        for text in self._socket:
            message = json.loads(text)
            try:
                self._answer(message)
            except Exception as error:
                self.errors.append(f"{type(error).__name__} {error} at {message}")

    def _answer(self, message: dict[str, Any]) -> None:
        assert message["type"] == "RESTRequest"
        method, uri = message["method"], message["uri"]
        query = {pair["name"]: pair["value"] for pair in message.get("query_strings", [])}
        self.requests.append((method, uri, query))
        parts = [unquote(part) for part in uri.split("/")]
        shape = f"{method} " + "/".join(
            "*" if place == 1 and parts[0] != "asterisk" else part for place, part in enumerate(parts)
        )
        assert shape in _FORM, f"there is no {shape}"
        assert set(query) <= _FORM[shape], f"{shape} has no {set(query) - _FORM[shape]}"
        if shape in self.silent_for:
            return
        with self._lock:
            status, body = self._do(shape, parts, query)
        answer = {"type": "RESTResponse", "transaction_id": message["transaction_id"]}
        answer |= {"request_id": message["request_id"], "status_code": status, "reason_phrase": "", "uri": uri}
        if body is not None:
            answer |= {"content_type": "application/json", "message_body": json.dumps(body)}
        with suppress(ConnectionClosed):
            self._socket.send(json.dumps(answer))

    def _do(self, shape: str, parts: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if shape in self.refuses:
            return self.refuses[shape], {"message": "no"}
        if parts[0] == "asterisk":
            return 200, {"asterisk_id": self.asterisk_id, "ping": "pong", "timestamp": "now"}
        if parts[0] == "bridges":
            return self._do_bridge(shape, parts[1], query)
        if parts[0] == "playbacks":
            return 204, None
        if shape == "POST channels":
            return self._originate(query)
        channel = self.channels.get(parts[1])
        if channel is None:
            return 404, {"message": "Channel not found"}
        return self._do_channel(shape, channel, query)

    def _do_channel(self, shape: str, channel: Channel, query: dict[str, str]) -> tuple[int, Any]:
        method, *verb = shape.replace(" channels/*", "").split("/")
        channel.heard.append((verb[0] if verb else method) + (f" {query['media']}" if "media" in query else ""))
        match shape:
            case "GET channels/*":
                return 200, self.show(channel)
            case "DELETE channels/*":
                self.hang_up(channel.id)
            case "POST channels/*/answer":
                self._up(channel)
            case "POST channels/*/play":
                done = {"id": query["playbackId"], "media_uri": query["media"], "state": "done"}
                self.tell("PlaybackFinished", playback=done | {"target_uri": f"channel:{channel.id}"})
                return 201, done
        return 204, None

    def _do_bridge(self, shape: str, name: str, query: dict[str, str]) -> tuple[int, Any]:
        if shape == "POST bridges/*":
            self.bridges.setdefault(name, [])
            return 200, self._bridge(name)
        if name not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if shape == "DELETE bridges/*":
            del self.bridges[name]
            return 204, None
        for channel_id in query["channel"].split(","):
            if channel_id not in self.channels:
                return 400, {"message": "Channel not found"}
            self._move(shape, name, self.channels[channel_id])
        return 204, None

    def _move(self, shape: str, name: str, channel: Channel) -> None:
        if shape.endswith("addChannel"):
            self.bridges[name].append(channel.id)
            self.tell("ChannelEnteredBridge", channel=self.show(channel), bridge=self._bridge(name))
        elif channel.id in self.bridges[name]:
            self.bridges[name].remove(channel.id)
            self.tell("ChannelLeftBridge", channel=self.show(channel), bridge=self._bridge(name))

    def _originate(self, query: dict[str, str]) -> tuple[int, Any]:
        if query["channelId"] in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        channel = Channel(query["channelId"], number=query["callerId"], arguments=query["appArgs"].split(","))
        self.channels[channel.id] = channel
        does = self.phones.get(query["endpoint"])
        if does is None:
            del self.channels[channel.id]
            return 400, {"message": "Invalid endpoint"}
        threading.Thread(target=self._ring, args=(channel, does), daemon=True).start()
        return 200, self.show(channel)

    def _ring(self, channel: Channel, does: str) -> None:
        with self._lock:
            channel.state = "Ringing"
            self.tell("Dial", dialstatus="", forward="", dialstring="", peer=self.show(channel))
            self.tell("ChannelStateChange", channel=self.show(channel))
            self.tell("Dial", dialstatus="RINGING", forward="", dialstring="", peer=self.show(channel))
            if does == "answer":
                self.pick_up(channel)
            elif does != "ring":
                self.hang_up(channel.id, cause={"busy": 17, "no-answer": 19, "reject": 21, "broken": 38}[does])

    def pick_up(self, channel: Channel) -> None:
        self._up(channel)
        self.tell("Dial", dialstatus="ANSWER", forward="", dialstring="", peer=self.show(channel))
        self._enter(channel, channel.arguments)

    def _up(self, channel: Channel) -> None:
        channel.state = "Up"
        self.tell("ChannelStateChange", channel=self.show(channel))

    def _enter(self, channel: Channel, arguments: list[str]) -> None:
        channel.is_in_application = True
        self.tell("StasisStart", args=arguments, channel=self.show(channel))

    def _bridge(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "channels": list(self.bridges[name]),
        }
