"""Every rule of an identity token, by the vectors that any implementation can be held against."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import runpy
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handoff.identity.claims import OPTIONAL, REQUIRED
from handoff.identity.explanations import REMEDIES, explain
from handoff.identity.tokens import TokenCode, TokenRefused, VerificationKey, VerifiedIdentity, key_problem, verify

HERE = Path(__file__).parent
VECTORS: list[dict[str, Any]] = json.loads((HERE / "token_vectors.json").read_text())
GOOD = [vector for vector in VECTORS if vector["expect"] == "ok"]
BAD = [vector for vector in VECTORS if vector["expect"] != "ok"]
CODES = set(get_args(TokenCode))
HARBOUR = GOOD[0]


def read_keys(vector: dict[str, Any]) -> list[VerificationKey]:
    return [
        VerificationKey(key["kid"], key["algorithm"], (key.get("secret") or key["public_key"]).encode(), key["revoked"])
        for key in vector["keys"]
    ]


def ask(vector: dict[str, Any], token: str | bytes | None = None) -> VerifiedIdentity:
    return verify(
        vector["token"] if token is None else token,
        keys=read_keys(vector),
        issuer=vector["issuer"],
        audience=vector["audience"],
        now=vector["now"],
    )


def test_vectors_are_the_generators() -> None:
    made = runpy.run_path(str(HERE / "make_vectors.py"))
    assert (HERE / "token_vectors.json").read_text() == made["render"]()


def test_vectors_cover_every_code_and_algorithm() -> None:
    # A replay shows in the database alone.
    assert {vector["expect"] for vector in BAD} == CODES - {"token_replayed"}
    assert {key["algorithm"] for vector in GOOD for key in vector["keys"]} == {"HS256", "ES256", "EdDSA"}
    names = [vector["name"] for vector in VECTORS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["name"])
def test_s2_good_token_says_who_asks(vector: dict[str, Any]) -> None:
    identity = ask(vector)
    assert json.loads(json.dumps(asdict(identity))) == vector["identity"]
    assert ask(vector, vector["token"].encode()) == identity


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector["name"])
def test_s2_bad_token_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refusal:
        ask(vector)
    assert refusal.value.code == vector["expect"]


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector["name"])
def test_explanation_starts_with_the_code_and_says_how_to_mend_it(vector: dict[str, Any]) -> None:
    lines = explain(
        vector["token"],
        keys=read_keys(vector),
        issuer=vector["issuer"],
        audience=vector["audience"],
        now=vector["now"],
    )
    assert lines[0].startswith(vector["expect"] + ": ")
    assert REMEDIES[vector["expect"]] in lines[1]
    assert not any("harbour-test-secret" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_explanation_of_a_good_token() -> None:
    keys = read_keys(HARBOUR)
    lines = explain(HARBOUR["token"], keys=keys, issuer="harbour", audience=HARBOUR["audience"], now=HARBOUR["now"])
    assert lines[0].startswith("ok: the token is good for 230 s more")


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == CODES


def test_refusals_never_repeat_the_token() -> None:
    for vector in BAD:
        with pytest.raises(TokenRefused) as refusal:
            ask(vector)
        said = f"{refusal.value} {refusal.value.fields}"
        assert "evil.example" not in said
        assert "\u202e" not in said


def test_keys_do_not_print_their_secret() -> None:
    assert "secret" not in repr(read_keys(HARBOUR))


@pytest.mark.parametrize(
    ("algorithm", "material"),
    [
        ("HS256", b"x" * 31),
        ("HS256", b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----"),
        ("ES256", b"x" * 64),
        ("ES256", b"-----BEGIN PUBLIC KEY-----\n"),
        ("EdDSA", b""),
    ],
)
def test_unfit_key_material_is_named(algorithm: Any, material: bytes) -> None:
    assert key_problem(algorithm, material)


def test_public_key_of_another_algorithm_is_unfit() -> None:
    keys = {key.algorithm: key.material for vector in GOOD for key in read_keys(vector)}
    assert key_problem("ES256", keys["EdDSA"])
    assert key_problem("EdDSA", keys["ES256"])
    assert not any(key_problem(algorithm, material) for algorithm, material in keys.items())


def test_private_key_is_no_verification_key() -> None:
    made = runpy.run_path(str(HERE / "make_vectors.py"))
    serialization = made["serialization"]
    private = made["EC_KEY"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert key_problem("ES256", private)


@given(st.one_of(st.binary(max_size=9000), st.text(max_size=400), st.from_regex(r"\A[A-Za-z0-9_-]+(\.[\w-]*){1,3}\Z")))
@example("..")
@example("e30.e30.")
def test_anything_else_is_refused_and_never_crashes(token: str | bytes) -> None:
    with pytest.raises(TokenRefused) as refusal:
        ask(HARBOUR, token)
    assert refusal.value.code in CODES


@given(st.sampled_from(GOOD), st.data())
def test_any_flipped_bit_is_refused(vector: dict[str, Any], data: st.DataObject) -> None:
    """Of header, payload and signature alike, in their bytes."""
    parts = [bytearray(base64.urlsafe_b64decode(part + "==")) for part in vector["token"].split(".")]
    part = data.draw(st.sampled_from(parts))
    place = data.draw(st.integers(0, len(part) * 8 - 1))
    part[place // 8] ^= 1 << place % 8
    with pytest.raises(TokenRefused):
        ask(vector, ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts))


@given(st.sampled_from(GOOD), st.data())
def test_any_changed_character_is_refused(vector: dict[str, Any], data: st.DataObject) -> None:
    token: str = vector["token"]
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(codec="latin-1").filter(lambda other: other != token[place]))
    with pytest.raises(TokenRefused):
        ask(vector, token[:place] + character + token[place + 1 :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CLAIMS = st.sampled_from([*sorted(OPTIONAL), *REQUIRED, "nbf"])


def sign_changed(changes: dict[str, object]) -> str:
    head, body, _ = HARBOUR["token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==")) | changes
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    signature = hmac.digest(read_keys(HARBOUR)[0].material, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@given(st.dictionaries(CLAIMS, JSON, max_size=6))
def test_signed_nonsense_is_refused_or_read_and_never_crashes(changes: dict[str, object]) -> None:
    made = sign_changed(changes)
    with contextlib.suppress(TokenRefused):
        identity = ask(HARBOUR, made)
        json.dumps(asdict(identity), allow_nan=False).encode()
        assert 1 <= len(identity.subject) <= 128
