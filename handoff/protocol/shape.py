"""What every object on the wire is."""

from __future__ import annotations

from typing import Any

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A wire object; `to_wire` gives plain JSON values, leaving out what is unset."""

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = msgspec.to_builtins(self)
        return wire
