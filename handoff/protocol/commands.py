"""Asks in the imperative: the one decoder of what a socket may send."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, Literal

import msgspec

from handoff.lib.errors import DomainError
from handoff.protocol.command import Command as Command
from handoff.protocol.command import Count as Count
from handoff.protocol.command import OnHandoff as OnHandoff
from handoff.protocol.command import Owned as Owned
from handoff.protocol.composer_shapes import COMPOSER_COMMANDS
from handoff.protocol.shapes import Scalar, Source
from handoff.protocol.supervision_commands import SUPERVISION_COMMANDS

ID_LIMIT = 64
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<name>.*)`")
_MISSING_FIELD = re.compile(r"missing required field `(?P<name>.*?)`")
_AT_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)


class BadFrame(DomainError):
    """Not a readable frame; the third on one socket closes it."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_frame", message)


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epoch: str
    cursors: dict[str, Count]


class Hello(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first frame of every socket."""

    NAME: ClassVar[str] = "hello"
    cmd: str
    ticket: str
    resume: Resume | None = None
    client: str | None = None
    id: str | None = None


class Ping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    NAME: ClassVar[str] = "ping"
    cmd: str
    id: str | None = None


class Typing(Owned, frozen=True, kw_only=True):
    NAME = "typing"


class SendMessage(Owned, frozen=True, kw_only=True):
    NAME = "message.send"
    client_id: str
    text: str
    # Uploaded before, by this sender and for this handoff; with some the text may be empty.
    attachments: list[str] | None = None


class ReadMessage(Owned, frozen=True, kw_only=True):
    NAME = "message.read"
    seq: Count


class RecordJourney(OnHandoff, frozen=True, kw_only=True):
    NAME = "journey.record"
    steps: list[Any] | None = None
    facts: list[Any] | None = None


class StrikeFact(OnHandoff, frozen=True, kw_only=True):
    NAME = "fact.strike"
    key: str
    source: Source


class CancelHandoff(OnHandoff, frozen=True, kw_only=True):
    NAME = "handoff.cancel"


class EndHandoff(Owned, frozen=True, kw_only=True):
    NAME = "handoff.end"


class AskedWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A day and two local times in the zone named beside it: `2026-11-27`, `15:00`, `15:20`."""

    date: str
    from_: str
    to: str


class AskedCallback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The call that a customer asks for; without a window it is made when it is their turn."""

    phone: str
    consent: str
    time_zone: str
    window: AskedWindow | None = None


class SwitchChannel(Owned, frozen=True, kw_only=True):
    NAME = "channel.switch"
    channel: str
    callback: AskedCallback | None = None


class SnoozeCallback(OnHandoff, frozen=True, kw_only=True):
    """Later: by so many minutes, or in a window. Exactly one of them."""

    NAME = "callback.snooze"
    minutes: Count | None = None
    window: AskedWindow | None = None
    time_zone: str | None = None


class ClaimCall(Command, frozen=True, kw_only=True):
    """Whether the call that arrived is this customer's own."""

    NAME = "call.claim"
    call: str
    mine: bool


class DialCallback(Owned, frozen=True, kw_only=True):
    NAME = "callback.dial"


class RescheduleCallback(Owned, frozen=True, kw_only=True):
    """As `callback.snooze`, by the agent."""

    NAME = "callback.reschedule"
    minutes: Count | None = None
    window: AskedWindow | None = None
    time_zone: str | None = None


class ControlCall(Owned, frozen=True, kw_only=True):
    """`rendered` says that the record is on screen; `voicemail` that a machine answered; the rest is what it says."""

    NAME = "call.control"
    action: Literal["rendered", "hold", "resume", "mute", "unmute", "hang_up", "voicemail"]


class AddNote(Owned, frozen=True, kw_only=True):
    NAME = "note.add"
    text: str
    client_id: str | None = None


class AddFact(Owned, frozen=True, kw_only=True):
    NAME = "fact.add"
    key: str
    value: Scalar
    label: str | None = None


class RequestVerification(Owned, frozen=True, kw_only=True):
    """Confirm who you are: at one of these levels, not longer ago than `max_age` seconds, for this action."""

    NAME = "verification.request"
    acr_values: list[str] | str | None = None
    max_age: Count | None = None
    action: str | None = None


class SetAvailability(Command, frozen=True, kw_only=True):
    NAME = "availability.set"
    available: bool
    after_current: bool = False
    reason: str | None = None


class AcceptOffer(Command, frozen=True, kw_only=True):
    NAME = "offer.accept"
    offer: str
    token: str


class DeclineOffer(AcceptOffer, frozen=True, kw_only=True):
    NAME = "offer.decline"
    reason: str | None = None


class TransferHandoff(Owned, frozen=True, kw_only=True):
    """To exactly one of them: a queue by its key, or an agent by public id."""

    NAME = "handoff.transfer"
    note: str
    queue: str | None = None
    agent: str | None = None


class WrapUp(Owned, frozen=True, kw_only=True):
    NAME = "handoff.wrap_up"
    disposition: str
    note: str | None = None


CUSTOMER_COMMANDS: Final = (
    Ping,
    Typing,
    SendMessage,
    ReadMessage,
    RecordJourney,
    StrikeFact,
    SwitchChannel,
    CancelHandoff,
    EndHandoff,
    SnoozeCallback,
    ClaimCall,
)
AGENT_COMMANDS: Final = (
    Ping,
    Typing,
    SendMessage,
    ReadMessage,
    AddNote,
    AddFact,
    RequestVerification,
    SetAvailability,
    AcceptOffer,
    DeclineOffer,
    TransferHandoff,
    SwitchChannel,
    EndHandoff,
    WrapUp,
    DialCallback,
    RescheduleCallback,
    ControlCall,
    *COMPOSER_COMMANDS,
    *SUPERVISION_COMMANDS,
)

AnyCommand = Command | Ping


class Table:
    """The commands one kind of socket understands, each with its compiled decoder."""

    def __init__(self, commands: tuple[type[Any], ...]) -> None:
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            command.NAME: msgspec.json.Decoder(command) for command in commands
        }

    def parse(self, raw: str) -> AnyCommand:
        """One command from one frame.

        Raises BadFrame for what is not a readable frame, and CommandRefused, which knows the client's id, with
        `unknown_command`, `unknown_field` or `invalid_request` otherwise.
        """
        envelope = _read(_ENVELOPE, raw)
        id_ = _usable_id(envelope.id)
        decoder = self._decoders.get(envelope.cmd)
        if decoder is None:
            raise CommandRefused(id_, "unknown_command", "No command of that name is built here.")
        try:
            command: AnyCommand = decoder.decode(raw)
            _check_strings(command, id_)
        except msgspec.ValidationError as error:
            raise _refusal(id_, str(error)) from None
        except RecursionError:
            raise CommandRefused(id_, "invalid_request", "The frame is nested too deeply.") from None
        return command


