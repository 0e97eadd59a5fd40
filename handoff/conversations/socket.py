"""What both sides of a talk do on their sockets: send, type, read."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from functools import partial
from typing import ClassVar

from django.db import DatabaseError

from handoff.broker import actions as broker
from handoff.broker.models import Handoff
from handoff.conversations.actions import check_client_id
from handoff.conversations.batch import batcher
from handoff.conversations.judging import Answer, Send
from handoff.lib.clock import rfc3339, utc_now
from handoff.lib.errors import DomainError, NotFound
from handoff.lib.rates import Limiter
from handoff.protocol.commands import AnyCommand, SendMessage, Typing
from handoff.realtime import limits, log, streams
from handoff.realtime.consumer import SocketConsumer
from handoff.realtime.delivery import Signal, hub
from handoff.realtime.threads import in_database
from handoff.staffing.presence import grace_of_a_desk

logger = logging.getLogger(__name__)

# One sign of typing in so many seconds reaches the other side; more are answered and dropped.
TYPING_SECONDS = 2


class TalkingConsumer(SocketConsumer):
    """A socket that speaks: `role` names its side, `other` the one that hears it."""

    role: ClassVar[str]
    other: ClassVar[str]
    _unanswered = 0
    # Made when somebody waits, or types: most sockets never do, and there are many.
    _all_answered: asyncio.Event | None = None
    _typing: Limiter | None = None

    @abstractmethod
    def author_id(self) -> str:
        """The public id under which this side's messages are stored."""

    @abstractmethod
    def confirm(self) -> None:
        """On a database thread: raises `session_expired` if what this socket rests on has ended."""

    @abstractmethod
    def rate_key(self) -> object:
        """Whose message rate this socket spends."""

    def entered(self) -> None:
        self._doubts: set[asyncio.Task[None]] = set()
        # Who speaks here stays the same, and is asked for with every message.
        self._author, self._rate = self.author_id(), self.rate_key()
        self._show_presence("here")

    def left(self) -> None:
        self._show_presence("reconnecting")

    def handle_inline(self, command: AnyCommand) -> bool:
        if isinstance(command, SendMessage):
            self._send_message(command)
            return True
        if isinstance(command, Typing):
            self._show_typing(command)
            return True
        return False

    async def settle(self) -> None:
        if self._unanswered:
            self._all_answered = asyncio.Event()
            await self._all_answered.wait()

    def mark_read(self, handoff: Handoff, seq: int) -> dict[str, object]:
        """Move this side's read mark, and show it to the other side."""
        marked = broker.mark_read(handoff, by_agent=self.role == "agent", seq=seq)
        if marked is not None:
            frame = {"ev": "read", "handoff": handoff.public_id, "who": self.role, "seq": marked}
            hub.signal(Signal(streams.handoff(handoff.public_id), frame))
        return {}

    def _send_message(self, command: SendMessage) -> None:
        limits.MESSAGES.check(self._rate)
        check_client_id(command.client_id)
        send = Send.of(
            handoff_id=command.handoff,
            author_kind=self.role,
            author_id=self._author,
            client_id=command.client_id,
            text=command.text,
            version=command.version,
            attachments=command.attachments or (),
        )
        batcher.submit(send, partial(self._answer, command.id), loop=asyncio.get_running_loop())
        self._unanswered += 1

    def _answer(self, command_id: str, answer: Answer) -> None:
        if isinstance(answer, NotFound):
            self._doubts.add(task := asyncio.create_task(self._explain(command_id, answer)))
            task.add_done_callback(self._doubts.discard)
            return
        if isinstance(answer, DomainError):
            self.refuse(command_id, answer)
        else:
            self.acknowledge(command_id, log.answer(answer))
        self._note_answered()

    async def _explain(self, command_id: str, answer: DomainError) -> None:
        """Nothing of theirs under that id: maybe because their own right has just ended, which a client can mend."""
        try:
            await in_database(self.confirm)
        except DomainError as ended:
            answer = ended
        except DatabaseError:
            logger.warning("a refusal could not be explained", exc_info=True)
        self.refuse(command_id, answer)
        self._note_answered()

    def _note_answered(self) -> None:
        self._unanswered -= 1
        if not self._unanswered and self._all_answered is not None:
            self._all_answered.set()

    def _show_typing(self, command: Typing) -> None:
        stream = streams.handoff(command.handoff)
        if stream not in self.outlet.cursors or command.handoff in self.outlet.reads_along:
            raise NotFound
        self._typing = self._typing or Limiter(1, TYPING_SECONDS)
        if not self._typing.wait(stream):
            frame = {"ev": "typing", "handoff": command.handoff, "who": self.role}
            hub.signal(Signal(stream, frame, role=self.other))
        self.acknowledge(command.id, {})

    def _show_presence(self, status: str) -> None:
        """Tell the other side, unless this person has another socket here."""
        if self.has_other_sockets():
            return
        is_agent_gone = self.role == "agent" and status == "reconnecting"
        until = {"until": rfc3339(utc_now() + grace_of_a_desk())} if is_agent_gone else {}
        for stream in self.outlet.cursors:
            handoff_id = streams.handoff_id_of(stream)
            if handoff_id in self.outlet.reads_along:
                # Whoever reads along is not the one whom the other side talks to.
                continue
            if handoff_id is not None and stream == streams.handoff(handoff_id):
                frame = {"ev": "presence", "handoff": handoff_id, "who": self.role, "status": status, **until}
                hub.signal(Signal(stream, frame, role=self.other))
