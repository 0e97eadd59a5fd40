"""Which numbers are rung, in the forms in which people and networks write them."""

from __future__ import annotations

import time

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from handoff.callbacks.numbers import check_number, same_number
from handoff.lib.errors import DomainError

HERE = {"GB", "US"}
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
RUNG = ("FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "VOIP")
REFUSED = {
    "PREMIUM_RATE": "premium",
    "PERSONAL_NUMBER": "premium",
    "SHARED_COST": "shared_cost",
    "TOLL_FREE": "not_reachable",
    "UAN": "not_reachable",
    "VOICEMAIL": "not_reachable",
    "PAGER": "not_reachable",
}


def problem(text: str, *, countries: set[str] = HERE, default: str = "GB") -> str:
    with pytest.raises(DomainError) as caught:
        check_number(text, countries=countries, default_country=default)
    assert caught.value.code == "number_not_allowed"
    assert caught.value.fields is not None
    assert list(caught.value.fields) == ["phone"]
    assert len(text) < 4 or text not in caught.value.message, "a refusal repeats what was typed"
    return caught.value.fields["phone"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # Kept by Ofcom for drama; in no plan, and let through by a rule of ours.
        ("+44 7700 900001", "+447700900001"),
        ("+447700900999", "+447700900999"),
        ("07700 900001", "+447700900001"),
        ("01632 960123", "+441632960123"),
        # Kept by Ofcom for drama, and in the plan.
        ("020 7946 0000", "+442079460000"),
        ("0121 496 0999", "+441214960999"),
        # Kept for drama in North America.
        ("+1 202 555 0100", "+12025550100"),
        ("+1 (212) 555-0199", "+12125550199"),
        # How people write.
        ("0044 7700 900001", "+447700900001"),
        ("+44 (0)7700 900001", "+447700900001"),
        ("(+44) 7700-900001", "+447700900001"),
        ("+44.7700.900001", "+447700900001"),
        ("+44/7700/900001", "+447700900001"),
        ("  +44 7700 900001 ", "+447700900001"),
        ("+44\N{NO-BREAK SPACE}7700\N{NARROW NO-BREAK SPACE}900001", "+447700900001"),
        ("+44\N{NON-BREAKING HYPHEN}7700\N{EN DASH}900001", "+447700900001"),
        ("\N{LEFT-TO-RIGHT OVERRIDE}+44 7700 900001\N{POP DIRECTIONAL FORMATTING}", "+447700900001"),
        ("＋４４７７００９００００１", "+447700900001"),
        ("٠٧٧٠٠٩٠٠٠٠١", "+447700900001"),
    ],
)
def test_a_person_s_number_is_rung_in_its_one_form(text: str, number: str) -> None:
    assert check_number(text, countries=HERE, default_country="GB") == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "invalid"),
        ("+", "invalid"),
        ("++44 7700 900001", "invalid"),
        ("44+7700900001", "invalid"),
        ("call me", "invalid"),
        ("0800 FLOWERS", "invalid"),
        ("07700 90000", "invalid"),
        ("07700 9000011", "invalid"),
        ("+44 7700 901001 1", "invalid"),
        ("+1 555 555 0123", "invalid"),
        ("+210 555 0123", "invalid"),
        # Extensions, and what a modem would do.
        ("020 7946 0000 x3", "invalid"),
        ("020 7946 0000 ext. 3", "invalid"),
        ("020 7946 0000;ext=3", "invalid"),
        ("020 7946 0000,,1234", "invalid"),
        ("020 7946 0000#3", "invalid"),
        ("*31#07700900001", "invalid"),
        ("tel:+442079460000", "invalid"),
        ("sip:+442079460000@example.com", "invalid"),
        ("+44 7700 900001\n+44 909 879 0123", "invalid"),
        ("+44 7700 90000²", "invalid"),
        ("+44 7700 900001\0", "invalid"),
        ("\ud800+447700900001", "invalid"),
        # What the owner of the number sets the price of.
        ("0909 879 0123", "premium"),
        ("+44 909 879 0123", "premium"),
        ("0871 234 5678", "premium"),
        ("+44 70 1234 5678", "premium"),
        ("+1 900 555 0100", "premium"),
        ("+33 8 92 70 12 34", "premium"),
        ("+979 123 456 789", "premium"),
        ("+49 180 1 234567", "shared_cost"),
        # Emergency and short numbers, also behind a country code.
        ("999", "emergency"),
        ("9 9 9", "emergency"),
        ("112", "emergency"),
        ("911", "emergency"),
        ("000", "emergency"),
        ("٩٩٩", "emergency"),
        ("+44 999", "emergency"),
        ("+44 112", "emergency"),
        ("0044 999", "emergency"),
        ("+1 911", "emergency"),
        ("+61 000", "emergency"),
        ("+49 110", "emergency"),
        ("101", "not_reachable"),
        ("111", "not_reachable"),
        ("118118", "not_reachable"),
        ("116 123", "not_reachable"),
        ("+44 116123", "not_reachable"),
        # Organisations, machines, beepers.
        ("0800 111 1111", "not_reachable"),
        ("+1 800 555 0100", "not_reachable"),
        ("0300 123 4567", "not_reachable"),
        ("+44 7640 123456", "not_reachable"),
        ("+800 1234 5678", "not_reachable"),
        # Countries and networks that are not allowed, whatever their code is shared with.
        ("+33 6 12 34 56 78", "country"),
        ("+1 416 555 0100", "country"),
        ("+1 876 555 0100", "country"),
        ("+1 264 497 2000", "country"),
        ("+44 7797 712345", "country"),
        ("+44 1481 960001", "country"),
        ("+44 7624 123456", "country"),
        ("+881 6 1234 5678", "country"),
        ("+882 13 300655", "country"),
        ("+870 773 111 632", "country"),
    ],
)
def test_what_must_not_be_rung_is_refused_by_its_kind(text: str, expected: str) -> None:
    assert problem(text) == expected