class CommandRefused(DomainError):
    """A readable frame that asks for something it may not; `command_id` is the client's own id, if it gave one."""

    def __init__(
        self, command_id: str | None, code: str, message: str, *, fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(code, message, fields=fields)
        self.command_id = command_id


class _Envelope(msgspec.Struct):
    cmd: str
    id: Any = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_HELLO: Final = msgspec.json.Decoder(Hello)


def parse_hello(raw: str) -> Hello:
    """The first frame; raises BadFrame for anything but a well-formed hello."""
    hello: Hello = _read(_HELLO, raw)
    if hello.cmd != Hello.NAME:
        raise BadFrame("The first frame has to be hello.")
    return hello


def has_nul(value: Any) -> bool:
    """True if any text inside plain JSON values holds NUL, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(has_nul(key) or has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(has_nul(item) for item in value)
    return False


def _read(decoder: msgspec.json.Decoder[Any], raw: str) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        raise BadFrame("The frame is not a JSON object with a `cmd`.") from None
    except RecursionError:
        raise BadFrame("The frame is nested too deeply.") from None


def _usable_id(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= ID_LIMIT else None


def _refusal(id_: str | None, message: str) -> CommandRefused:
    """msgspec's one-line message, taken apart into our codes and fields (its wording is pinned by tests)."""
    match = _AT_PATH.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    if unknown := _UNKNOWN_FIELD.search(what):
        name = ".".join(part for part in (path, unknown["name"]) if part)
        return CommandRefused(id_, "unknown_field", "A field is not known here.", fields={name: "unknown"})
    if missing := _MISSING_FIELD.search(what):
        name = ".".join(part for part in (path, missing["name"]) if part)
        return CommandRefused(id_, "invalid_request", "A field is missing.", fields={name: "missing"})
    return CommandRefused(id_, "invalid_request", "A field has the wrong type.", fields={path or "frame": "type"})


def _check_strings(command: AnyCommand, id_: str | None) -> None:
    for name in command.__struct_fields__:
        value = getattr(command, name)
        if name == "id" and isinstance(value, str) and len(value) > ID_LIMIT:
            raise CommandRefused(None, "invalid_request", "The id is too long.", fields={"id": "too long"})
        if name == "client_id" and value is not None and not CLIENT_ID.match(value):
            raise CommandRefused(id_, "invalid_request", "A client id is malformed.", fields={name: "pattern"})
        if has_nul(value):
            raise CommandRefused(id_, "invalid_request", "A text holds NUL.", fields={name: "NUL"})
