"""The product's settings, as the tests run them: a database of their own, and limits that do not get in the way."""

import os
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "the tests' own key, never a deployment's: 0123456789")
os.environ.setdefault("HANDOFF_LIMIT_SCALE", "1000")
os.environ.setdefault("PUBLIC_ORIGIN", "http://127.0.0.1:8000")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
os.environ.setdefault(
    "HANDOFF_ATTACHMENT_ROOT", str(Path(__file__).resolve().parent.parent / "var" / f"test-{os.getpid()}-attachments")
)

from handoff.config.settings import *  # noqa: F403
from handoff.config.settings import BASE_DIR, DATABASES

# A file, not memory: sockets and the message batch work on threads of their own.
if "sqlite" in str(DATABASES["default"]["ENGINE"]):
    DATABASES["default"]["TEST"] = {"NAME": BASE_DIR / "var" / f"test-{os.getpid()}.sqlite3"}

# Argon2 is meant to be slow; that the product uses it is checked on the product's own settings.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
