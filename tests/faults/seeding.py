"""Fills a new database before its stack starts: tables, a configuration, and one sign-in for each agent.

A process of its own: the tests' own Django is bound to another database. Signing in by the form costs a password hash
each time, so the kit does it once and hands the cookies to every stack that is copied from this one.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

os.environ["DJANGO_SETTINGS_MODULE"] = "handoff.config.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from handoff.staffing.models import Agent, User  # noqa: E402


def main() -> None:
    call_command("migrate", "--no-input", verbosity=0, stdout=sys.stderr)
    call_command("apply_config", sys.argv[1], stdout=sys.stderr)
    people = {
        agent.user.username: {"id": agent.public_id, "cookie": sign_in(agent.user)}
        for agent in Agent.objects.select_related("user")
    }
    if connection.vendor == "sqlite":
        # The copy is of this one file.
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    print(json.dumps(people))


def sign_in(user: User) -> str:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


main()
