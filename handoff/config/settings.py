"""Django's settings: a map of what is installed, and nothing that decides."""

from __future__ import annotations

from handoff.config import env

BASE_DIR = env.BASE_DIR
DEBUG = env.DEBUG
SECRET_KEY = env.secret_key()
SECRET_KEY_FALLBACKS = env.SECRET_KEY_FALLBACKS
ALLOWED_HOSTS = env.allowed_hosts()
PUBLIC_ORIGIN = env.PUBLIC_ORIGIN
REDIS_URL = env.REDIS_URL
TRUSTED_PROXIES = env.TRUSTED_PROXIES
HANDOFF_DEMO = env.DEMO
HANDOFF_TELEPHONY = env.TELEPHONY
HANDOFF_LIMIT_SCALE = env.LIMIT_SCALE
HANDOFF_METRICS_PUBLIC = env.METRICS_PUBLIC
HANDOFF_METRICS_ADDRESS = env.METRICS_ADDRESS
HANDOFF_ACCESS_LOG = env.ACCESS_LOG
# What a process does for its operator while it works; named here, as Django names what is above the room that asks.
HANDOFF_OPERATION = "handoff.config.operation.operated"
HANDOFF_SECONDS = env.INTERVALS
HANDOFF_RETENTION_DAYS = env.RETENTION
BRAND_ROOT = env.BRAND_ROOT
HANDOFF_ATTACHMENT_BYTES = env.ATTACHMENT_BYTES
HANDOFF_ATTACHMENT_COUNT = env.ATTACHMENT_COUNT
HANDOFF_ATTACHMENT_TOTAL_BYTES = env.ATTACHMENT_TOTAL_BYTES
HANDOFF_ATTACHMENT_SCANNER = env.ATTACHMENT_SCANNER
HANDOFF_CLAMD_ADDRESS = env.CLAMD_ADDRESS

DATABASES = env.databases()
DATABASE_ROUTERS = ["handoff.realtime.replica.Router"]
AUTH_USER_MODEL = "handoff.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "handoff",
    "agent_console",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "handoff.config.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "handoff.config.middleware.security_headers",
]

ROOT_URLCONF = "handoff.config.urls"
ASGI_APPLICATION = "handoff.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

USE_TZ = True
TIME_ZONE = "UTC"
HANDOFF_TIME_ZONE = env.TIME_ZONE
LANGUAGE_CODE = "en-gb"

# -- files: built ones are found where they are built, so nothing has to be collected
STATIC_URL = "/static/"
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist")]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# What a page begins with keeps its name and is asked for anew each time; its parts carry their build in theirs.
WHITENOISE_MAX_AGE = 0
WHITENOISE_IMMUTABLE_FILE_TEST = r"/dist/[\w.]+-[0-9a-f]{8}\.js$"
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    # Never served by its path: the API answers, with the headers that keep a file a file.
    "attachments": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.ATTACHMENT_ROOT,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# -- cookies: host-bound and secure exactly when the public origin is
_COOKIE_PREFIX = "__Host-" if env.IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}handoff_sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}handoff_csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # the console's own script reads it
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]
CSRF_FAILURE_VIEW = "handoff.config.refusals.csrf_failure"
# Our own Content-Security-Policy rules frames, plain http is the proxy's, other names of the domain are their owner's.
SILENCED_SYSTEM_CHECKS = ["security.W002", "security.W005", "security.W008", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if env.IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.IS_HTTPS and env.TRUSTED_PROXIES else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# -- the cache counts sign-ins; without Redis there is one process, and its own memory will do
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "handoff.config.cache.SharedCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "handoff",
            "OPTIONS": {
                "serializer": "handoff.config.cache.PlainSerializer",
                "socket_timeout": 0.2,
                "socket_connect_timeout": 0.25,
            },
        }
    }

# -- accounts: one sign-in door for the console and the admin
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/console/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "handoff.staffing.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.TRUSTED_PROXIES
# A call centre shares one address: the account's own limit is the strict one.
ACCOUNT_RATE_LIMITS = {
    "login": f"{int(300 * env.LIMIT_SCALE)}/m/ip",
    "login_failed": f"{int(100 * env.LIMIT_SCALE)}/m/ip,10/5m/key",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "handoff.staffing.accounts.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Handoff"

# -- HTTP API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["handoff.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "handoff.api.errors.to_response",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Handoff",
    "DESCRIPTION": "Carries a customer's session, intent and journey to a live agent.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Two fields of a handoff share it, so its name cannot come from one of them.
    "ENUM_NAME_OVERRIDES": {"PresenceEnum": ["here", "away", "reconnecting", "signed_out"]},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "handoff.api.openapi.describe_edges",
    ],
}
CORS_URLS_REGEX = r"^/api/v1/(sessions|availability|handoffs|attachments|articles)(/|$)"
CORS_ALLOW_HEADERS = ["authorization", "content-type", "x-file-name"]
CORS_ALLOW_METHODS = ["GET", "POST", "DELETE"]
CORS_EXPOSE_HEADERS = ["Retry-After"]
CORS_ALLOW_CREDENTIALS = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processors": "ext://handoff.config.logs.PROCESSORS",
            "foreign_pre_chain": "ext://handoff.config.logs.FOREIGN",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # At each socket it says whole addresses, of people and of pages.
        "uvicorn.error": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
