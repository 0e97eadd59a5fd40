"""Set the stage for simulated people, and clear it: the practice site, its key, and marked accounts of agents."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import ProtectedError, QuerySet

from handoff.broker.models import Handoff
from handoff.flows.erase_customer import erase_customer
from handoff.identity import keys
from handoff.identity.models import Customer, Site, SiteKey
from handoff.intents.models import Intent, IntentAction
from handoff.journeys.models import Journey
from handoff.lib.errors import DomainError
from handoff.realtime import log, streams
from handoff.realtime.clock import database_now
from handoff.staffing.models import Agent, AgentSkill, User

SITE_KEY: Final = "practice"
SITE_NAME: Final = "Practice"
KID: Final = "simulation"
SECRET_BYTES: Final = 48
USERNAME: Final = "simulated-{}"
SKILL_LEVEL: Final = 2
_INTENT_COLUMNS: Final = ("label", "queue", "channels", "head_start_minutes", "required_acr", "max_auth_age_seconds")
_ACTION_COLUMNS: Final = ("label", "required_acr", "max_auth_age_seconds", "channels", "place")


@dataclass(frozen=True)
class Signing:
    """A site's key, to sign in its name."""

    site: str
    kid: str
    secret: str = field(repr=False)
    allows_unverified: bool


def prepare_training(template: str | None, *, is_open: bool = True) -> Signing:
    """The practice site, with the menu of the named site, or of the first there is; `is_open`: to strangers too.

    Raises `not_prepared`.
    """
    with transaction.atomic():
        of = _real_site(template)
        # Two trainees may be the first at once.
        told = {"name": SITE_NAME, "allow_unverified": is_open, "is_simulated": True}
        site, _ = Site.objects.get_or_create(key=SITE_KEY, defaults=told)
        if not site.is_simulated:
            raise DomainError("not_prepared", f"There is a site {SITE_KEY!r} that is no simulation's.")
        if is_open and not site.allow_unverified:
            site.allow_unverified = True
            site.save(update_fields=["allow_unverified"])
        _copy_menu(of, site)
        if not SiteKey.objects.filter(site=site, revoked_at=None).exists():
            secret = keys.encrypt(secrets.token_urlsafe(SECRET_BYTES))
            SiteKey.objects.create(
                site=site, kid=KID, algorithm="HS256", encrypted_secret=secret, created_at=database_now()
            )
    return _signing(site)


def prepare_demo(site: str | None) -> Signing:
    """To sign as a real site does, so that simulated customers come like any other. Raises `not_prepared`."""
    return _signing(_real_site(site))


def hire(count: int, names: Iterable[str], signing: Signing, *, are_trainees: bool) -> list[tuple[str, str]]:
    """So many marked agents who serve all that the site's menu needs; answers their names and new passwords."""
    menu = Intent.objects.filter(site__key=signing.site)
    queues = list(menu.values_list("queue", flat=True).distinct())
    skills = list(menu.filter(skills__isnull=False).values_list("skills", flat=True).distinct())
    made = []
    for number, name in zip(range(1, count + 1), names, strict=False):
        password = secrets.token_urlsafe(24)
        with transaction.atomic():
            agent = _agent(USERNAME.format(number), name, password, is_trainee=are_trainees)
            agent.queues.set(queues)
            for skill in skills:
                AgentSkill.objects.get_or_create(agent=agent, skill_id=skill, defaults={"level": SKILL_LEVEL})
        made.append((agent.user.username, password))
    return made


def dismiss() -> None:
    """Between two plays nobody can sign in as a simulated agent, or come to the practice site without its key."""
    Site.objects.filter(key=SITE_KEY, is_simulated=True).update(allow_unverified=False)
    User.objects.filter(agent__is_simulated=True).update(is_active=False)
    Agent.objects.filter(is_simulated=True).update(wanted=False, lease_expires_at=None)


