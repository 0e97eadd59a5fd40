"""What a simulation needs in the database, and that it goes again without touching anything real."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import authenticate

from handoff.broker.models import Handoff
from handoff.flows import practice
from handoff.identity.models import Customer, Site, SiteKey
from handoff.intents.models import Intent
from handoff.journeys.models import Journey
from handoff.lib.errors import DomainError
from handoff.realtime.models import LogEntry, Stream
from handoff.routing import actions as routing
from handoff.routing.models import Offer
from handoff.simulation.names import agent_name
from handoff.staffing.models import Agent, Queue, Skill, User
from tests.conftest import OTHER_ORIGIN, Page, make_agent
from tests.scenes import accept, close, connect, offer_to, sit_down

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Ada (simulated 1)", "Bruno (simulated 2)")


def practise(signing: practice.Signing, *, sub: str = "simulated-1") -> Page:
    tab = Page(Site.objects.get(key=signing.site), OTHER_ORIGIN, signing.secret)
    Site.objects.filter(key=signing.site).update(origins=[OTHER_ORIGIN])
    tab.site.refresh_from_db()
    assert tab.open(tab.token(sub=sub, kid=signing.kid)).status == 201
    return tab


def test_the_practice_site_has_the_real_menu_and_a_key_of_its_own(harbour: Site) -> None:
    french = Skill.objects.create(key="french")
    Intent.objects.get(site=harbour, key="lost-card").skills.add(french)
    signing = practice.prepare_training(None)
    site = Site.objects.get(key=signing.site)
    assert (site.is_simulated, site.origins, signing.allows_unverified) == (True, [], True)
    menu = Intent.objects.filter(site=site).order_by("place")
    assert [(one.key, one.label, one.queue.key) for one in menu] == [
        ("dispute-charge", "Dispute a charge", "cards"),
        ("lost-card", "Lost card", "cards"),
    ]
    assert list(menu[1].skills.all()) == [french]
    assert signing.secret not in SiteKey.objects.get(site=site).encrypted_secret
    assert practise(signing).ask(channel="callback").code == "channel_not_offered"
    assert practise(signing, sub="simulated-2").ask().status == 201


def test_preparing_twice_changes_nothing_but_follows_the_real_menu(harbour: Site) -> None:
    first = practice.prepare_training("harbour")
    Intent.objects.filter(site=harbour, key="lost-card").update(label="Lost or stolen card")
    second = practice.prepare_training("harbour")
    assert (first.secret, first.kid) == (second.secret, second.kid)
    assert Intent.objects.get(site__key="practice", key="lost-card").label == "Lost or stolen card"
    assert Intent.objects.filter(site__key="practice").count() == 2


def test_between_two_plays_no_stranger_comes_to_the_trainees(harbour: Site) -> None:
    site = Site.objects.get(key=practice.prepare_training(None).site)
    assert Page(site, settings.PUBLIC_ORIGIN, "").open().status == 201
    practice.dismiss()
    assert Page(site, settings.PUBLIC_ORIGIN, "").open().code == "unverified_not_allowed"
    assert practice.prepare_training(None).allows_unverified
    assert Page(site, settings.PUBLIC_ORIGIN, "").open().status == 201


def test_a_demo_signs_with_the_sites_own_key_and_adds_none(harbour: Site) -> None:
    signing = practice.prepare_demo("harbour")
    assert (signing.site, signing.kid) == ("harbour", "k1")
    assert SiteKey.objects.filter(site=harbour).count() == 1
    tab = Page(harbour, "http://127.0.0.1:8001", signing.secret)
    assert tab.open(tab.token()).status == 201
    assert tab.ask().status == 201
    assert not Handoff.objects.get().is_simulated


def test_what_cannot_be_prepared_is_said(harbour: Site, cards: Queue) -> None:
    with pytest.raises(DomainError, match="There is no site 'nowhere'"):
        practice.prepare_training("nowhere")
    SiteKey.objects.filter(site=harbour).update(algorithm="EdDSA", encrypted_secret="", public_key="a key")
    with pytest.raises(DomainError, match="nobody but the site itself"):
        practice.prepare_demo("harbour")
    Site.objects.create(key="practice", name="Somebody's")
    with pytest.raises(DomainError, match="no simulation's"):
        practice.prepare_training("harbour")


def test_hired_agents_are_marked_and_cannot_sign_in_after_the_play(harbour: Site) -> None:
    signing = practice.prepare_training(None)
    hired = practice.hire(2, NAMES, signing, are_trainees=True)
    assert [username for username, _ in hired] == ["simulated-1", "simulated-2"]
    agents = Agent.objects.filter(is_simulated=True)
    assert {(one.is_trainee, one.name, one.queues.get().key) for one in agents} == {
        (True, name, "cards") for name in NAMES
    }
    assert authenticate(username="simulated-1", password=hired[0][1]) is not None
    practice.dismiss()
    assert authenticate(username="simulated-1", password=hired[0][1]) is None
    again = practice.hire(1, NAMES, signing, are_trainees=False)
    assert Agent.objects.filter(is_simulated=True).count() == 2
    assert not Agent.objects.get(user__username="simulated-1").is_trainee
    assert again[0][1] != hired[0][1]


def test_an_account_of_somebody_real_is_never_taken(harbour: Site, cards: Queue) -> None:
    make_agent("simulated-1", "A Real Person", cards)
    with pytest.raises(DomainError, match="no simulation's"):
        practice.hire(1, NAMES, practice.prepare_training(None), are_trainees=True)
    practice.remove()
    assert User.objects.get(username="simulated-1").is_active


def test_removing_leaves_the_real_as_it_was(maya: Page, amira: Agent) -> None:
    real = connect(maya, amira)
    before = {model: set(model.objects.values_list("pk", flat=True)) for model in REAL}
    signing = practice.prepare_training(None)
    practice.hire(1, NAMES, signing, are_trainees=True)
    trainee = Agent.objects.get(is_simulated=True)
    talked, waiting = practise(signing), practise(signing, sub="simulated-2")
    handoff_id = talked.ask().body["id"]
    talked.post(f"handoffs/{handoff_id}/messages", {"client_id": "m1", "text": "hello"})
    close(trainee, accept(trainee, offer_to(trainee)))
    assert waiting.ask().status == 201
    assert practice.remove()[0] == "removed 2 customers and 2 handoffs of the practice site"
    assert {model: set(model.objects.values_list("pk", flat=True)) for model in REAL} == before
    assert Handoff.objects.get().public_id == real
    assert practice.remove()[0] == "removed 0 customers and 0 handoffs of the practice site"


REAL = (Site, SiteKey, Customer, Handoff, Journey, Offer, Agent, User, Intent, Stream, LogEntry)


def test_who_served_real_customers_stays_in_their_record(maya: Page, cards: Queue) -> None:
    practice.hire(1, NAMES, practice.prepare_demo("harbour"), are_trainees=False)
    agent = Agent.objects.get(is_simulated=True)
    sit_down(agent)
    close(agent, connect(maya, agent))
    assert practice.remove()[1] == (
        "removed 0 simulated agents; 1 that real handoffs name are kept, without a way to sign in"
    )
    agent.refresh_from_db()
    assert not agent.user.is_active
    assert not agent.wanted
    assert routing.run_matching() == 0


def test_names_say_that_nobody_is_behind_them() -> None:
    names = [agent_name(number) for number in range(1, 40)]
    assert len(set(names)) == 39
    assert all("(simulated " in name for name in names)
