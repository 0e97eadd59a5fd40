"""What a page tells is bounded, redacted, and never more trusted than a page is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.journeys.context import (
    MAX_CONTEXT_BYTES,
    Step,
    check_size,
    clean_context,
    clean_facts,
    clean_line,
    clean_path,
    clean_steps,
    make_fact,
    merge_facts,
    merge_steps,
    stopped_at,
)
from handoff.lib.errors import DomainError

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
UPLOAD = {"name": "upload-receipt", "path": "/dispute/upload", "status": "failed", "error": "FILE_TOO_LARGE"}


def step(name: str | None = "upload", status: Any = "failed", seconds: int = 0, **rest: Any) -> Step:
    return Step(name=name, path="/dispute", status=status, at=NOW + timedelta(seconds=seconds), **rest)


def refuse(raw: object) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        clean_context(raw, now=NOW)
    return refusal.value


# -- steps


def test_step_is_kept_as_it_was_told() -> None:
    (kept,) = clean_steps([UPLOAD | {"title": "Upload receipt", "at": "2026-01-02T03:00:00.123Z"}], now=NOW)
    assert kept.to_wire() == UPLOAD | {"title": "Upload receipt", "at": "2026-01-02T03:00:00.123Z"}


def test_absent_stays_absent() -> None:
    (kept,) = clean_steps([{"path": "/", "title": "", "error": "\x01"}], now=NOW)
    assert kept.to_wire() == {"path": "/", "status": "started", "at": "2026-01-02T03:04:05.678Z"}


def test_steps_without_a_time_keep_their_order_and_their_number() -> None:
    kept = clean_steps([UPLOAD, UPLOAD, UPLOAD], now=NOW)
    assert [NOW - item.at for item in kept] == [timedelta(milliseconds=ms) for ms in (2, 1, 0)]
    assert len(merge_steps([], kept)) == 3


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2026-01-02T03:04:05.678Z", NOW),
        ("2026-01-02t04:04:05.6789+01:00", NOW),
        ("2026-01-02T03:04:05z", NOW.replace(microsecond=0)),
        ("2026-01-02T03:04:04.999999999Z", NOW.replace(second=4, microsecond=999_000)),
        ("2027-01-01T00:00:00Z", NOW),
        ("2020-01-01T00:00:00Z", NOW - timedelta(hours=24)),
        ("0001-01-02T00:00:00Z", NOW - timedelta(hours=24)),
    ],
)
def test_times_of_devices_count_within_the_last_day(at: str, kept: datetime) -> None:
    assert clean_steps([UPLOAD | {"at": at}], now=NOW)[0].at == kept
    assert clean_facts([{"key": "a", "value": 1, "at": at}], now=NOW)[0].at == kept


@pytest.mark.parametrize(
    "at",
    ["", "now", "2026-01-02", "2026-01-02T03:04:05", "20260102T030405Z", "2026-13-02T03:04:05Z", "2026-01-02T25:00:00Z",
     "0001-01-01T00:00:00+23:59", "2026-01-02T03:04:05Z\n", "\u0662026-01-02T03:04:05Z", 1767323045, None, True],
)  # fmt: skip
def test_times_that_are_none_are_refused(at: object) -> None:
    refusal = refuse({"steps": [UPLOAD, UPLOAD | {"at": at}]})
    assert (refusal.code, list(refusal.fields or {})) == ("invalid_request", ["journey.steps.1.at"])


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (None, "invalid_request", "journey"),
        ([], "invalid_request", "journey"),
        ({"step": []}, "unknown_field", "journey.step"),
        ({"\u202e": []}, "unknown_field", "journey.?"),
        ({"steps": {}}, "invalid_request", "journey.steps"),
        ({"steps": [UPLOAD] * 3 + [UPLOAD | {"status": "open"}]}, "invalid_request", "journey.steps.3.status"),
        ({"steps": [UPLOAD | {"status": ["failed"]}]}, "invalid_request", "journey.steps.0.status"),
        ({"steps": [UPLOAD | {"status": None}]}, "invalid_request", "journey.steps.0.status"),
        ({"steps": ["/"]}, "invalid_request", "journey.steps.0"),
        ({"steps": [{"name": "x"}]}, "invalid_request", "journey.steps.0.path"),
        ({"steps": [UPLOAD | {"path": None}]}, "invalid_request", "journey.steps.0.path"),
        ({"steps": [UPLOAD | {"title": 7}]}, "invalid_request", "journey.steps.0.title"),
        ({"steps": [UPLOAD | {"title": "a\x00"}]}, "invalid_request", "journey.steps.0.title"),
        ({"steps": [UPLOAD | {"name": "a\ud800"}]}, "invalid_request", "journey.steps.0.name"),
        ({"steps": [UPLOAD | {"tittle": "x"}]}, "unknown_field", "journey.steps.0.tittle"),
        ({"steps": [UPLOAD] * 51}, "context_too_large", "journey.steps"),
        ({"facts": [{"key": "a"}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"value": 1}]}, "invalid_request", "journey.facts.0.key"),
        ({"facts": [{"key": "a b", "value": 1}]}, "invalid_request", "journey.facts.0.key"),
        ({"facts": [{"key": "a\n", "value": 1}]}, "invalid_request", "journey.facts.0.key"),
        ({"facts": [{"key": 1, "value": 1}]}, "invalid_request", "journey.facts.0.key"),
        ({"facts": [{"key": "a", "value": [1]}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": float("nan")}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": float("-inf")}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": 2**53 + 1}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": 10**400}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": "\ud83d"}]}, "invalid_request", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": "x" * 4001}]}, "context_too_large", "journey.facts.0.value"),
        ({"facts": [{"key": "a", "value": 1, "label": "l" * 101}]}, "invalid_request", "journey.facts.0.label"),
        ({"facts": [{"key": "a", "value": 1, "label": None}]}, "invalid_request", "journey.facts.0.label"),
        ({"facts": [{"key": "a", "value": 1, "source": "oracle"}]}, "invalid_request", "journey.facts.0.source"),
        ({"facts": [{"key": "a", "value": 1, "source": True}]}, "invalid_request", "journey.facts.0.source"),
        ({"facts": [{"key": f"k{i}", "value": i} for i in range(101)]}, "context_too_large", "journey.facts"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_named_by_their_field(raw: object, code: str, field: str) -> None:
    refusal = refuse(raw)
    assert (refusal.code, list(refusal.fields or {})) == (code, [field])


def test_fields_of_a_bare_body_have_no_prefix() -> None:
    with pytest.raises(DomainError) as refusal:
        clean_context({"steps": [{}]}, now=NOW, where="")
    assert refusal.value.fields == {"steps.0.path": "is required"}


def test_long_texts_are_cut_and_not_refused() -> None:
    (kept,) = clean_steps([UPLOAD | {"title": "t" * 5000, "path": "/" + "p-" * 5000, "error": "e" * 999}], now=NOW)
    assert (len(kept.title or ""), len(kept.path), len(kept.error or "")) == (300, 1000, 200)


def test_titles_lose_what_hides_or_turns_text() -> None:
    (kept,) = clean_steps([UPLOAD | {"title": "a\x1b[31m\u202eb\u2066c\r\td\ne"}], now=NOW)
    assert kept.title == "a[31mbc\td\ne"


def test_card_numbers_never_get_in() -> None:
    card = "4111 1111 1111 1111"
    kept = clean_context(
        {
            "steps": [{"path": f"/pay/{card}?step={card}", "name": card, "title": card, "error": f"bad {card}"}],
            "facts": [
                {"key": "4111-1111-1111-1111", "label": card, "value": card},
                {"key": "number", "value": 4111111111111111},
                {"key": "number.float", "value": 4111111111111111.0},
            ],
        },
        now=NOW,
        allowed_parameters=["step"],
    )
    wire = json.dumps([item.to_wire() for item in [*kept.steps, *kept.facts]])
    assert wire.count("card ..1111") == 9
    assert "card..1111" in wire
    assert "1111111" not in wire


# -- paths


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("", "/"),
        ("/", "/"),
        ("/dispute/upload", "/dispute/upload"),
        ("/dispute?step=2&email=maya@example.com&x", "/dispute?step=2"),
        ("/dispute?email=maya@example.com", "/dispute"),
        ("/dispute#token=abc", "/dispute"),
        ("/a#b?step=1", "/a"),
        ("https://bank.example:8443/dispute?step=2", "/dispute?step=2"),
        ("https://maya:pw@bank.example", "/"),
        ("/a;jsessionid=1F2E/b", "/a/b"),
        ("/caf%C3%A9/menu", "/caf%C3%A9/menu"),
        ("/reset/3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c", "/reset/[token]"),
        ("/pay/4111%201111%201111%201111", "/pay/[card ..1111]"),
        ("/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/x/[token]"),
        ("/order/4111111111111112", "/order/4111111111111112"),
        ("/a?step=4111111111111111&token=t", "/a?step=[card ..1111]&token=[token]"),
        ("/a\n/b\x00\u202e", "/a /b"),
        ("//[::1", "//[::1"),
    ],
)
def test_paths_keep_where_and_lose_who(path: str, kept: str) -> None:
    assert clean_path(path, allowed_parameters=["step", "token"]) == kept


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="&#", codec="utf-8"), min_size=12))
def test_values_and_fragments_that_are_not_listed_are_dropped(path: str, secret: str) -> None:
    base = path.replace(secret, "").replace("?", "").replace("#", "")
    kept = clean_path(f"{base}?q={secret}&step=1#{secret}", allowed_parameters=["step"])
    assert kept.rpartition("?")[2] in ("step=1", kept) or len(kept) == 1000


# -- facts


def test_facts_of_a_page_are_observed_unless_the_customer_typed_them() -> None:
    facts = clean_facts(
        [{"key": f"k{place}", "value": 1} | said for place, said in enumerate(
            [{}, {"source": "observed"}, {"source": "stated"}, {"source": "verified"}, {"source": "desk"}]
        )],
        now=NOW,
    )  # fmt: skip
    assert [fact.source for fact in facts] == ["observed", "observed", "stated", "observed", "observed"]


def test_fact_says_what_it_is() -> None:
    (fact,) = clean_facts([{"key": "charge", "label": "Charge\u202e", "value": "GBP 42.10, Corner Cafe"}], now=NOW)
    assert fact.to_wire() == {
        "key": "charge",
        "label": "Charge",
        "value": "GBP 42.10, Corner Cafe",
        "source": "observed",
        "at": "2026-01-02T03:04:05.678Z",
    }


@pytest.mark.parametrize(
    "value", [True, False, None, 0, -1, 2**53, 1.5, "", "x" * 4000, "\u0645\u0631\u062d\u0628\u0627"]
)
def test_scalars_keep_their_kind(value: object) -> None:
    (fact,) = clean_facts([{"key": "a", "value": value}], now=NOW)
    assert fact.value == value
    assert type(fact.value) is type(value)


def test_later_fact_of_the_same_key_and_source_wins() -> None:
    first, second = (make_fact("a", "A", value, source="observed", at=NOW) for value in (1, 2))
    stated = replace(first, source="stated")
    assert merge_facts([first, stated], [second]) == [second, stated]
    assert clean_facts([{"key": "a", "value": 1}, {"key": "a", "value": 2}], now=NOW)[0].value == 2


def test_a_journey_holds_a_hundred_facts() -> None:
    facts = [make_fact(f"k{place}", None, place, source="observed", at=NOW) for place in range(100)]
    assert len(merge_facts(facts, facts)) == 100
    with pytest.raises(DomainError, match="context_too_large"):
        check_size((), merge_facts(facts, [replace(facts[0], source="desk")]))


def test_signed_facts_do_not_count_against_a_page() -> None:
    facts = [make_fact(f"k{place}", None, place, source="observed", at=NOW) for place in range(100)]
    signed = [make_fact(f"s{place}", None, "x" * 4000, source="verified", at=NOW) for place in range(50)]
    check_size((), merge_facts(facts, signed))


def test_vouched_facts_are_redacted_too() -> None:
    fact = make_fact("card", None, "4111 1111 1111 1111", source="verified", at=NOW)
    assert (fact.label, fact.value, fact.source) == ("card", "[card ..1111]", "verified")
    with pytest.raises(DomainError, match="invalid_request"):
        make_fact("a", 7, 1, source="desk", at=NOW)


def test_whole_context_is_bounded() -> None:
    text = "\u00e4" * 4000
    fitting = [{"key": f"k{place}", "value": text} for place in range(4)]
    clean_context({"facts": fitting}, now=NOW)
    assert refuse({"facts": [*fitting, {"key": "k4", "value": text}]}).code == "context_too_large"
    steps = clean_steps([UPLOAD | {"title": "t" * 300, "at": "2026-01-02T03:00:00Z"}] * 50, now=NOW)
    facts = clean_facts([*fitting[:1], {"key": "b", "value": "y" * 4000}], now=NOW)
    with pytest.raises(DomainError, match="context_too_large"):
        check_size(steps, facts)
    assert MAX_CONTEXT_BYTES == 32_768


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["failed", "stated"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(
    st.dictionaries(st.sampled_from(["name", "path", "title", "status", "error", "at"]), JSON, max_size=6), max_size=3
)
FACTS = st.lists(
    st.dictionaries(st.sampled_from(["key", "label", "value", "source", "at"]), JSON, max_size=5), max_size=3
)


@given(st.fixed_dictionaries({}, optional={"steps": STEPS | JSON, "facts": FACTS | JSON}) | JSON)
def test_any_json_is_refused_or_kept_and_never_crashes(raw: object) -> None:
    try:
        kept = clean_context(raw, now=NOW)
    except DomainError as refusal:
        known = refusal.code in {"invalid_request", "unknown_field", "context_too_large"}
    else:
        known = all(json.dumps(item.to_wire(), allow_nan=False).encode() for item in [*kept.steps, *kept.facts])
    assert known


# -- merging, and where the customer stopped


def test_resend_is_harmless() -> None:
    steps = [step("choose", "done", 1), step("upload", "failed", 2, error="X"), step("upload", "failed", 3, error="X")]
    once = merge_steps([], steps)
    assert once == steps
    assert merge_steps(once, steps) == once
    assert merge_steps(once, steps[1:]) == once


def test_late_steps_find_their_place() -> None:
    first, second, third = (step(name, "done", seconds) for seconds, name in enumerate("abc"))
    assert merge_steps([first, third], [second]) == [first, second, third]


def test_newest_fifty_are_kept() -> None:
    steps = [step(f"s{place}", "done", place) for place in range(70)]
    assert merge_steps(steps[:40], steps[40:]) == steps[20:]


@given(
    st.lists(
        st.builds(step, st.sampled_from("abc"), st.sampled_from(["done", "failed"]), st.integers(0, 99)), max_size=70
    )
)
def test_merging_is_idempotent_and_ordered(steps: list[Step]) -> None:
    merged = merge_steps([], steps)
    assert merge_steps(merged, merged) == merged
    assert merged == sorted(merged, key=lambda item: item.at)
    assert len(merged) == min(50, len(set(steps)))


@pytest.mark.parametrize(
    ("story", "stopped"),
    [
        ("", None),
        ("a+", None),
        ("a-", ("a", 1)),
        ("a- a-", ("a", 2)),
        ("a- b+ a-", ("a", 2)),
        ("a- a+", None),
        ("a- a+ a-", ("a", 2)),
        ("a- b- b+", ("a", 1)),
        ("a- b-", ("b", 1)),
        ("a- c+ d?", ("a", 1)),
        ("a- a?", ("a", 1)),
    ],
)
def test_stopped_at_the_last_failure_that_was_not_mended(story: str, stopped: tuple[str, int] | None) -> None:
    statuses = {"+": "done", "-": "failed", "?": "started"}
    found = stopped_at([step(name, statuses[sign], place) for place, (name, sign) in enumerate(story.split())])
    assert (found and (found.name, found.times)) == stopped


def test_stopped_at_carries_the_last_error_and_the_title() -> None:
    found = stopped_at([step(error="A"), step(error="B", title="Upload receipt")])
    assert found is not None
    assert found.to_wire() == {"name": "upload", "title": "Upload receipt", "error": "B", "times": 2}


def test_step_without_a_name_is_known_by_its_path() -> None:
    found = stopped_at([step(None)])
    assert found is not None
    assert found.name == "/dispute"


def test_line_is_redacted_after_hidden_characters_are_gone() -> None:
    assert clean_line("4111\u202e1111\x071111\u20661111") == "[card ..1111]"


def test_untimed_steps_of_quick_requests_keep_their_order() -> None:
    first = clean_steps([{"path": f"/{place}"} for place in range(5)], now=NOW)
    second = clean_steps([{"path": f"/{place}"} for place in range(5, 8)], now=NOW, after=first[-1].at)
    assert [step.path for step in merge_steps(first, second)] == [f"/{place}" for place in range(8)]
