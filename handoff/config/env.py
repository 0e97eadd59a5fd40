"""The environment, read once: every setting an operator may change, with its default."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent
VAR_DIR: Final = BASE_DIR / "var"

_env = environ.Env()

DEMO: Final[bool] = _env.bool("HANDOFF_DEMO", default=False)
DEBUG: Final[bool] = _env.bool("DEBUG", default=False)
PUBLIC_ORIGIN: Final[str] = _env.str("PUBLIC_ORIGIN", default="http://127.0.0.1:8000").rstrip("/")
SECRET_KEY_FALLBACKS: Final[list[str]] = _env.list("SECRET_KEY_FALLBACKS", default=[])
IS_HTTPS: Final[bool] = PUBLIC_ORIGIN.startswith("https://")
REDIS_URL: Final[str] = _env.str("REDIS_URL", default="")
TRUSTED_PROXIES: Final[int] = _env.int("TRUSTED_PROXIES", default=0)
# Each provider's own settings, by the names that docs/phone.md tells.
TELEPHONY: Final[dict[str, str]] = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("HANDOFF_TWILIO_", "HANDOFF_ASTERISK_", "HANDOFF_VOICE_", "HANDOFF_LAB_"))
    and not name.endswith("_SECONDS")
}
# Where the deployment is: when its day begins, for the figures of a day.
TIME_ZONE: Final[str] = _env.str("HANDOFF_TIME_ZONE", default="UTC")
LIMIT_SCALE: Final[float] = _env.float("HANDOFF_LIMIT_SCALE", default=1.0)
# Files: where they lie, how large one may be, how many and how much a handoff may hold, and who looks into them.
ATTACHMENT_ROOT: Final[str] = _env.str("HANDOFF_ATTACHMENT_ROOT", default=str(VAR_DIR / "attachments"))
ATTACHMENT_BYTES: Final[int] = _env.int("HANDOFF_ATTACHMENT_BYTES", default=20 * 1024 * 1024)
ATTACHMENT_COUNT: Final[int] = _env.int("HANDOFF_ATTACHMENT_COUNT", default=50)
ATTACHMENT_TOTAL_BYTES: Final[int] = _env.int("HANDOFF_ATTACHMENT_TOTAL_BYTES", default=200 * 1024 * 1024)
ATTACHMENT_SCANNER: Final[str] = _env.str("HANDOFF_ATTACHMENT_SCANNER", default="")
CLAMD_ADDRESS: Final[str] = _env.str("HANDOFF_CLAMD_ADDRESS", default="127.0.0.1:3310")
# Where the logos lie that a site's brand names.
BRAND_ROOT: Final[str] = _env.str("HANDOFF_BRAND_ROOT", default=str(VAR_DIR / "brand"))
METRICS_PUBLIC: Final[bool] = _env.bool("HANDOFF_METRICS_PUBLIC", default=False)
SQLITE_SYNCHRONOUS: Final[str] = _env.str("HANDOFF_SQLITE_SYNCHRONOUS", default="FULL")
SQLITE_URL: Final[str] = f"sqlite:///{VAR_DIR / 'handoff.sqlite3'}"

# Every interval, in seconds: HANDOFF_<NAME>_SECONDS.
_INTERVALS: Final[dict[str, float]] = {
    "AGENT_GRACE": 60,
    "VOICE_GRACE": 10,
    "CUSTOMER_AWAY": 30,
    "CUSTOMER_GONE": 120,
    "LOGGED_OUT": 600,
    "AWAITING_CALL": 1800,
    "CODE_LIFE": 600,
    "VERIFICATION": 600,
    "SAME_AGENT": 60,
    "WRAP_UP": 300,
    "SESSION_IDLE": 1800,
    "SESSION_LIFE": 43200,
    "TICKET_LIFE": 30,
    "LEASE": 45,
    "HEARTBEAT": 20,
    "HELLO": 5,
    "REVOCATION": 3,
    "POLL": 25,
    "HTTP_PRESENCE": 60,
    "DECLINED": 60,
    "TICK": 2,
    "ATTACHMENT_LINK": 60,
    "ATTACHMENT_UNSENT": 86400,
    "ATTACHMENT_SCAN": 20,
}
INTERVALS: Final[dict[str, float]] = {
    name: _env.float(f"HANDOFF_{name}_SECONDS", default=default) for name, default in _INTERVALS.items()
}


def _public_host() -> str:
    return urlsplit(PUBLIC_ORIGIN).hostname or "127.0.0.1"


def allowed_hosts() -> list[str]:
    return list(_env.list("ALLOWED_HOSTS", default=[_public_host()]))


def database() -> dict[str, object]:
    """Django's database entry for DATABASE_URL, with what each engine needs for long-lived writers."""
    VAR_DIR.mkdir(exist_ok=True)
    found: dict[str, object] = dict(_env.db_url("DATABASE_URL", default=SQLITE_URL))
    if "sqlite" in str(found["ENGINE"]):
        # Opening the file anew costs more than most requests; the threads that use it are few.
        found["CONN_MAX_AGE"] = None
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS};",
        }
    else:
        # The pool keeps connections; Django hands each back at the end of its request or job.
        found["CONN_MAX_AGE"] = 0
        found["OPTIONS"] = {
            "pool": {"min_size": 2, "max_size": 20, "timeout": 10},
            # Prepared after a few uses: planning the same joins anew costs more than running them.
            "server_side_binding": True,
            "prepare_threshold": 3,
            # What the URL says (sslmode, for one) stands.
            **dict(found.get("OPTIONS") or {}),  # type: ignore[call-overload]
        }
    return found


def secret_key() -> str:
    """SECRET_KEY, or in the demo one that is made once and kept; never a built-in default."""
    given: str = _env.str("SECRET_KEY", default="")
    if given:
        return given
    if not DEMO:
        raise ImproperlyConfigured("Set SECRET_KEY (50 random characters); only the demo makes its own.")
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()
