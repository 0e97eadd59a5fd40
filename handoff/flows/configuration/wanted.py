"""What a file asks for, checked against itself and against what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from handoff.flows.configuration import knowledge, signing_keys
from handoff.flows.configuration.form import Problem, Record, read
from handoff.flows.configuration.signing_keys import GivenKey
from handoff.identity.models import SiteKey
from handoff.intents.models import Intent
from handoff.staffing.models import Hours, Queue, User
from handoff.staffing.opening import WEEKDAYS
from handoff.telephony.models import PhoneNumber


@dataclass(frozen=True)
class Wanted:
    """The records of a file, and the signing keys of each site by the site's table."""

    records: Mapping[str, list[Record]]
    keys: Mapping[str, list[GivenKey]] = field(default_factory=dict)

    def all(self, name: str) -> list[Record]:
        return self.records.get(name, [])


def read_wanted(content: bytes, problems: list[Problem]) -> Wanted:
    """Everything in the file that is right by itself; adds to `problems` what is not."""
    records = read(content, problems)
    keys = {site.table: signing_keys.given_keys(site, problems) for site in records.get("sites", [])}
    return Wanted(records, keys)


def find_conflicts(wanted: Wanted) -> Iterator[Problem]:
    """What does not go together with the rest of the file or with the database."""
    hours = _known(wanted.all("hours"), Hours.objects.values_list("key", flat=True))
    queues = _known(wanted.all("queues"), Queue.objects.values_list("key", flat=True))
    yield from _hours_without_days(wanted.all("hours"))
    for queue in wanted.all("queues"):
        yield from _unknown(queue, "hours", hours)
    yield from _agent_conflicts(wanted.all("agents"), queues)
    for site in wanted.all("sites"):
        stored = SiteKey.objects.filter(site__key=site.key)
        yield from signing_keys.conflicts(wanted.keys[site.table], stored)
        yield from _intent_conflicts(site, queues)
        yield from _number_conflicts(site)
    yield from _shared_numbers(wanted.all("sites"))
    told = wanted.all("articles"), wanted.all("canned"), wanted.all("sites")
    yield from knowledge.find_conflicts(*told, queues=queues)


def weekly_of(hours: Record) -> dict[str, list[str]]:
    """The weekdays of a table, which are one value: a day that it leaves out is closed."""
    return {day: hours.values[day] for day in WEEKDAYS if day in hours.values}


def _known(records: Iterable[Record], stored: Iterable[str]) -> set[str]:
    return {record.key for record in records} | set(stored)


def _unknown(record: Record, name: str, known: set[str]) -> Iterator[Problem]:
    given = record.values.get(name, [])
    for key in [given] if isinstance(given, str) else given:
        if key not in known:
            yield Problem(record.table, name, f"there is no {key!r} in this file or in the deployment")


def _hours_without_days(records: Iterable[Record]) -> Iterator[Problem]:
    stored = set(Hours.objects.values_list("key", flat=True))
    for record in records:
        if not record.named & set(WEEKDAYS) and record.key not in stored:
            yield Problem(record.table, "monday", 'or another weekday is missing, like monday = ["08:00-20:00"]')


def _agent_conflicts(agents: Iterable[Record], queues: set[str]) -> Iterator[Problem]:
    accounts = {name.casefold(): name for name in User.objects.values_list("username", flat=True)}
    for agent in agents:
        yield from _unknown(agent, "queues", queues)
        username: str = agent.values.get("username", "")
        spelled = accounts.get(username.casefold())
        if spelled is None:
            yield from _weak_password(agent)
        elif spelled != username:
            yield Problem(agent.table, "username", f"there is an account {spelled!r}; spell it that way")


def _weak_password(agent: Record) -> Iterator[Problem]:
    if "password" not in agent.values:
        return
    user = User(username=agent.values.get("username", ""), first_name=agent.values.get("name", ""))
    try:
        validate_password(agent.values["password"], user)
    except ValidationError as error:
        for message in error.messages:
            yield Problem(agent.table, "password", message)


def _intent_conflicts(site: Record, queues: set[str]) -> Iterator[Problem]:
    stored = set(Intent.objects.filter(site__key=site.key).values_list("key", flat=True))
    for intent in site.tables.get("intents", []):
        yield from _unknown(intent, "queue", queues)
        if "queue" not in intent.named and intent.key not in stored:
            yield Problem(intent.table, "queue", "is missing: every intent leads to a queue")


def _shared_numbers(sites: list[Record]) -> Iterator[Problem]:
    """A call has to lead to one site."""
    owners: dict[str, Record] = {}
    for site in sites:
        for record in site.tables.get("numbers", []):
            owner = owners.setdefault(record.values.get("number", record.table), site)
            if owner is not site:
                yield Problem(record.table, "number", f"is also a number of {owner.table}")


def _number_conflicts(site: Record) -> Iterator[Problem]:
    stored = set(Intent.objects.filter(site__key=site.key).values_list("key", flat=True))
    intents = stored | {intent.key for intent in site.tables.get("intents", [])}
    owners = dict(PhoneNumber.objects.exclude(site__key=site.key).values_list("number", "site__key"))
    for record in site.tables.get("numbers", []):
        yield from _unknown(record, "intent", intents)
        owner = owners.get(record.values.get("number", ""))
        if owner is not None:
            yield Problem(record.table, "number", f"belongs to the site {owner!r}")
        if "provider" not in record.named:
            yield Problem(record.table, "provider", "is missing: lab, twilio, asterisk or generic")
