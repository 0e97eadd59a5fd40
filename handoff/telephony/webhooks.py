"""A provider's HTTP request and our answer, as plain values: what stands between the edge and a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Webhook:
    """One POST. `step` names what it is about; `target` is path and query exactly as they came: they are signed."""

    step: str
    target: str
    # Names in lower case.
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    body: str
    content_type: str


@runtime_checkable
class Answering(Protocol):
    """A provider that reports by HTTP and is told what to do in the answer."""

    def answer(self, webhook: Webhook) -> Reply:
        """Verify, parse, have it decided, render. Raises DomainError; a forged one is not reported to anybody."""
