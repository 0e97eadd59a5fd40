"""/admin/: pages that load, states that nobody edits, secrets that nobody sees, one door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.broker.states import Channel
from handoff.identity.checking import check
from handoff.identity.models import Customer, Site, SiteKey
from handoff.intents.admin import CHANNELS
from handoff.intents.models import Intent, IntentAction
from handoff.journeys.models import Journey
from handoff.lib.clock import utc_now
from handoff.realtime.models import ServerBeat, WorkerBeat
from handoff.routing.models import Offer
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User

PASSWORD = "a long enough passphrase"
CONFIGURATION = ("site", "queue", "hours", "skill", "agent", "intent", "user")
RECORDS = ("handoff", "offer", "wrapup", "survey", "customer", "workerbeat", "sitekey")
HIDDEN = ("logentry", "stream", "epoch", "session", "ticket", "usedtoken", "journey", "step", "fact")

Page = Any

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(amira: Agent, harbour: Site) -> dict[str, Any]:
    """One of everything that the admin shows."""
    now = utc_now()
    intent = harbour.intents.get(key="dispute-charge")
    handoff = Handoff.objects.create(
        site=harbour,
        customer=Customer.objects.create(site=harbour, subject="maya-1", name="Maya Chen", created_at=now, seen_at=now),
        journey=Journey.objects.create(created_at=now),
        intent=intent,
        queue=intent.queue,
        channel="chat",
        state="queued",
        statement="A charge I do not know",
        client_id="click-1",
        opened_at=now,
        enqueued_at=now,
    )
    hours = Hours.objects.create(key="weekdays", zone="Europe/London", weekly={"monday": ["08:00-20:00"]})
    skill = Skill.objects.create(key="disputes")
    AgentSkill.objects.create(agent=amira, skill=skill, level=3)
    IntentAction.objects.create(intent=intent, key="refund", label="Refund", required_acr=["urn:bank:3"])
    offer = Offer.objects.create(
        handoff=handoff, agent=amira, why={"text": []}, made_at=now, expires_at=now + timedelta(seconds=25)
    )
    return {
        "site": harbour,
        "sitekey": harbour.keys.get(),
        "queue": handoff.queue,
        "hours": hours,
        "skill": skill,
        "agent": amira,
        "intent": intent,
        "user": amira.user,
        "handoff": handoff,
        "offer": offer,
        "customer": handoff.customer,
        "wrapup": WrapUp.objects.create(handoff=handoff, agent=amira, disposition="resolved", at=now),
        "survey": Survey.objects.create(handoff=handoff, effort=6, comment="Quick", at=now),
        "serverbeat": ServerBeat.objects.create(name="server-1", since=now, beat_at=now),
        "workerbeat": WorkerBeat.objects.create(name="worker-1", beat_at=now),
    }


@pytest.fixture
def desk(db: None) -> Client:
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return client


def address(model: str, page: str, *arguments: Any) -> str:
    return reverse(f"admin:handoff_{model}_{page}", args=arguments)


def fields_of(page: Any) -> dict[str, Any]:
    """What the page's form and inlines would send as they stand."""
    data: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.field.prepare_value(bound.initial) if bound.field else None
            if isinstance(value, bool):
                value = "on" if value else None
            if value is not None:
                data[bound.html_name] = [getattr(item, "pk", item) for item in value] if _is_many(value) else value
    return data