def remove() -> list[str]:
    """Everything that training left; a line for each kind. Agents who served real customers stay in their records."""
    dismiss()
    handoffs = customers = 0
    site = Site.objects.filter(key=SITE_KEY, is_simulated=True).first()
    if site is not None:
        for customer in Customer.objects.filter(site=site):
            handoffs += erase_customer(customer)
            customers += 1
        with transaction.atomic():
            _delete_site(site)
    gone, kept = _delete_agents()
    return [
        f"removed {customers} customers and {handoffs} handoffs of the practice site",
        f"removed {gone} simulated agents; {kept} that real handoffs name are kept, without a way to sign in",
    ]


def _real_site(key: str | None) -> Site:
    real = Site.objects.filter(is_simulated=False)
    site = (real.filter(key=key) if key else real.filter(intents__isnull=False)).order_by("id").first()
    if site is None:
        raise DomainError("not_prepared", f"There is no site {key!r}." if key else "There is no site with a menu yet.")
    return site


def _copy_menu(of: Site, site: Site) -> None:
    """As the real one stands today; what it has no more stays, because handoffs name it."""
    for intent in Intent.objects.filter(site=of).prefetch_related("skills", "actions"):
        values: dict[str, Any] = {name: getattr(intent, name) for name in (*_INTENT_COLUMNS, "place")}
        copy = _bring(Intent, wanted=values, site=site, key=intent.key)
        copy.skills.set(intent.skills.all())
        for action in intent.actions.all():
            told = {name: getattr(action, name) for name in _ACTION_COLUMNS}
            _bring(IntentAction, wanted=told, intent=copy, key=action.key)


def _bring(model: Any, *, wanted: dict[str, Any], **named: Any) -> Any:
    """Written only where it is not so already: of what is set, every write makes all servers read everything anew."""
    found = model.objects.filter(**named).first()
    if found is None or any(getattr(found, name) != value for name, value in wanted.items()):
        found, _ = model.objects.update_or_create(**named, defaults=wanted)
    return found


def _signing(site: Site) -> Signing:
    key = SiteKey.objects.filter(site=site, revoked_at=None, algorithm="HS256").order_by("id").first()
    if key is None:
        raise DomainError(
            "not_prepared", f"{site.key} has no HMAC key here: nobody but the site itself can sign in its name."
        )
    secret = keys.decrypt(key.encrypted_secret).decode()
    return Signing(site=site.key, kid=key.kid, secret=secret, allows_unverified=site.allow_unverified)


def _agent(username: str, name: str, password: str, *, is_trainee: bool) -> Agent:
    user, is_new = User.objects.get_or_create(username=username)
    agent = Agent.objects.filter(user=user).first()
    if not is_new and (agent is None or not agent.is_simulated):
        raise DomainError("not_prepared", f"The account {username!r} is no simulation's.")
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    agent = agent or Agent(user=user, is_simulated=True)
    agent.name, agent.is_trainee = name, is_trainee
    agent.save()
    return agent


def _delete_site(site: Site) -> None:
    handoffs, customers = Handoff.objects.filter(site=site), Customer.objects.filter(site=site)
    journeys = list(handoffs.values_list("journey", flat=True))
    names = [streams.customer(public_id) for public_id in customers.values_list("public_id", flat=True)]
    for public_id in handoffs.values_list("public_id", flat=True):
        names += [streams.handoff(public_id), streams.desk(public_id)]
    for rows in (handoffs, Journey.objects.filter(pk__in=journeys), customers, Site.objects.filter(pk=site.pk)):
        _delete(rows)
    log.forget(names)


def _delete(rows: QuerySet[Any]) -> None:
    """With what stands in the way: it points to rows of the practice site, so it is the practice site's too."""
    try:
        with transaction.atomic():
            rows.delete()
        return
    except ProtectedError as error:
        standing = list(error.protected_objects)
    for model in {type(one) for one in standing}:
        _delete(model._default_manager.filter(pk__in=[one.pk for one in standing if type(one) is model]))
    _delete(rows)


def _delete_agents() -> tuple[int, int]:
    gone = kept = 0
    for agent in Agent.objects.filter(is_simulated=True).select_related("user"):
        try:
            with transaction.atomic():
                user, stream = agent.user, streams.agent(agent.public_id)
                agent.delete()
                user.delete()
                log.forget([stream])
            gone += 1
        except ProtectedError:
            kept += 1
    return gone, kept
