"""ASGI entry point of Harbour Bank."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bank.settings")

# An example has no web server in front of it, so the application hands out its two static files itself.
application = ASGIStaticFilesHandler(get_asgi_application())
