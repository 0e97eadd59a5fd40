"""The environment, read once: every setting an operator may change, with its default."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent
VAR_DIR: Final = BASE_DIR / "var"


class _Env(environ.Env):  # type: ignore[misc]
    """Says which variable it is that cannot be read, and nothing of what is in it."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *args, **options)
        except ValueError:
            raise ImproperlyConfigured(f"{var} cannot be read: docs/operations.md has what it takes.") from None


_env = _Env()

DEMO: Final[bool] = _env.bool("HANDOFF_DEMO", default=False)
DEBUG: Final[bool] = _env.bool("DEBUG", default=False)
PUBLIC_ORIGIN: Final[str] = _env.str("PUBLIC_ORIGIN", default="http://127.0.0.1:8000").rstrip("/")
SECRET_KEY_FALLBACKS: Final[list[str]] = _env.list("SECRET_KEY_FALLBACKS", default=[])
IS_HTTPS: Final[bool] = PUBLIC_ORIGIN.startswith("https://")
_REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://", "redis+sentinel://", "rediss+sentinel://")


def _redis_url() -> str:
    url: str = _env.str("REDIS_URL", default="")
    if url and not url.startswith(_REDIS_SCHEMES):
        raise ImproperlyConfigured(f"REDIS_URL begins with none of {', '.join(_REDIS_SCHEMES)}.")
    return url


REDIS_URL: Final[str] = _redis_url()
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
# Where this process alone tells its metrics, `127.0.0.1:9101` for one: each process of a host needs its own.
METRICS_ADDRESS: Final[str] = _env.str("HANDOFF_METRICS_ADDRESS", default="")
# A line in the log for each request and each socket.
ACCESS_LOG: Final[bool] = _env.bool("HANDOFF_ACCESS_LOG", default=True)
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
    "CLOCK_LIMIT": 120,
    "ATTACHMENT_LINK": 60,
    "ATTACHMENT_UNSENT": 86400,
    "ATTACHMENT_SCAN": 20,
    "REPLICA_LAG": 15,
}
INTERVALS: Final[dict[str, float]] = {
    name: _env.float(f"HANDOFF_{name}_SECONDS", default=default) for name, default in _INTERVALS.items()
}

# How long things are kept, in days: HANDOFF_RETENTION_<NAME>_DAYS; 0: for ever. Handoffs are for the operator to decide
# on: one law asks for years, another forbids them, and nothing brings back what a default has removed.
_RETENTION: Final[dict[str, int]] = {
    "HANDOFFS": 0,
    "READS": 0,
    "FIGURES": 400,
    "CUSTOMERS": 30,
    "SESSIONS": 30,
    "STREAMS": 30,
}
# The wallboard's day, what a customer is shown of yesterday and a scheduled handoff's seven days reach back so far.
RETENTION_LEAST_DAYS: Final = 8


def _retention_days(name: str, default: int) -> int:
    days: int = _env.int(f"HANDOFF_RETENTION_{name}_DAYS", default=default)
    if days < 0 or 0 < days < RETENTION_LEAST_DAYS:
        raise ImproperlyConfigured(
            f"HANDOFF_RETENTION_{name}_DAYS is {days}: say at least {RETENTION_LEAST_DAYS}, or 0 to keep them for ever."
        )
    return days


RETENTION: Final[dict[str, int]] = {name: _retention_days(name, default) for name, default in _RETENTION.items()}


def _public_host() -> str:
    return urlsplit(PUBLIC_ORIGIN).hostname or "127.0.0.1"


def allowed_hosts() -> list[str]:
    return list(_env.list("ALLOWED_HOSTS", default=[_public_host()]))


def database() -> dict[str, object]:
    """Django's database entry for DATABASE_URL, with what each engine needs for long-lived writers."""
    found: dict[str, object] = dict(_env.db_url("DATABASE_URL", default=SQLITE_URL))
    if not str(found.get("ENGINE")).endswith(("sqlite3", "postgresql")):
        raise ImproperlyConfigured("DATABASE_URL begins with neither postgres:// nor sqlite:///.")
    if "sqlite" in str(found["ENGINE"]):
        # Only here: a service on PostgreSQL may not write beside its code.
        VAR_DIR.mkdir(exist_ok=True)
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
        # A pooler may give each transaction another session.
        found["DISABLE_SERVER_SIDE_CURSORS"] = True
        found["OPTIONS"] = {
            "pool": {"min_size": 2, "max_size": 20, "timeout": 10},
            # Prepared after a few uses: planning the same joins anew costs more than running them.
            "server_side_binding": True,
            "prepare_threshold": 3,
            # A machine that is lost says nothing; by its own defaults ours would wait two hours for an answer.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15000,
            # What the URL says (sslmode, for one) stands.
            **dict(found.get("OPTIONS") or {}),  # type: ignore[call-overload]
        }
    return found


def databases() -> dict[str, dict[str, object]]:
    """The primary, and the replica that is asked for history and figures, if there is one."""
    found = {"default": database()}
    url: str = _env.str("DATABASE_REPLICA_URL", default="")
    if not url:
        return found
    replica: dict[str, object] = dict(_env.db_url("DATABASE_REPLICA_URL"))
    if any("sqlite" in str(one["ENGINE"]) for one in (replica, found["default"])):
        raise ImproperlyConfigured("DATABASE_REPLICA_URL needs PostgreSQL, there and in DATABASE_URL.")
    # No pool: a read has a connection of its own, and a lost machine costs it these seconds at most.
    waits = {"connect_timeout": 2, "tcp_user_timeout": 4000, "keepalives_idle": 5}
    replica |= {"CONN_MAX_AGE": 0, "OPTIONS": {**waits, **dict(replica.get("OPTIONS") or {})}}  # type: ignore[call-overload]
    # Tests have one database.
    replica["TEST"] = {"MIRROR": "default"}
    return found | {"replica": replica}


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
