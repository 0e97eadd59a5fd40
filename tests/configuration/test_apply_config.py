"""`apply_config`: a file becomes rows, the same twice, and says what it changed."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.callbacks.models import CallingRules
from handoff.config import settings as product
from handoff.flows.configuration.values import CALLING
from handoff.identity.models import Site
from handoff.intents.models import Intent
from handoff.staffing.models import Agent, Hours, Queue, Skill, User
from handoff.telephony.models import PhoneNumber
from handoff.telephony.queries import number_of
from tests.configuration.desk_file import FULL, PASSWORD, SECRET, SITE, snapshot

pytestmark = pytest.mark.django_db


def test_a_whole_file_becomes_rows(apply: Callable[..., str]) -> None:
    apply(FULL)
    hours = Hours.objects.get()
    assert (hours.key, hours.zone, hours.closed) == ("weekdays", "Europe/London", ["2026-12-25", "2026-12-26"])
    assert hours.weekly == {"monday": ["08:00-12:00", "13:00-20:00"], "friday": ["08:00-24:00"]}
    queue = Queue.objects.get()
    assert (queue.name, queue.hours, queue.offer_seconds, queue.max_waiting) == ("Cards", hours, 20, 50)
    assert (queue.service_level_seconds, queue.dispositions) == (45, ["resolved", "refunded"])
    amira = Agent.objects.get(user__username="amira")
    assert (amira.name, amira.capacity, amira.role, list(amira.queues.all())) == ("Amira", 3, "agent", [queue])
    assert [(row.skill.key, row.level) for row in amira.skills.all()] == [("disputes", 3)]
    assert [row.audio for row in Agent.objects.order_by("id")] == ["sip:amira@pbx.example.com", ""]
    site = Site.objects.get()
    assert site.origins == ["http://127.0.0.1:8001", "https://www.harbour.example"]
    assert site.allow_unverified
    assert site.allow_app_clients
    assert (site.brand, site.query_parameters) == ({"color": "#0b5563"}, ["step"])
    dispute, lost = Intent.objects.order_by("place")
    assert (dispute.key, dispute.label, dispute.queue, dispute.place) == (
        "dispute-charge",
        "Dispute a charge",
        queue,
        0,
    )
    assert (dispute.channels, dispute.head_start_minutes) == (["chat", "callback", "phone"], 5)
    assert (dispute.required_acr, dispute.max_auth_age_seconds) == (["urn:bank:2"], 600)
    assert sorted(skill.key for skill in dispute.skills.all()) == ["disputes", "fraud"]
    assert (lost.label, lost.channels, lost.place) == ("Lost card", ["chat"], 1)
    action = dispute.actions.get()
    assert (action.key, action.required_acr, action.max_auth_age_seconds) == ("change-address", ["urn:bank:3"], 300)
    assert (action.channels, action.label) == (["branch"], "Change the address")


def test_the_phone_of_a_site_becomes_rows(apply: Callable[..., str]) -> None:
    apply(FULL)
    site = Site.objects.get()
    numbers = PhoneNumber.objects.values_list("number", "site", "provider", "intent_key", "place")
    assert list(numbers) == [
        ("+442079460000", site.pk, "twilio", "lost-card", 0),
        ("+442079460001", site.pk, "lab", "", 1),
    ]
    rules = CallingRules.objects.get(site=site)
    assert (rules.countries, rules.quiet_hours, rules.slot_minutes) == (["GB", "IE"], "20:30-09:00", 30)
    assert (rules.per_customer_day, rules.per_site_hour, rules.ring_seconds) == (3, 200, 30)
    assert rules.consent == "Call me."


def test_says_what_it_changed_about_phones(apply: Callable[..., str]) -> None:
    apply(FULL)
    text = FULL.replace('"20:30-09:00"', '""').replace('provider = "lab"', 'provider = "generic"')
    text = text.replace("sip:amira@pbx.example.com", "+442079460002").replace('intent = "lost-card"\n', "")
    assert apply(text).splitlines() == [
        "changed agent amira: audio sip:amira@pbx.example.com -> +442079460002",
        "changed number +442079460001 of site harbour: provider lab -> generic",
        "changed calling rules of site harbour: quiet_hours 20:30-09:00 -> ",
    ]
    rules = CallingRules.objects.get()
    assert (rules.quiet_hours, rules.countries) == ("", ["GB", "IE"])
    # What the file leaves out stays.
    assert PhoneNumber.objects.get(number="+442079460000").intent_key == "lost-card"
    assert "audio +442079460002 -> " in apply(text.replace("+442079460002", ""))
    assert Agent.objects.get(user__username="amira").audio == ""


def test_the_number_that_comes_first_in_the_file_is_used_first(apply: Callable[..., str]) -> None:
    one, two = (f'[[sites.numbers]]\nnumber = "+44207946000{n}"\nprovider = "lab"\n' for n in (1, 2))
    apply(SITE + one + two)
    assert number_of(Site.objects.get()) == PhoneNumber.objects.get(number="+442079460001")
    assert "changed number +442079460002 of site harbour: place 1 -> 0" in apply(SITE + two + one)
    assert number_of(Site.objects.get()) == PhoneNumber.objects.get(number="+442079460002")
    assert apply(SITE) == "nothing changed\n"
    assert PhoneNumber.objects.count() == 2


def test_says_what_it_created_a_line_each(apply: Callable[..., str]) -> None:
    lines = apply(FULL).splitlines()
    assert "created queue cards" in lines
    assert "created agent amira" in lines
    assert "created agent lead (without a password: nobody can sign in as them yet)" in lines
    assert "created intent harbour/dispute-charge" in lines
    assert "created action change-address of intent harbour/dispute-charge" in lines
    assert "created number +442079460000 of site harbour" in lines
    assert "created calling rules of site harbour" in lines


def test_a_second_run_writes_nothing(apply: Callable[..., str]) -> None:
    apply(FULL)
    before = snapshot()
    with CaptureQueriesContext(connection) as queries:
        assert apply(FULL) == "nothing changed\n"
    assert snapshot() == before
    assert not [query["sql"] for query in queries if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]


def test_says_what_it_changed_and_from_what(apply: Callable[..., str]) -> None:
    apply(FULL)
    changed = FULL.replace("capacity = 3", "capacity = 5").replace("disputes = 3", "disputes = 4, cards = 1")
    lines = apply(changed.replace('label = "Dispute a charge"', 'label = "Dispute"')).splitlines()
    assert lines == [
        "created skill cards",
        'changed agent amira: capacity 3 -> 5; skills {"disputes": 3} -> {"disputes": 4, "cards": 1}',
        "changed intent harbour/dispute-charge: label Dispute a charge -> Dispute",
    ]


def test_what_the_file_leaves_out_stays(apply: Callable[..., str]) -> None:
    apply(FULL)
    before = snapshot()
    assert apply('[[queues]]\nkey = "cards"\n[[agents]]\nusername = "lead"\n') == "nothing changed\n"
    assert snapshot() == before


def test_a_list_is_one_value(apply: Callable[..., str]) -> None:
    apply(FULL)
    apply(FULL.replace('friday = ["08:00-24:00"]\n', "").replace("disputes = 3", "fraud = 1"))
    assert list(Hours.objects.get().weekly) == ["monday"]
    assert [row.skill.key for row in Agent.objects.get(user__username="amira").skills.all()] == ["fraud"]
    assert Skill.objects.filter(key="disputes").exists()


def test_a_moved_intent_moves_in_the_menu(apply: Callable[..., str]) -> None:
    first, second = '[[sites.intents]]\nkey = "a"\nqueue = "cards"\n', '[[sites.intents]]\nkey = "b"\nqueue = "cards"\n'
    apply(SITE + first + second)
    assert "changed intent harbour/b: place 1 -> 0" in apply(SITE + second + first)
    assert [intent.key for intent in Intent.objects.all()] == ["b", "a"]


# -- what the router waits for

TWO_QUEUES = '[[queues]]\nkey = "{}"\nname = "{}"\n[[queues]]\nkey = "{}"\nname = "{}"\n'


def test_passwords_are_hashed_before_a_line_is_touched(apply: Callable[..., str]) -> None:
    apply(FULL)
    new = f'[[agents]]\nusername = "tomas"\npassword = "{PASSWORD}"\nqueues = ["cards"]\n'
    told, sent = statements(apply, FULL.replace('name = "Cards"', 'name = "Our cards"') + new)
    assert told == "changed queue cards: name Cards -> Our cards\ncreated agent tomas\n"
    created, touched = first(sent, 'INSERT INTO "handoff_user"'), first(sent, 'UPDATE "handoff_queue"')
    assert created < touched
    locked = [place for place, sql in enumerate(sent) if '"handoff_queue"' in sql and "FOR NO KEY UPDATE" in sql]
    assert all(created < place < touched for place in locked)


def test_lines_are_locked_in_the_router_s_order_and_only_those_that_change(apply: Callable[..., str]) -> None:
    """SQLite has no locks on rows; what would be locked is asked for there all the same."""
    apply('[[queues]]\nkey = "loans"\n' + TWO_QUEUES.format("first", "A", "second", "B"))
    told, sent = statements(apply, TWO_QUEUES.format("second", "D", "first", "C") + '[[queues]]\nkey = "loans"\n')
    assert told == "changed queue second: name B -> D\nchanged queue first: name A -> C\n"
    lock = next(sql for sql in sent if sql.startswith('SELECT "handoff_queue"."id"') and "ORDER BY" in sql)
    pks = dict(Queue.objects.values_list("key", "pk"))
    assert f"({pks['first']}, {pks['second']})" in lock
    assert 'ORDER BY "handoff_queue"."id" ASC' in lock
    assert lock.endswith("FOR NO KEY UPDATE") == (connection.vendor == "postgresql")
    assert sent.index(lock) < first(sent, 'UPDATE "handoff_queue"')


def statements(apply: Callable[..., str], text: str) -> tuple[str, list[str]]:
    with CaptureQueriesContext(connection) as queries:
        told = apply(text)
    return told, [query["sql"] for query in queries]


def first(sent: list[str], beginning: str) -> int:
    return next(place for place, sql in enumerate(sent) if sql.startswith(beginning))


# -- accounts


def test_the_password_is_a_new_accounts_only(apply: Callable[..., str]) -> None:
    apply(FULL)
    assert User.objects.get(username="amira").check_password(PASSWORD)
    assert apply(FULL.replace(PASSWORD, "another long passphrase")) == "nothing changed\n"
    assert User.objects.get(username="amira").check_password(PASSWORD)


def test_passwords_are_stored_with_argon2(apply: Callable[..., str], settings: Any) -> None:
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    apply(FULL)
    assert User.objects.get(username="amira").password.startswith("argon2")
    assert not User.objects.get(username="lead").has_usable_password()


@pytest.mark.parametrize(
    ("password", "told"),
    [("sh0rt!", "too short"), ("password1234", "too common"), ("amira-amira-am", "too similar")],
)
def test_a_weak_password_is_refused(problems: Callable[[str], list[str]], password: str, told: str) -> None:
    username = "amira-amira-amira" if told == "too similar" else "amira"
    found = problems(f'[[agents]]\nusername = "{username}"\npassword = "{password}"\n')
    assert [line.startswith("agents[0]: password: ") and told in line for line in found] == [True]
    assert password not in "".join(found)


def test_the_role_alone_decides_who_may_administer(apply: Callable[..., str]) -> None:
    apply(FULL)
    rights = {user.username: (user.is_staff, user.is_superuser) for user in User.objects.all()}
    assert rights == {"amira": (False, False), "lead": (True, True)}
    told = apply(FULL.replace('role = "admin"', 'role = "supervisor"'))
    assert told == "changed agent lead: role admin -> supervisor; may use /admin/ yes -> no\n"
    lead = User.objects.get(username="lead")
    assert (lead.is_staff, lead.is_superuser) == (False, False)


def test_a_file_without_a_role_demotes_no_administrator(apply: Callable[..., str]) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    apply('[[agents]]\nusername = "root"\n')
    assert User.objects.get(username="root").is_superuser
    assert Agent.objects.get().role == "admin"


def test_a_username_has_one_spelling(apply: Callable[..., str], problems: Callable[[str], list[str]]) -> None:
    apply(FULL)
    assert problems('[[agents]]\nusername = "Amira"\n') == [
        "agents[0]: username: there is an account 'amira'; spell it that way"
    ]
    assert problems('[[agents]]\nusername = "new"\n[[agents]]\nusername = "NEW"\n') == [
        "agents[1]: username: 'NEW' is also the username of agents[0]"
    ]


def test_a_missing_file_is_told() -> None:
    with pytest.raises(CommandError, match=r"nowhere\.toml: No such file"):
        call_command("apply_config", "/nowhere.toml")


def test_the_demos_own_file_fits(apply: Callable[..., str]) -> None:
    text = (Path(__file__).resolve().parents[2] / "examples/harbour_bank/handoff.toml").read_text()
    places = {"hmac_secret": SECRET, "example_port": "8001"}
    places |= {f"{name}_password": PASSWORD for name in ("amira", "tomas", "admin")}
    text = string.Template(text).safe_substitute(places)
    apply(text)
    assert apply(text) == "nothing changed\n"


ROOT = Path(__file__).resolve().parents[2]


def test_what_the_operators_page_on_phones_shows_fits(apply: Callable[..., str]) -> None:
    shown = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/phone.md").read_text(), re.DOTALL)
    assert len(shown) == 1
    other = '[[sites.intents]]\nkey = "something-else"\nqueue = "cards"\n'
    apply(SITE + other + '[[sites.intents]]\nkey = "dispute-charge"\nqueue = "cards"\n')
    assert "created number +442079460000 of site harbour" in apply(shown[0])
    assert apply(shown[0]) == "nothing changed\n"


def test_the_rules_for_calling_are_listed_with_their_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", (ROOT / "docs/phone.md").read_text(), re.MULTILINE)
    told = {key: default for key, default in rows if key in CALLING}
    assert set(told) == set(CALLING)
    rules = CallingRules()
    for key in ("slot_minutes", "per_customer_day", "per_site_hour", "ring_seconds"):
        assert told[key] == str(getattr(rules, key))
    assert told["quiet_hours"] == f"`{rules.quiet_hours}`"
