"""What is acked is stored, once, in order, and everybody who may read it does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from tests.faults.checker import Rule, Violation
from tests.faults.history import History, Record

Entry = list[Any]  # seq, at, type, data


def logs(history: History) -> dict[str, Record]:
    """The longest reading of each stream at the end."""
    found: dict[str, Record] = {}
    for record in history.of("final"):
        known = found.get(record["stream"])
        if known is None or len(record["entries"]) > len(known["entries"]):
            found[record["stream"]] = record
    return found


def messages(log: Record) -> Iterator[Entry]:
    return (entry for entry in log["entries"] if entry[2] == "message.posted")


def acked_is_stored(history: History) -> Iterator[Violation]:
    """R1: the log holds what was acked, where and as the ack said."""
    stored = {
        (stream, entry[3]["client_id"]): (entry[3]["id"], entry[0])
        for stream, log in logs(history).items()
        for entry in messages(log)
    }
    read = set(logs(history))
    for ack in history.of("ack"):
        stream = f"handoff/{ack['handoff']}"
        if stream in read and stored.get((stream, ack["client_id"])) != (ack["id"], ack["seq"]):
            found = stored.get((stream, ack["client_id"]))
            says = f"{ack['who']} was told that it is {ack['id']} at {ack['seq']} of {stream}; the log has {found}"
            yield Violation("acked_is_stored", ack["client_id"], says, (ack["seq"],))


def acked_logs_are_read(history: History) -> Iterator[Violation]:
    """A history proves nothing about a log that nobody read at the end."""
    read = set(logs(history))
    for handoff in {ack["handoff"] for ack in history.of("ack")}:
        if handoff is not None and f"handoff/{handoff}" not in read:
            yield Violation("acked_logs_are_read", handoff, "messages were acked, and nobody read the log in the end")


def stored_once(history: History) -> Iterator[Violation]:
    """R2: however often it was sent."""
    for stream, log in logs(history).items():
        counts = Counter(entry[3]["client_id"] for entry in messages(log))
        for client_id, count in counts.items():
            if count > 1:
                seqs = tuple(entry[0] for entry in messages(log) if entry[3]["client_id"] == client_id)
                yield Violation("stored_once", client_id, f"stored {count} times in {stream}", seqs)


def same_answer(history: History) -> Iterator[Violation]:
    """R2: the second reply is the same ack."""
    first: dict[tuple[str, str], Record] = {}
    for ack in history.of("ack"):
        known = first.setdefault((ack["who"], ack["client_id"]), ack)
        if (known["id"], known["seq"], known["at"]) != (ack["id"], ack["seq"], ack["at"]):
            says = f"two acks for one client id: {known['id']} at {known['seq']}, {ack['id']} at {ack['seq']}"
            yield Violation("same_answer", ack["client_id"], says, (known["seq"], ack["seq"]))


def numbers_have_no_gap(history: History) -> Iterator[Violation]:
    """R3: a log is 1..n, and its times never go back."""
    for stream, log in logs(history).items():
        before = ""
        for place, (seq, at, *_) in enumerate(log["entries"], start=1):
            if seq != place:
                yield Violation("numbers_have_no_gap", stream, f"{seq} stands where {place} should", (seq, place))
                break
            if at < before:
                yield Violation("numbers_have_no_gap", stream, f"{seq} is earlier than what came before it", (seq,))
                break
            before = at
        if len(log["entries"]) < log["head"]:
            yield Violation("numbers_have_no_gap", stream, f"the head is {log['head']}", (log["head"],))


def readings_agree(history: History) -> Iterator[Violation]:
    """Whoever reads a log reads the same."""
    longest = logs(history)
    for record in history.of("final"):
        for mine, theirs in zip(record["entries"], longest[record["stream"]]["entries"], strict=False):
            if mine != theirs:
                yield Violation("readings_agree", record["stream"], f"{record['who']} read {mine}", (mine[0],))
                break


def order_of_speech(history: History) -> Iterator[Violation]:
    """What was acked before the next word was said stands before it."""
    highest: dict[tuple[str, str], int] = defaultdict(int)
    floor: dict[tuple[str, str, str], int] = {}
    for record in history.of("say", "ack"):
        talk = (record["who"], record["handoff"])
        word = (*talk, record["client_id"])
        if record["kind"] == "say":
            floor.setdefault(word, highest[talk])
        else:
            if record["seq"] <= floor.get(word, 0) and record["handoff"] is not None:
                says = f"at {record['seq']}, although {floor[word]} had been acked before it was said"
                yield Violation("order_of_speech", record["client_id"], says, (record["seq"], floor[word]))
            highest[talk] = max(highest[talk], record["seq"])


class _Reader:
    """One person's view of one stream: what it has seen, and what has to come next."""

    def __init__(self, cursor: int) -> None:
        self.cursor = self.head = cursor
        self.start = cursor + 1
        self.seen: dict[int, Any] = {}

    def show(self, seq: int, data: Any) -> None:
        """Part of a snapshot: older than where live starts."""
        self.seen[seq] = data
        self.start = min(self.start, seq)


