"""What operators count: sockets, stored entries, sends and their batches, hints."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SOCKETS: Final = Gauge("handoff_sockets", "Live sockets of this process.", ["role"])
CLOSED: Final = Counter("handoff_sockets_closed_total", "Sockets closed by the server.", ["code"])
ENTRIES: Final = Counter("handoff_log_entries_total", "Entries written to the log by this process.", ["type"])
SENDS: Final = Counter("handoff_sends_total", "Messages handed to the batch, by what became of them.", ["outcome"])
BATCH: Final = Histogram("handoff_batch_size", "Messages a transaction.", buckets=[1, 2, 5, 10, 20, 50, 100])
CATCH_UPS: Final = Counter("handoff_catch_ups_total", "Reads of the log because a hint was missed or came early.")
BRIDGE_UP: Final = Gauge("handoff_bridge_up", "1 while hints travel between processes.")
