"""A file that names everything once, and what the tests compare."""

from __future__ import annotations

from typing import Any

from django.apps import apps

SECRET = "a secret of the site that has 32 bytes and more"
OTHER_SECRET = "another secret of it that has 32 bytes and more"
PASSWORD = "correct horse battery"

FULL = f"""
[[hours]]
key = "weekdays"
zone = "Europe/London"
monday = ["08:00-12:00", "13:00-20:00"]
friday = ["08:00-24:00"]
closed = ["2026-12-25", 2026-12-26]

[[queues]]
key = "cards"
name = "Cards"
hours = "weekdays"
offer_seconds = 20
max_waiting = 50
service_level_seconds = 45
dispositions = ["resolved", "refunded"]

[[agents]]
username = "amira"
name = "Amira"
password = "{PASSWORD}"
queues = ["cards"]
skills = {{ disputes = 3 }}
capacity = 3
audio = "sip:amira@pbx.example.com"

[[agents]]
username = "lead"
role = "admin"

[[sites]]
key = "harbour"
name = "Harbour Bank"
origins = ["http://127.0.0.1:8001", "https://www.harbour.example"]
allow_unverified = true
allow_app_clients = true
brand = {{ color = "#0b5563" }}
query_parameters = ["step"]
hmac_secret = "{SECRET}"
calling = {{ countries = ["GB", "IE"], quiet_hours = "20:30-09:00", slot_minutes = 30, consent = "Call me." }}

[[sites.numbers]]
number = "+442079460000"
provider = "twilio"
intent = "lost-card"

[[sites.numbers]]
number = "+442079460001"
provider = "lab"

[[sites.intents]]
key = "dispute-charge"
label = "Dispute a charge"
queue = "cards"
skills = ["disputes", "fraud"]
channels = ["chat", "callback", "phone"]
head_start_minutes = 5
required_acr = ["urn:bank:2"]
max_auth_age_seconds = 600

[[sites.intents.actions]]
key = "change-address"
label = "Change the address"
required_acr = ["urn:bank:3"]
max_auth_age_seconds = 300
channels = ["branch"]

[[sites.intents]]
key = "lost-card"
queue = "cards"
"""
SITE = '[[queues]]\nkey = "cards"\n[[sites]]\nkey = "harbour"\n'


def snapshot() -> dict[str, list[Any]]:
    return {
        model.__name__: list(model._base_manager.order_by("pk").values())
        for model in apps.get_app_config("handoff").get_models(include_auto_created=True)
    }
