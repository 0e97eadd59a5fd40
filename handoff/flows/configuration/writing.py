"""Bring the tables to what a checked file asks for; a key that the file leaves out keeps its value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from handoff.flows.configuration import key_material, knowledge, phones
from handoff.flows.configuration.changes import Changes, difference, save
from handoff.flows.configuration.form import Record
from handoff.flows.configuration.key_material import Material
from handoff.flows.configuration.signing_keys import GivenKey, new_keys
from handoff.flows.configuration.wanted import Wanted, weekly_of
from handoff.identity.keys import encrypt
from handoff.identity.models import Site, SiteKey
from handoff.intents.models import Intent, IntentAction
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User
from handoff.staffing.roles import grant

QUEUE_COLUMNS: Final = ("name", "offer_seconds", "max_waiting", "service_level_seconds", "dispositions")
SITE_COLUMNS: Final = ("name", "origins", "allow_unverified", "allow_app_clients", "brand", "query_parameters")
INTENT_COLUMNS: Final = ("label", "channels", "head_start_minutes", "required_acr", "max_auth_age_seconds")
ACTION_COLUMNS: Final = ("label", "channels", "required_acr", "max_auth_age_seconds")
DEFAULT_CHANNELS: Final = ["chat"]


def write(wanted: Wanted, *, now: datetime) -> Changes:
    """For a file without problems, inside the caller's transaction."""
    changes = Changes()
    # Passwords are slow to hash: no line is locked meanwhile.
    accounts = [_account(record) for record in wanted.all("agents")]
    for record in wanted.all("hours"):
        _write_hours(record, changes)
    _write_queues(wanted.all("queues"), changes)
    for record, (user, remark) in zip(wanted.all("agents"), accounts, strict=True):
        _write_agent(record, user, remark, changes)
    for record in wanted.all("sites"):
        site = _write_site(record, changes)
        _write_keys(site, wanted.keys[record.table], changes, now=now)
        for place, intent in enumerate(record.tables.get("intents", [])):
            _write_intent(site, intent, place, changes)
        phones.write(site, record, changes)
    knowledge.write(wanted.all("articles"), wanted.all("canned"), changes, now=now)
    return changes


def _write_hours(record: Record, changes: Changes) -> None:
    row = Hours.objects.filter(key=record.key).first() or Hours(key=record.key)
    weekly = weekly_of(record)
    _tell(
        row, f"hours {record.key}", _given(record, "zone", "closed") | ({"weekly": weekly} if weekly else {}), changes
    )


def _write_queues(records: Sequence[Record], changes: Changes) -> None:
    rows = {row.key: row for row in Queue.objects.filter(key__in=[record.key for record in records])}
    found = {record.key: _queue_values(record) for record in records}
    _lock_queues(row.pk for row in rows.values() if _differs(row, found[row.key]))
    for record in records:
        row = rows.get(record.key) or Queue(key=record.key, name=_spoken(record.key))
        _tell(row, f"queue {record.key}", found[record.key], changes)


def _queue_values(record: Record) -> dict[str, Any]:
    found = _given(record, *QUEUE_COLUMNS)
    if "hours" in record.values:
        found["hours"] = Hours.objects.get(key=record.values["hours"])
    return found


