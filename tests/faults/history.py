"""What people did and saw, in order: the only thing the checker reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Self

import msgspec

Record = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class History:
    """Append-only. Times are this process's monotonic clock: everybody simulated lives in one process.

    `who` is a person's name (or `nemesis`), `kind` one of: say, ack, refused, unsure (an attempt without an answer),
    ask (another command or request), answer, welcome, event, resync, closed, final, settled, fault.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.records: list[Record] = []
        self._file: IO[bytes] | None = file.open("wb") if file else None

    def add(self, who: str, kind: str, **fields: Any) -> Record:
        record = {"n": len(self.records), "t": round(time.monotonic(), 4), "who": who, "kind": kind, **fields}
        self.records.append(record)
        if self._file is not None:
            self._file.write(_encode(record) + b"\n")
        return record

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def of(self, *kinds: str, **fields: Any) -> list[Record]:
        """The records of these kinds whose fields have these values."""
        return [
            record
            for record in self.records
            if record["kind"] in kinds and all(record.get(name) == value for name, value in fields.items())
        ]

    def since(self, moment: float) -> History:
        return self.filtered(lambda record: record["t"] >= moment)

    def filtered(self, suits: Callable[[Record], bool]) -> History:
        part = History()
        part.records = [record for record in self.records if suits(record)]
        return part

    @classmethod
    def load(cls, file: Path) -> History:
        history = cls()
        history.records = [_decode(line) for line in file.read_bytes().splitlines()]
        return history


def lines(records: list[Record]) -> str:
    """Records as a person reads them: who, what, and the rest."""
    return "\n".join(_line(record) for record in records)


def _line(record: Record) -> str:
    rest = {name: value for name, value in record.items() if name not in ("n", "t", "who", "kind")}
    return f"{record['n']:>7}  {record['t']:.3f}  {record['who']:<12} {record['kind']:<8} {_encode(rest).decode()}"