def test_a_country_is_allowed_by_its_own_name() -> None:
    assert check_number("+447797712345", countries={"JE"}, default_country="GB") == "+447797712345"
    assert check_number("+14165550100", countries={"CA"}, default_country="GB") == "+14165550100"
    assert problem("+442079460000", countries={"JE"}) == "country"
    assert problem("+447700900001", countries={"US"}) == "country"
    assert problem("+442079460000", countries=set()) == "country"


def test_without_a_country_code_it_is_a_number_of_the_default_country() -> None:
    assert check_number("202 555 0100", countries=HERE, default_country="US") == "+12025550100"
    assert problem("07700 900001", default="US") == "invalid"


@pytest.mark.parametrize("kind", [*RUNG, *REFUSED])
def test_every_country_s_example_is_rung_or_refused_by_its_type(kind: str) -> None:
    """In its international and its national form; some 240 regions for the common types."""
    found = 0
    for region in REGIONS:
        example = phonenumbers.example_number_for_type(region, getattr(PhoneNumberType, kind))
        if example is None:
            continue
        found += 1
        whole = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        for text in (whole, phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)):
            if kind in REFUSED:
                assert problem(text, countries={region}, default=region) == REFUSED[kind], (region, text)
            else:
                assert check_number(text, countries={region}, default_country=region) == whole, (region, text)
    assert found >= 15


@pytest.mark.parametrize("kind", ["MOBILE", "FIXED_LINE"])
def test_no_country_s_example_is_rung_where_others_are_allowed(kind: str) -> None:
    for region in REGIONS:
        code = phonenumbers.country_code_for_region(region)
        others = {one for one in REGIONS if phonenumbers.country_code_for_region(one) != code}
        example = phonenumbers.example_number_for_type(region, getattr(PhoneNumberType, kind))
        if example is not None:
            whole = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            assert problem(whole, countries=others, default="GB") == "country", region


@pytest.mark.parametrize("region", REGIONS)
def test_no_country_s_emergency_number_is_rung(region: str) -> None:
    example = phonenumbers.shortnumberinfo._example_short_number_for_cost(region, 0)
    code = phonenumbers.country_code_for_region(region)
    for digits in {"112", "911", "999"} | ({example} if example else set()):
        for text in (digits, f"+{code}{digits}", f"+{code} {digits}"):
            assert problem(text, countries=set(REGIONS), default=region) in {"emergency", "not_reachable", "invalid"}


@pytest.mark.parametrize(
    "text", ["1" * 10_000, "٠" * 10_000, "+" * 10_000, "(" * 10_000, "+44 " * 10_000, "\u202a" * 10_000]
)
def test_a_flood_of_characters_is_refused_at_once(text: str) -> None:
    started = time.thread_time()
    for _ in range(100):
        assert problem(text) == "invalid"
    assert time.thread_time() - started < 1


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("+0123456789 ()-.٠١٢９", max_size=40))
def test_any_text_is_a_whole_number_or_a_refusal(text: str) -> None:
    try:
        found = check_number(text, countries=HERE, default_country="GB")
    except DomainError as refused:
        found = refused.code
    assert found == "number_not_allowed" or check_number(found, countries=HERE, default_country="US") == found


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("+447700900001", "+447700900001", True),
        ("+447700900001", "+44 7700 900001", True),
        ("+447700900001", "447700900001", True),
        ("+447700900001", "07700900001", True),
        ("+447700900001", "00447700900001", True),
        ("+447700900001", "sip:+447700900001@10.0.0.1", True),
        ("+447700900001", "sip:447700900001@10.0.0.1", True),
        ("+442079460000", "02079460000", True),
        ("+12025550100", "12025550100", True),
        ("+447700900001", "+447700900002", False),
        # The end of a number is not the number.
        ("+447700900001", "900001", False),
        ("+447700900001", "7700900002", False),
        ("+442079460000", "+12079460000", False),
        ("+12025550100", "+442025550100", False),
        ("+447700900001", "", False),
        ("", "", False),
        ("anonymous", "anonymous", False),
        ("sip:anonymous@anonymous.invalid", "sip:anonymous@anonymous.invalid", False),
        ("1000", "1000", False),
        ("+447700900001", "+447700900001" * 1000, False),
    ],
)
def test_a_caller_s_number_is_the_same_only_as_a_whole(one: str, other: str, is_same: bool) -> None:
    assert same_number(one, other, default_country="GB") is is_same
    assert same_number(other, one, default_country="GB") is is_same
