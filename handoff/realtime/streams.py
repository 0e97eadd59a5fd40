"""Every stream's name, as functions: who may read a stream is who it is for."""

from __future__ import annotations


def handoff(public_id: str) -> str:
    """The customer and the agent who owns it."""
    return f"handoff/{public_id}"


def desk(public_id: str) -> str:
    """Agents only: opens at accept, shuts at unassign."""
    return f"handoff/{public_id}/desk"


def agent(public_id: str) -> str:
    return f"agent/{public_id}"


def customer(public_id: str) -> str:
    return f"customer/{public_id}"


def handoff_id_of(stream: str) -> str | None:
    """The handoff's public id in the name of its stream or its desk's, else None."""
    parts = stream.split("/")
    return parts[1] if parts[0] == "handoff" and len(parts) > 1 else None