def _differs(row: Queue, values: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _lock_queues(queue_ids: Iterable[int]) -> None:
    """In the order in which the router locks them; those that stay as they are are not held up."""
    list(Queue.objects.filter(pk__in=list(queue_ids)).order_by("id").select_for_update(no_key=True).values_list("pk"))


def _write_agent(record: Record, user: User, remark: str, changes: Changes) -> None:
    username = record.values["username"]
    title = f"agent {username}"
    row = Agent.objects.filter(user=user).first() or Agent(user=user, name=_spoken(username), role=_first_role(user))
    is_new = row._state.adding
    found = _given(record, "name", "capacity", "role", "audio")
    if "trainee" in record.values:
        found["is_trainee"] = record.values["trainee"]
    told = save(row, found)
    if grant(row):
        told.append(difference("may use /admin/", not row.user.is_staff, row.user.is_staff))
    if "queues" in record.values:
        told += _set_queues(row, record.values["queues"])
    if "skills" in record.values:
        told += _set_levels(row, record.values["skills"], changes)
    if is_new:
        changes.created(title, remark)
    else:
        changes.changed(title, told)


def _account(record: Record) -> tuple[User, str]:
    """The account at the sign-in door; only a new one takes the file's password."""
    username = record.values["username"]
    user = User.objects.filter(username=username).first()
    if user is not None:
        return user, ""
    password = record.values.get("password")
    user = User.objects.create_user(username, password=password)
    return user, "" if password else " (without a password: nobody can sign in as them yet)"


def _first_role(user: User) -> str:
    """Whoever administers already is not demoted by a file that names no role."""
    return Agent.Role.ADMIN if user.is_superuser else Agent.Role.AGENT


def _set_queues(agent: Agent, keys: Iterable[str]) -> list[str]:
    before, after = sorted(agent.queues.values_list("key", flat=True)), sorted(keys)
    if before == after:
        return []
    agent.queues.set(Queue.objects.filter(key__in=after))
    return [difference("queues", before, after)]


def _set_levels(agent: Agent, levels: dict[str, int], changes: Changes) -> list[str]:
    before = {row.skill.key: row.level for row in agent.skills.select_related("skill")}
    if before == levels:
        return []
    agent.skills.exclude(skill__key__in=levels).delete()
    for skill in _skills(levels, changes):
        AgentSkill.objects.update_or_create(agent=agent, skill=skill, defaults={"level": levels[skill.key]})
    return [difference("skills", before, levels)]


def _write_site(record: Record, changes: Changes) -> Site:
    row = Site.objects.filter(key=record.key).first() or Site(key=record.key, name=_spoken(record.key))
    _tell(row, f"site {record.key}", _given(record, *SITE_COLUMNS), changes)
    return row


def _write_keys(site: Site, given: list[GivenKey], changes: Changes, *, now: datetime) -> None:
    stored = list(SiteKey.objects.filter(site=site))
    for key in new_keys(given, stored):
        _add_key(site, key.name, key.material, changes, now=now)
    if not given and not stored:
        made = key_material.generate()
        _add_key(site, made.default_kid, made, changes, now=now)
        changes.secrets[site.key] = {"kid": made.default_kid, "hmac_secret": made.text}


def _add_key(site: Site, kid: str, material: Material, changes: Changes, *, now: datetime) -> None:
    is_secret = material.algorithm == "HS256"
    SiteKey.objects.create(
        site=site,
        kid=kid,
        algorithm=material.algorithm,
        encrypted_secret=encrypt(material.text) if is_secret else "",
        public_key="" if is_secret else material.text,
        created_at=now,
    )
    changes.created(f"key {kid} of site {site.key} ({material.algorithm})")


def _write_intent(site: Site, record: Record, place: int, changes: Changes) -> None:
    row = Intent.objects.filter(site=site, key=record.key).first() or Intent(
        site=site, key=record.key, label=_spoken(record.key), channels=list(DEFAULT_CHANNELS)
    )
    title = f"intent {site.key}/{record.key}"
    is_new = row._state.adding
    found = _given(record, *INTENT_COLUMNS) | {"place": place}
    if "queue" in record.values:
        found["queue"] = Queue.objects.get(key=record.values["queue"])
    told = save(row, found)
    if "skills" in record.values:
        told += _set_needed_skills(row, record.values["skills"], changes)
    if is_new:
        changes.created(title)
    else:
        changes.changed(title, told)
    for position, action in enumerate(record.tables.get("actions", [])):
        _write_action(row, title, action, position, changes)


def _set_needed_skills(intent: Intent, keys: list[str], changes: Changes) -> list[str]:
    before, after = sorted(intent.skills.values_list("key", flat=True)), sorted(keys)
    if before == after:
        return []
    intent.skills.set(_skills(after, changes))
    return [difference("skills", before, after)]


def _write_action(intent: Intent, of: str, record: Record, place: int, changes: Changes) -> None:
    row = IntentAction.objects.filter(intent=intent, key=record.key).first() or IntentAction(
        intent=intent, key=record.key, label=_spoken(record.key)
    )
    _tell(row, f"action {record.key} of {of}", _given(record, *ACTION_COLUMNS) | {"place": place}, changes)


def _skills(keys: Iterable[str], changes: Changes) -> list[Skill]:
    """A skill comes to be when it is first named."""
    found = []
    for key in keys:
        skill, is_new = Skill.objects.get_or_create(key=key)
        if is_new:
            changes.created(f"skill {key}")
        found.append(skill)
    return found


def _tell(row: Hours | Queue | Site | IntentAction, title: str, found: dict[str, Any], changes: Changes) -> None:
    is_new = row._state.adding
    told = save(row, found)
    if is_new:
        changes.created(title)
    else:
        changes.changed(title, told)


def _given(record: Record, *names: str) -> dict[str, Any]:
    return {name: record.values[name] for name in names if name in record.values}


def _spoken(key: str) -> str:
    """`dispute-charge` as people read it, for what the file gives no name."""
    return key.replace("-", " ").replace("_", " ").capitalize()