def _is_many(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or hasattr(value, "model")


# -- the door


def test_the_admin_signs_in_through_the_one_door(amira: Agent) -> None:
    answer = Client().get("/admin/", follow=True)
    assert urlsplit(answer.redirect_chain[-1][0]).path == "/accounts/login/"


def test_an_administrator_gets_in(db: None) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    answer = client.post("/accounts/login/?next=/admin/", {"login": "root", "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/admin/"


@pytest.mark.parametrize("model", CONFIGURATION + RECORDS)
def test_an_agent_is_refused(amira: Agent, model: str) -> None:
    client = Client()
    client.force_login(amira.user)
    answer = client.get(address(model, "changelist"))
    assert answer.status_code in (302, 403)
    assert "changelist" not in answer.content.decode()


# -- the pages


@pytest.mark.parametrize("model", CONFIGURATION + RECORDS)
def test_lists_and_rows_load(desk: Client, rows: dict[str, Any], model: str) -> None:
    assert desk.get(address(model, "changelist")).status_code == 200
    assert desk.get(address(model, "changelist"), {"q": "maya"}).status_code == 200
    assert desk.get(address(model, "change", rows[model].pk)).status_code == 200


@pytest.mark.parametrize("model", CONFIGURATION)
def test_forms_for_new_rows_load(desk: Client, rows: dict[str, Any], model: str) -> None:
    assert desk.get(address(model, "add")).status_code == 200


@pytest.mark.parametrize("model", ["site", "queue", "hours", "skill", "agent", "intent"])
def test_saving_a_row_as_it_stands_changes_nothing(desk: Client, rows: dict[str, Any], model: str) -> None:
    kind = type(rows[model])
    before = kind.objects.filter(pk=rows[model].pk).values().get()
    page = desk.get(address(model, "change", rows[model].pk))
    answer = desk.post(address(model, "change", rows[model].pk), fields_of(page))
    assert answer.status_code == 302, answer.context["errors"]
    assert kind.objects.filter(pk=rows[model].pk).values().get() == before


@pytest.mark.parametrize("model", RECORDS)
def test_records_are_to_look_at(desk: Client, rows: dict[str, Any], model: str) -> None:
    kind = type(rows[model])
    before = kind.objects.values().get()
    assert desk.get(address(model, "add")).status_code == 403
    assert desk.post(address(model, "delete", rows[model].pk), {"post": "yes"}).status_code == 403
    assert desk.post(address(model, "change", rows[model].pk), {"state": "closed", "_save": "1"}).status_code == 403
    page = desk.get(address(model, "change", rows[model].pk))
    assert 'name="_save"' not in page.content.decode()
    assert kind.objects.values().get() == before


@pytest.mark.parametrize("model", HIDDEN)
def test_the_log_and_the_secrets_of_sessions_are_not_there(model: str) -> None:
    assert not admin.site.is_registered(apps.get_model("handoff", model))


def test_no_page_shows_a_secret(desk: Client, rows: dict[str, Any]) -> None:
    key: SiteKey = rows["sitekey"]
    pages = [address("site", "change", rows["site"].pk), address("sitekey", "change", key.pk)]
    pages += [address("offer", "change", rows["offer"].pk), address("offer", "changelist")]
    shown = "".join(desk.get(page).content.decode() for page in pages)
    assert key.kid in shown
    assert key.encrypted_secret not in shown
    assert rows["offer"].token not in shown


# -- keys and roles


def test_a_key_is_revoked_for_good(desk: Client, rows: dict[str, Any], page: Callable[[], Page]) -> None:
    chosen = {"action": "revoke", "_selected_action": [rows["sitekey"].pk]}
    assert desk.post(address("sitekey", "changelist"), chosen).status_code == 302
    revoked_at = SiteKey.objects.get(pk=rows["sitekey"].pk).revoked_at
    assert revoked_at is not None
    is_good, lines = check(rows["site"], page().token(), now=utc_now())
    assert not is_good
    assert lines[0].startswith("token_key_revoked: ")
    desk.post(address("sitekey", "changelist"), chosen)
    assert SiteKey.objects.get(pk=rows["sitekey"].pk).revoked_at == revoked_at


def test_the_agents_role_gives_and_takes_the_right_to_administer(desk: Client, rows: dict[str, Any]) -> None:
    where = address("agent", "change", rows["agent"].pk)
    for role, is_admin in (("admin", True), ("supervisor", False)):
        assert desk.post(where, fields_of(desk.get(where)) | {"role": role}).status_code == 302
        user = User.objects.get(pk=rows["user"].pk)
        assert (user.is_staff, user.is_superuser) == (is_admin, is_admin)


def test_an_account_is_made_with_a_hashed_password(desk: Client) -> None:
    form = {"username": "tomas", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert desk.post(address("user", "add"), form).status_code == 302
    made = User.objects.get(username="tomas")
    assert made.check_password(PASSWORD)
    assert not made.is_staff


def test_rights_are_not_given_by_a_form(desk: Client, rows: dict[str, Any]) -> None:
    where = address("user", "change", rows["user"].pk)
    form = {"username": "amira", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert desk.post(where, form).status_code == 302
    assert not User.objects.get(pk=rows["user"].pk).is_superuser


# -- what a form refuses


@pytest.mark.parametrize(
    ("model", "changes", "field"),
    [
        ("site", {"origins": "https://good.example\nhttp://bad.example"}, "origins"),
        ("site", {"origins": "https://good.example/path"}, "origins"),
        ("site", {"origins": "https://a.example\nhttps://a.example"}, "origins"),
        ("site", {"brand_color": "red"}, "brand_color"),
        ("site", {"brand_logo": "//evil.example/logo.png"}, "brand_logo"),
        ("site", {"brand_name": "x" * 61}, "brand_name"),
        ("site", {"brand_texts": '{"de": {"footer": "x"}}'}, "brand_texts"),
        ("hours", {"monday": "8-20"}, "monday"),
        ("hours", {"tuesday": "08:00-10:00\n09:00-11:00"}, "tuesday"),
        ("hours", {"zone": "Mars/North"}, "zone"),
        ("hours", {"closed": "2026-02-30"}, "closed"),
        ("hours", {"monday": ""}, "__all__"),
        ("intent", {"channels": ["fax"]}, "channels"),
        ("intent", {"channels": []}, "channels"),
        ("queue", {"dispositions": ""}, "dispositions"),
        ("queue", {"offer_seconds": "0"}, "offer_seconds"),
    ],
)
def test_a_form_refuses_what_the_file_would(
    desk: Client, rows: dict[str, Any], model: str, changes: dict[str, Any], field: str
) -> None:
    where = address(model, "change", rows[model].pk)
    before = type(rows[model]).objects.values().get(pk=rows[model].pk)
    answer = desk.post(where, fields_of(desk.get(where)) | changes)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert type(rows[model]).objects.values().get(pk=rows[model].pk) == before


BRAND = {
    "color": "#123456",
    "logo": "harbour.svg",
    "language": "de",
    "texts": {"de": {"launcher": "Hilfe holen"}},
}


def test_forms_store_lists(desk: Client, rows: dict[str, Any]) -> None:
    where = address("site", "change", rows["site"].pk)
    changes = {"origins": "https://a.example\r\n\r\nhttps://b.example", "brand_color": "#123456"}
    changes |= {
        "brand_logo": "harbour.svg",
        "brand_language": "de",
        "brand_texts": '{"de": {"launcher": "Hilfe holen"}}',
    }
    assert desk.post(where, fields_of(desk.get(where)) | changes).status_code == 302
    site = Site.objects.get(pk=rows["site"].pk)
    assert (site.origins, site.brand) == (["https://a.example", "https://b.example"], BRAND)
    where = address("hours", "change", rows["hours"].pk)
    changes = {"monday": "", "friday": "09:00-12:00\n13:00-17:00", "closed": "2026-12-25"}
    assert desk.post(where, fields_of(desk.get(where)) | changes).status_code == 302
    hours = Hours.objects.get()
    assert (hours.weekly, hours.closed) == ({"friday": ["09:00-12:00", "13:00-17:00"]}, ["2026-12-25"])
    where = address("intent", "change", rows["intent"].pk)
    changes = {"channels": ["chat", "phone"], "actions-0-required_acr": "urn:bank:1\nurn:bank:2"}
    assert desk.post(where, fields_of(desk.get(where)) | changes).status_code == 302
    intent = Intent.objects.get(pk=rows["intent"].pk)
    assert (intent.channels, intent.actions.get().required_acr) == (["chat", "phone"], ["urn:bank:1", "urn:bank:2"])


def test_a_queue_in_use_is_not_deleted(desk: Client, rows: dict[str, Any]) -> None:
    desk.post(address("queue", "delete", rows["queue"].pk), {"post": "yes"})
    assert Queue.objects.filter(pk=rows["queue"].pk).exists()


def test_the_admin_knows_the_channels_there_are() -> None:
    assert set(CHANNELS) == set(Channel)
