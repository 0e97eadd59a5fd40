"""Why a socket closes, as numbers the client acts on."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """4408 and 4503 mean: come back. 4401: with a new ticket. 4403, 4409, 4426: stay away."""

    BAD_FRAME = 4400
    AUTH = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408
    SUPERSEDED = 4409
    TOO_BIG = 4413
    UPGRADE_REQUIRED = 4426
    RATE = 4429
    GOING_AWAY = 4503


BYE_CODES = {
    CloseCode.BAD_FRAME: "bad_frame",
    CloseCode.AUTH: "auth",
    CloseCode.FORBIDDEN: "forbidden",
    CloseCode.TOO_SLOW: "too_slow",
    CloseCode.SUPERSEDED: "superseded",
    CloseCode.TOO_BIG: "too_big",
    CloseCode.UPGRADE_REQUIRED: "upgrade_required",
    CloseCode.RATE: "rate",
    CloseCode.GOING_AWAY: "going_away",
}