def _views(history: History) -> Iterator[tuple[tuple[str, str], _Reader, Violation | None]]:
    """Replay what each person received; yields a violation as it happens, and every view at the end."""
    readers: dict[tuple[str, str], _Reader] = {}
    for record in history.of("welcome", "resync", "event"):
        who = record["who"]
        if record["kind"] == "welcome":
            _start(readers, record)
        elif record["kind"] == "resync":
            _start_anew(readers, who)
        else:
            reader = readers.setdefault((who, record["stream"]), _Reader(record["seq"] - 1))
            broken = _out_of_order(reader, record)
            reader.cursor = record["seq"]
            reader.seen[record["seq"]] = record["data"]
            yield (who, record["stream"]), reader, broken
            _open_and_shut(readers, record)
    for key, reader in readers.items():
        yield key, reader, None


def _out_of_order(reader: _Reader, record: Record) -> Violation | None:
    if record["seq"] == reader.cursor + 1:
        return None
    says = f"{record['who']} was sent {record['seq']} of {record['stream']} after {reader.cursor}"
    seqs = (record["seq"], reader.cursor)
    return Violation("readers_read_in_order", f"{record['who']} {record['stream']}", says, seqs)


def _start(readers: dict[tuple[str, str], _Reader], record: Record) -> None:
    """A new socket: its streams go on where the client had been, or start at the head."""
    who = record["who"]
    for stream, cursor in record["cursors"].items():
        reader = readers.get((who, stream))
        if reader is None or reader.cursor != cursor:
            reader = readers[who, stream] = _Reader(cursor)
        reader.head = record["heads"].get(stream, cursor)
    for stream, seq, _, data in record["timeline"]:
        # The snapshot may be newer than the heads: what it shows beyond the cursor comes live as well.
        if (who, stream) in readers and seq <= readers[who, stream].cursor:
            readers[who, stream].show(seq, data)


def _start_anew(readers: dict[tuple[str, str], _Reader], who: str) -> None:
    for (reader_of, stream), reader in list(readers.items()):
        if reader_of == who:
            readers[who, stream] = _Reader(reader.head)


def _open_and_shut(readers: dict[tuple[str, str], _Reader], record: Record) -> None:
    who, data = record["who"], record["data"]
    if record["type"] == "handoff.unassigned":
        for stream in (f"handoff/{data['id']}", f"handoff/{data['id']}/desk"):
            readers.pop((who, stream), None)
    for stream, head in (data.get("heads") or {}).items():
        # Old news to a reader whose welcome had opened it already.
        readers.setdefault((who, stream), _Reader(head))
    for stream, seq, _, told in data.get("timeline") or []:
        if (who, stream) in readers:
            readers[who, stream].show(seq, told)


def readers_read_in_order(history: History) -> Iterator[Violation]:
    """R3: on whatever sockets, one after the other, nothing twice, nothing left out."""
    return (broken for _, _, broken in _views(history) if broken is not None)


def readers_see_everything(history: History) -> Iterator[Violation]:
    """R1, R3: what the log holds since they began to read, everybody who was waited for has seen."""
    log_of = logs(history)
    waited_for = {(record["who"], record["stream"]): record["head"] for record in history.of("settled")}
    views = {key: reader for key, reader, _ in _views(history)}
    for (who, stream), head in sorted(waited_for.items()):
        reader = views.get((who, stream))
        if stream not in log_of or reader is None:
            yield Violation("readers_have_a_view", f"{who} {stream}", "waited for, and never seen or never read back")
            continue
        for seq, _, type_, data in log_of[stream]["entries"]:
            if reader.start <= seq <= head and reader.seen.get(seq) != data:
                says = f"{who} has not seen {seq} ({type_}) of {stream} as the log has it"
                yield Violation("readers_see_everything", f"{who} {stream}", says, (seq,))
                break


def readers_reach_the_end(history: History) -> Iterator[Violation]:
    """R3, R4: nobody stays behind, however many hints were lost."""
    for record in history.of("settled"):
        if (record["cursor"] or 0) < record["head"]:
            says = f"{record['who']} stands at {record['cursor']} of {record['head']} in {record['stream']}"
            subject = f"{record['who']} {record['stream']}"
            yield Violation("readers_reach_the_end", subject, says, (record["head"],))


RULES: Final[tuple[Rule, ...]] = (
    acked_is_stored,
    acked_logs_are_read,
    stored_once,
    same_answer,
    numbers_have_no_gap,
    readings_agree,
    order_of_speech,
    readers_read_in_order,
    readers_see_everything,
    readers_reach_the_end,
)
