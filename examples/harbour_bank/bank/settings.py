"""Settings of Harbour Bank, an example site that embeds the help widget."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SITE_DIR = Path(__file__).resolve().parent.parent
DATABASE = Path(os.environ.get("HARBOUR_DATABASE") or SITE_DIR / "var" / "harbour.sqlite3").absolute()


def secret_key() -> str:
    """Read this installation's key, generating it beside the database at the first start."""
    if key := os.environ.get("HARBOUR_SECRET_KEY"):
        return key
    path = DATABASE.parent / "harbour_secret_key"
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text()


def hmac_secret() -> str:
    """Read the key that this site shares with the help desk."""
    secret = os.environ.get("HARBOUR_HMAC_SECRET", "")
    if len(secret.encode()) < 32:
        raise ImproperlyConfigured(
            "Set HARBOUR_HMAC_SECRET to this site's hmac_secret at the help desk (32 bytes or more)."
        )
    return secret


SECRET_KEY = secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HARBOUR_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")

HELP_ORIGIN = os.environ.get("HARBOUR_HELP_ORIGIN", "http://127.0.0.1:8000").rstrip("/")
HELP_SITE = "harbour"
HELP_HMAC_SECRET = hmac_secret()
HELP_KID = os.environ.get("HARBOUR_KID", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "bank",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "bank.csp.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "bank.urls"
ASGI_APPLICATION = "bank.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "bank.help.embedding",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "bank.Customer"
LOGIN_URL = "sign-in"
# Cookies ignore ports: beside another Django site on the same host, the default names would sign each other out.
SESSION_COOKIE_NAME = "harbour_sessionid"
CSRF_COOKIE_NAME = "harbour_csrftoken"
CSRF_COOKIE_HTTPONLY = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
STATIC_URL = "static/"
