"""`apply_config` refuses what does not fit: all of it at once, each with its place, and nothing is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.configuration.desk_file import FULL, SITE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour = 1", "top level: colour: is unknown"),
        ("[[queue]]", "top level: queue: is unknown; did you mean `queues`?"),
        ("queues = 3", "top level: queues: must be tables, each under [[queues]]"),
        ("[queues]", "top level: queues: must be tables, each under [[queues]]"),
        ("[[sites]]\nkey='s'\nintents=[1]", "sites[0]: intents: must be tables, each under [[sites.intents]]"),
        ("x = ", "top level: file: is not TOML"),
        ("[[queues]]\nname = 'Cards'", "queues[0]: key: is missing"),
        ("[[queues]]\nkey = 'a b'", "queues[0]: key: must be 1 to 64"),
        ("[[queues]]\nkey = 'a'\noffer_seconds = '25'", "queues[0]: offer_seconds: must be a whole number, not a str"),
        ("[[queues]]\nkey = 'a'\noffer_seconds = 2.5", "queues[0]: offer_seconds: must be a whole number, not a num"),
        ("[[queues]]\nkey = 'a'\noffer_seconds = true", "queues[0]: offer_seconds: must be a whole number, not true"),
        ("[[queues]]\nkey = 'a'\noffer_seconds = 0", "queues[0]: offer_seconds: must be 1 to 3600, and is 0"),
        ("[[queues]]\nkey = 'a'\nhours = 'nope'", "queues[0]: hours: there is no 'nope'"),
        ("[[queues]]\nkey = 'a'\ndispositions = []", "queues[0]: dispositions: must have 1 to"),
        ("[[queues]]\nkey = 'a'\n[[queues]]\nkey = 'a'", "queues[1]: key: 'a' is also the key of queues[0]"),
        ("[[queues]]\nkey = 'a'\nname = 'a\\u202eb'".replace("'", '"'), "queues[0]: name: must have no line breaks"),
        ("[[hours]]\nkey = 'h'", "hours[0]: monday: or another weekday is missing"),
        ("[[hours]]\nkey = 'h'\nzone = 'Mars/North'", "hours[0]: zone: 'Mars/North' is no time zone"),
        ("[[hours]]\nkey = 'h'\nmonday = ['8-20']", "hours[0]: monday: [0] '8-20' is not like 08:00-20:00"),
        ("[[hours]]\nkey = 'h'\nmonday = ['20:00-08:00']", "hours[0]: monday: [0] '20:00-08:00' is not like"),
        ("[[hours]]\nkey = 'h'\nmonday = ['08:00-24:30']", "hours[0]: monday: [0] '24:30' is not a time of a day"),
        ("[[hours]]\nkey = 'h'\nmonday = ['08:00-10:00', '09:00-11:00']", "hours[0]: monday: 08:00-10:00 and 09:00"),
        ("[[hours]]\nkey = 'h'\nclosed = ['2026-02-30']", "hours[0]: closed: [0] '2026-02-30' is no date"),
        ("[[agents]]\nusername = 'a b'", "agents[0]: username: must be 1 to 150"),
        ("[[agents]]\nusername = 'a'\nqueues = ['nope']", "agents[0]: queues: there is no 'nope'"),
        ("[[agents]]\nusername = 'a'\nskills = { x = 9 }", "agents[0]: skills: [x] must be 1 to 5, and is 9"),
        ("[[agents]]\nusername = 'a'\nrole = 'root'", "agents[0]: role: must be one of admin, agent, supervisor"),
        ("[[sites]]\nkey = 's'\nbrand = { font = 'x' }", "sites[0]: brand: knows color, logo, name"),
        ("[[sites]]\nkey = 's'\nbrand = { color = 'red' }", "sites[0]: brand: color: must be a colour like #0b5563"),
        (
            "[[sites]]\nkey = 's'\nbrand = { logo = 'https://evil.example/x.png' }",
            "sites[0]: brand: logo: must be the name of an image",
        ),
        (
            "[[sites]]\nkey = 's'\nbrand = { language = 'fr' }",
            "sites[0]: brand: language: must be one of en, de, es, ar",
        ),
        (
            "[[sites]]\nkey = 's'\n[sites.brand.texts.de]\ngreeting = 'Hallo {first}'",
            "sites[0]: brand: texts: de: greeting: knows {name} alone",
        ),
        ("[[sites]]\nkey = 's'\nallow_unverified = 1", "sites[0]: allow_unverified: must be true or false"),
        ("[[sites]]\nkey = 's'\n[[sites.intents]]\nkey = 'i'", "sites[0].intents[0]: queue: is missing"),
        (
            "[[sites]]\nkey = 's'\n[[sites.intents]]\nkey = 'i'\nqueue = 'nope'",
            "sites[0].intents[0]: queue: there is no",
        ),
        (
            SITE + "[[sites.intents]]\nkey = 'i'\nqueue = 'cards'\nchannels = ['fax']",
            "sites[0].intents[0]: channels: [0]",
        ),
        (
            SITE + "[[sites.intents]]\nkey = 'i'\nqueue = 'cards'\n[[sites.intents.actions]]\nkye = 'a'",
            "sites[0].intents[0].actions[0]: kye: is unknown; did you mean `key`?",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(problems: Callable[[str], list[str]], text: str, told: str) -> None:
    found = problems(text)
    assert any(entry.startswith(told) for entry in found), found


NUMBER = SITE + "[[sites.numbers]]\nnumber = '+442079460000'\nprovider = 'lab'\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            SITE + "[[sites.numbers]]\nnumber = '+442079460000'",
            "sites[0].numbers[0]: provider: is missing: lab, twilio",
        ),
        (SITE + "[[sites.numbers]]\nprovider = 'lab'", "sites[0].numbers[0]: number: is missing"),
        (NUMBER.replace("+44", "0"), "sites[0].numbers[0]: number: must be a number in full, like +442079460000"),
        (NUMBER.replace("+442079460000", "+0442079460000"), "sites[0].numbers[0]: number: must be a number in full"),
        (NUMBER.replace("+442079460000", "+44 20 7946 0000"), "sites[0].numbers[0]: number: must be a number in full"),
        (NUMBER.replace("'+442079460000'", "442079460000"), "sites[0].numbers[0]: number: must be a string"),
        (NUMBER.replace("'lab'", "'my lab'"), "sites[0].numbers[0]: provider: must be 1 to 64"),
        (NUMBER + "intent = 'nope'", "sites[0].numbers[0]: intent: there is no 'nope'"),
        (NUMBER + "intents = 'nope'", "sites[0].numbers[0]: intents: is unknown; did you mean `intent`?"),
        (
            NUMBER + "[[sites.numbers]]\nnumber = '+442079460000'\nprovider = 'twilio'",
            "sites[0].numbers[1]: number: '+442079460000' is also the number of sites[0].numbers[0]",
        ),
        (NUMBER.replace("[[sites.numbers]]", "[sites.numbers]"), "sites[0]: numbers: must be tables, each under"),
        (SITE + "calling = 3", "sites[0]: calling: must be a table"),
        (SITE + "calling = { quiet = '' }", "sites[0]: calling: knows consent, countries, per_customer_day"),
        (SITE + "calling = { countries = 'GB' }", "sites[0]: calling: [countries] must be a list"),
        (SITE + "calling = { countries = ['UK'] }", "sites[0]: calling: [countries] [0] 'UK' is no country like GB"),
        (SITE + "calling = { countries = ['gb'] }", "sites[0]: calling: [countries] [0] 'gb' is no country like GB"),
        (SITE + "calling = { quiet_hours = '21:00' }", "sites[0]: calling: [quiet_hours] '21:00' is not like 21:00-08"),
        (SITE + "calling = { quiet_hours = '21:00-25:00' }", "sites[0]: calling: [quiet_hours] "),
        (SITE + "calling = { quiet_hours = '08:00-08:00' }", "sites[0]: calling: [quiet_hours] "),
        (SITE + "calling = { slot_minutes = 4 }", "sites[0]: calling: [slot_minutes] must be 5 to 240, and is 4"),
        (SITE + "calling = { ring_seconds = 500 }", "sites[0]: calling: [ring_seconds] must be 5 to 120, and is 500"),
        (SITE + "calling = { per_site_hour = -1 }", "sites[0]: calling: [per_site_hour] must be 0 to 1000000"),
        (SITE + "calling = { per_customer_day = '3' }", "sites[0]: calling: [per_customer_day] must be a whole number"),
        (SITE + f"calling = {{ consent = '{'x' * 1001}' }}", "sites[0]: calling: [consent] "),
        ("[[agents]]\nusername = 'a'\naudio = 'amira'", "agents[0]: audio: must be empty, sip:amira@pbx.example.com"),
        ("[[agents]]\nusername = 'a'\naudio = 'sip:amira'", "agents[0]: audio: must be empty, sip:amira@"),
        ("[[agents]]\nusername = 'a'\naudio = 'sip:a@b>;x=<c'", "agents[0]: audio: must be empty, sip:amira@"),
        ("[[agents]]\nusername = 'a'\naudio = '020 7946 0000'", "agents[0]: audio: must be empty, sip:amira@"),
        ("[[agents]]\nusername = 'a'\naudio = 5", "agents[0]: audio: must be a string"),
    ],
)
def test_what_does_not_fit_a_phone_is_named_with_its_place(
    problems: Callable[[str], list[str]], text: str, told: str
) -> None:
    found = problems(text)
    assert any(entry.startswith(told) for entry in found), found


def test_a_number_has_one_site(apply: Callable[..., str], problems: Callable[[str], list[str]]) -> None:
    apply(NUMBER)
    other = NUMBER.replace('key = "harbour"', 'key = "neighbour"')
    assert problems(other) == ["sites[0].numbers[0]: number: belongs to the site 'harbour'"]


def test_a_number_has_one_site_within_a_file_too(problems: Callable[[str], list[str]]) -> None:
    numbers = NUMBER[len(SITE) :]
    found = problems(NUMBER + '[[sites]]\nkey = "neighbour"\n' + numbers)
    assert found == ["sites[1].numbers[0]: number: is also a number of sites[0]"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://www.harbour.example",
        "https://www.harbour.example/",
        "https://www.harbour.example/help",
        "https://www.harbour.example:443",
        "https://WWW.harbour.example",
        "https://user@harbour.example",
        "https://harbour.example:99999",
        "https://*.harbour.example",
        "https://bücher.example",
        "https://harbour.example 'unsafe-inline'",
        "harbour.example",
        "null",
        "",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(problems: Callable[[str], list[str]], origin: str) -> None:
    found = problems(f'[[sites]]\nkey = "s"\norigins = ["https://good.example", "{origin}"]\n')
    assert [line.startswith("sites[0]: origins: [1] ") for line in found] == [True]


def test_every_problem_is_told_at_once_and_nothing_is_done(problems: Callable[[str], list[str]]) -> None:
    text = FULL.replace('"Europe/London"', '"Moon"').replace("capacity = 3", "capacity = -1")
    text = text.replace('"http://127.0.0.1:8001"', '"http://a.example", "ftp://b.example"')
    found = problems(text + "\n[[sites.intents]]\nkey = 'lost-card'\nqueue = 'loans'\n")
    assert [": ".join(line.split(": ")[:2]) for line in found] == [
        "hours[0]: zone",
        "agents[0]: capacity",
        "sites[0]: origins",
        "sites[0]: origins",
        "sites[0].intents[2]: key",
        "sites[0].intents[2]: queue",
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (1024 * 1024 + 1), b"a = " + b"[" * 20_000 + b"]" * 20_000])
def test_a_file_that_cannot_be_read_is_told(problems: Callable[[bytes], list[str]], content: bytes) -> None:
    assert [line.startswith("top level: file: is ") for line in problems(content)] == [True]
