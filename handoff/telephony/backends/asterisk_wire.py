"""ARI as it travels: the requests we send on the socket, and what an event says of a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from handoff.telephony.base import Kind

# Q.850, as it comes with ChannelDestroyed. A phone that is declined (21) is as good as busy.
CAUSES: Final[Mapping[int, Kind]] = {
    16: Kind.NO_ANSWER,  # cleared by our own limit, for what was answered does not end by its cause
    17: Kind.BUSY,
    18: Kind.NO_ANSWER,
    19: Kind.NO_ANSWER,
    20: Kind.NO_ANSWER,
    21: Kind.BUSY,
}
DIAL_STATUSES: Final[Mapping[str, Kind]] = {
    "BUSY": Kind.BUSY,
    "NOANSWER": Kind.NO_ANSWER,
    "CANCEL": Kind.NO_ANSWER,
    "CONGESTION": Kind.FAILED,
    "CHANUNAVAIL": Kind.FAILED,
    "DONTCALL": Kind.FAILED,
    "TORTURE": Kind.FAILED,
    "INVALIDARGS": Kind.FAILED,
}


@dataclass(frozen=True)
class Ask:
    """One request of ours. `leg`: the channel that there will not be if it is refused."""

    method: str
    uri: str
    query: Mapping[str, str] = field(default_factory=dict)
    leg: str = ""


def encode(ask: Ask, *, request_id: str) -> str:
    told: dict[str, Any] = {
        "type": "RESTRequest",
        "transaction_id": request_id,
        "request_id": request_id,
        "method": ask.method,
        "uri": ask.uri,
    }
    if ask.query:
        told["query_strings"] = [{"name": name, "value": value} for name, value in ask.query.items()]
    return msgspec.json.encode(told).decode()


def decode(text: str) -> dict[str, Any]:
    """One message; what is none is empty, for nothing that arrives may end the socket."""
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


# -- requests, by what they do


def answer(channel: str) -> Ask:
    return Ask("POST", f"channels/{_part(channel)}/answer")


def play(channel: str, *, media: str, playback: str) -> Ask:
    return Ask("POST", f"channels/{_part(channel)}/play", {"media": media, "playbackId": playback})


def stop_playing(playback: str) -> Ask:
    return Ask("DELETE", f"playbacks/{_part(playback)}")


def start_music(channel: str) -> Ask:
    return Ask("POST", f"channels/{_part(channel)}/moh")


def stop_music(channel: str) -> Ask:
    return Ask("DELETE", f"channels/{_part(channel)}/moh")


def start_ringing(channel: str) -> Ask:
    return Ask("POST", f"channels/{_part(channel)}/ring")


def stop_ringing(channel: str) -> Ask:
    return Ask("DELETE", f"channels/{_part(channel)}/ring")


def hang_up(channel: str) -> Ask:
    return Ask("DELETE", f"channels/{_part(channel)}")


def mute(channel: str, *, is_on: bool) -> Ask:
    """What they say, not what they hear."""
    return Ask("POST" if is_on else "DELETE", f"channels/{_part(channel)}/mute", {"direction": "in"})


def create_bridge(bridge: str) -> Ask:
    return Ask("POST", f"bridges/{_part(bridge)}", {"type": "mixing"})


def add(bridge: str, *channels: str) -> Ask:
    return Ask("POST", f"bridges/{_part(bridge)}/addChannel", {"channel": ",".join(channels)})


def take_out(bridge: str, channel: str) -> Ask:
    return Ask("POST", f"bridges/{_part(bridge)}/removeChannel", {"channel": channel})


def destroy_bridge(bridge: str) -> Ask:
    return Ask("DELETE", f"bridges/{_part(bridge)}")


def channel(channel_id: str) -> Ask:
    return Ask("GET", f"channels/{_part(channel_id)}")


def originate(channel_id: str, *, endpoint: str, app: str, arguments: str, caller_id: str, seconds: int) -> Ask:
    """The id is ours, and there is only one channel of an id: asked twice it rings once."""
    query = {
        "endpoint": endpoint,
        "app": app,
        "appArgs": arguments,
        "callerId": caller_id,
        "timeout": str(seconds),
        "channelId": channel_id,
    }
    return Ask("POST", "channels", query, leg=channel_id)


def _part(text: str) -> str:
    return quote(text, safe="")


# -- what an event says


def text_at(told: Any, *path: str) -> str:
    """A text that lies that deep; "" where there is none."""
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told if isinstance(told, str) else ""


def channels_of(event: Mapping[str, Any]) -> list[str]:
    bridge = event.get("bridge")
    found = bridge.get("channels") if isinstance(bridge, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def arguments_of(event: Mapping[str, Any]) -> list[str]:
    found = event.get("args")
    return [str(each) for each in found] if isinstance(found, list) else []
