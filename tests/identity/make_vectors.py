"""Write token_vectors.json: tokens good and bad, with keys and a clock that never change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from handoff.identity.claims import VerifiedFact, VerifiedIdentity

FILE = Path(__file__).with_name("token_vectors.json")
NOW = 1_767_225_600
ISSUER = "harbour"
AUDIENCE = "https://help.example.com"
SECRET = "harbour-test-secret-of-forty-two-letters-!"
OTHER_SECRET = "another-test-secret-of-forty-two-letters-!"
EC_KEY = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"es256").digest(), "big") >> 1, ec.SECP256R1())
P384_KEY = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"es384").digest(), "big"), ec.SECP384R1())
ED_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"eddsa").digest())

Key = dict[str, Any]
Case = dict[str, Any]


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def as_json(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def as_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


HS = {"kid": "h1", "algorithm": "HS256", "secret": SECRET, "revoked": False}
HS_OLD = {"kid": "h0", "algorithm": "HS256", "secret": OTHER_SECRET, "revoked": True}
HS_NEXT = {"kid": "h2", "algorithm": "HS256", "secret": OTHER_SECRET, "revoked": False}
HS_WEAK = {"kid": "h1", "algorithm": "HS256", "secret": "short", "revoked": False}
ES = {"kid": "e1", "algorithm": "ES256", "public_key": as_pem(EC_KEY), "revoked": False}
ES_CURVE = {"kid": "e1", "algorithm": "ES256", "public_key": as_pem(P384_KEY), "revoked": False}
ED = {"kid": "d1", "algorithm": "EdDSA", "public_key": as_pem(ED_KEY), "revoked": False}


def sign(algorithm: str, signed: bytes, secret: str) -> bytes:
    if algorithm == "ES256":
        der = EC_KEY.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
    if algorithm == "EdDSA":
        return ED_KEY.sign(signed)
    return hmac.digest(secret.encode(), signed, hashlib.sha512 if algorithm == "HS512" else hashlib.sha256)


def make_token(header: object, payload: object, algorithm: str = "HS256", secret: str = SECRET) -> str:
    signed = f"{encode(as_json(header))}.{encode(as_json(payload))}"
    return f"{signed}.{encode(sign(algorithm, signed.encode(), secret))}"


def make_claims(**changes: object) -> dict[str, object]:
    """The least that a token may say, with changes; `...` takes a claim out."""
    base: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "cust-1",
        "iat": NOW - 10,
        "exp": NOW + 230,
        "jti": "Zm9ydHktdHdvLWJ5dGVz",
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def make_header(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {"alg": "HS256", "kid": "h1", "typ": "handoff-id+jwt"}
    return {name: value for name, value in (base | changes).items() if value is not ...}


def case(name: str, expect: str, token: str, keys: list[Key] | None = None, /, **identity: Any) -> Case:
    made: Case = {"name": name, "expect": expect, "token": token, "keys": keys or [HS]}
    made |= {"issuer": ISSUER, "audience": AUDIENCE, "now": NOW}
    if expect == "ok":
        said = {"subject": "cust-1", "jti": "Zm9ydHktdHdvLWJ5dGVz", "issued_at": NOW - 10, "expires_at": NOW + 230}
        made["identity"] = asdict(VerifiedIdentity(**({"issuer": ISSUER} | said | identity)))
    return made


def good_cases() -> Iterator[Case]:
    plain = make_claims()
    yield case("HS256", "ok", make_token(make_header(), plain))
    es, ed = make_header(alg="ES256", kid="e1"), make_header(alg="EdDSA", kid="d1")
    yield case("ES256", "ok", make_token(es, plain, "ES256"), [ES])
    yield case("EdDSA", "ok", make_token(ed, plain, "EdDSA"), [ED])
    yield case("one of several keys", "ok", make_token(es, plain, "ES256"), [HS_OLD, HS, ES, ED])
    yield case("typ JWT", "ok", make_token(make_header(typ="JWT"), plain))
    yield case("no kid, one live key", "ok", make_token(make_header(kid=...), plain), [HS_OLD, HS])
    yield case("header in another order", "ok", make_token(b'{ "typ":"JWT", "kid":"h1", "alg":"HS256" }', plain))
    full = {
        "auth_time": NOW - 180,
        "acr": "urn:bank:2",
        "amr": ["pwd", "otp"],
        "name": "Maya Chen",
        "email": "maya@example.com",
        "phone_number": "+44 20 7946 0958",
        "locale": "en-GB",
        "zoneinfo": "America/Argentina/Buenos_Aires",
    }
    facts = {"account": "..4821", "card.limit": {"label": "Limit", "value": 2500.5}, "vip": True, "branch": None}
    kept = (
        VerifiedFact("account", "account", "..4821"),
        VerifiedFact("card.limit", "Limit", 2500.5),
        VerifiedFact("vip", "vip", True),
        VerifiedFact("branch", "branch", None),
    )
    said = full | {"amr": ("pwd", "otp"), "facts": kept}
    yield case("every claim", "ok", make_token(make_header(), make_claims(**full, facts=facts)), **said)
    yield case("empty name counts as left out", "ok", make_token(make_header(), make_claims(name="", locale="")))
    arabic = make_claims(name="\u200f\u0645\u0627\u064a\u0627", sub="k\u00fcnde/7@bank")
    name = {"name": "\u0645\u0627\u064a\u0627", "subject": "k\u00fcnde/7@bank"}
    yield case("direction mark in a name is dropped", "ok", make_token(make_header(), arabic), **name)
    yield case("sub of 128", "ok", make_token(make_header(), make_claims(sub="s" * 128)), subject="s" * 128)


def edge_of_time_cases() -> Iterator[Case]:
    def timed(name: str, expect: str, /, **times: Any) -> Case:
        claims = make_claims(**times)
        said = {"issued_at": claims["iat"], "expires_at": claims["exp"], "auth_time": claims.get("auth_time")}
        return case(name, expect, make_token(make_header(), claims), **(said if expect == "ok" else {}))

    yield timed("lives 300 s", "ok", iat=NOW, exp=NOW + 300)
    yield timed("lives 301 s", "token_lifetime_too_long", iat=NOW, exp=NOW + 301)
    yield timed("lives ten years", "token_lifetime_too_long", exp=NOW + 315_360_000)
    yield timed("expired 29 s ago", "ok", iat=NOW - 200, exp=NOW - 29)
    yield timed("expired 30 s ago", "token_expired", iat=NOW - 200, exp=NOW - 30)
    yield timed("expired, whatever iat says", "token_expired", exp=NOW - 3600)
    yield timed("issued 330 s ago", "token_lifetime_too_long", iat=NOW - 330, exp=NOW - 29)
    yield timed("issued 331 s ago", "token_too_old", iat=NOW - 331, exp=NOW - 29)
    yield timed("a year-old iat", "token_too_old", iat=NOW - 31_536_000)
    yield timed("issued 30 s ahead", "ok", iat=NOW + 30, exp=NOW + 300)
    yield timed("issued 31 s ahead", "token_not_yet_valid", iat=NOW + 31, exp=NOW + 300)
    yield timed("issued after its end", "token_not_yet_valid", iat=NOW + 3600)
    yield timed("auth_time 30 s ahead", "ok", auth_time=NOW + 30)
    yield timed("auth_time 31 s ahead", "token_not_yet_valid", auth_time=NOW + 31)
    yield timed("exp equals iat", "token_claim_invalid", iat=NOW, exp=NOW)
    yield timed("exp before iat", "token_claim_invalid", iat=NOW + 10, exp=NOW - 10)


def malformed_cases() -> Iterator[Case]:
    token = make_token(make_header(), make_claims())
    head, body, signature = token.split(".")

    def bad(name: str, text: str) -> Case:
        return case(name, "token_malformed", text)

    yield bad("empty", "")
    yield bad("two parts", f"{head}.{body}")
    yield bad("four parts", f"{token}.{signature}")
    yield bad("trailing =", f"{token}=")
    yield bad("padded header", f"{head}=.{body}.{signature}")
    yield bad("line end", f"{token}\n")
    yield bad("leading blank", f" {token}")
    yield bad("standard base64", f"{head}.{body}+/.{signature}")
    yield bad("not ASCII", f"{head}.{body}\u00e9.{signature}")
    yield bad("impossible length", f"{head}.{body}.{signature[:-2]}")
    # The last character of 32 bytes carries two bits that mean nothing: another spelling of the same signature.
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield bad("spare bits set", f"{token[:-1]}{spare[spare.index(token[-1]) | 1]}")
    yield bad("header is no JSON", make_token(b"alg=HS256", make_claims()))
    yield bad("header is a list", make_token([], make_claims()))
    yield bad(
        "header says alg twice", make_token(b'{"alg":"none","alg":"HS256","kid":"h1","typ":"JWT"}', make_claims())
    )
    yield bad("header in UTF-16", make_token(json.dumps(make_header()).encode("utf-16"), make_claims()))
    yield bad("header is deep", make_token(b'{"alg":' + b"[" * 3000 + b"]" * 3000 + b"}", b"{}"))
    yield bad("payload is no JSON", make_token(make_header(), b"sub=1"))
    yield bad("payload is text", make_token(make_header(), "cust-1"))
    yield bad("payload is empty", make_token(make_header(), b" "))
    yield bad(
        "payload is not UTF-8", make_token(make_header(), as_json(make_claims(name="M\u00e4ya")).replace(b"\xc3", b""))
    )
    twice = as_json(make_claims())[:-1]
    yield bad("sub twice", make_token(make_header(), twice + b',"sub":"cust-2"}'))
    yield bad("sub twice, once escaped", make_token(make_header(), twice + b',"s\\u0075b":"cust-2"}'))
    yield bad("a fact twice", make_token(make_header(), twice + b',"facts":{"a":1,"a":2}}'))
    yield bad("NaN", make_token(make_header(), twice + b',"facts":{"a":NaN}}'))
    yield bad("an endless number", make_token(make_header(), twice + b',"auth_time":' + b"9" * 4400 + b"}"))
    yield bad("payload is deep", make_token(make_header(), twice + b',"facts":' + b"[" * 2500 + b"]" * 2500 + b"}"))
    yield bad("text after the object", make_token(make_header(), twice + b"}{}"))
    facts = {f"f{place}": "x" * 400 for place in range(20)}
    yield case("over 8 KiB", "token_too_large", make_token(make_header(), make_claims(facts=facts)))
    yield case("over 8 KiB of anything", "token_too_large", "." * 8193)


def header_cases() -> Iterator[Case]:
    plain = make_claims()

    def bad(name: str, expect: str, keys: list[Key] | None = None, /, **changes: object) -> Case:
        return case(name, expect, make_token(make_header(**changes), plain), keys)

    for field, value in {
        "jku": "https://evil.example/k",
        "x5u": "https://evil.example/c",
        "jwk": {},
        "crit": [],
    }.items():
        yield bad(f"header {field}", "token_header", **{field: value})
    yield bad("header b64", "token_header", b64=True, crit=["b64"])
    yield bad("header cty", "token_header", cty="JWT")
    yield bad("kid is a number", "token_header", kid=1)
    yield bad("kid is null", "token_header", kid=None)
    yield bad("typ at+jwt", "token_type", typ="at+jwt")
    yield bad("typ in small letters", "token_type", typ="jwt")
    yield bad("typ is a list", "token_type", typ=["JWT"])
    yield bad("no typ", "token_type", typ=...)
    yield bad("alg none", "token_alg_not_allowed", alg="none")
    yield bad("alg in small letters", "token_alg_not_allowed", alg="hs256")
    yield bad("alg is a list", "token_alg_not_allowed", alg=["HS256"])
    yield bad("no alg", "token_alg_not_allowed", alg=...)
    head, body, _ = make_token(make_header(alg="None"), plain).split(".")
    yield case("alg None without a signature", "token_alg_not_allowed", f"{head}.{body}.")
    yield case("HS512", "token_alg_not_allowed", make_token(make_header(alg="HS512"), plain, "HS512"))
    yield bad("key of another algorithm", "token_alg_not_allowed", [ES], kid="e1")
    forged = make_token(make_header(kid="e1"), plain, "HS256", as_pem(EC_KEY))
    yield case("public key as an HMAC secret", "token_alg_not_allowed", forged, [ES])
    yield bad("alg of another key", "token_alg_not_allowed", alg="EdDSA")
    weak = make_token(make_header(), plain, "HS256", "short")
    yield case("weak HMAC secret", "token_alg_not_allowed", weak, [HS_WEAK])
    curve = make_token(make_header(alg="ES256", kid="e1"), plain, "ES256")
    yield case("ES256 key on another curve", "token_alg_not_allowed", curve, [ES_CURVE])
    yield bad("unknown kid", "token_key_unknown", kid="h9")
    yield bad("empty kid", "token_key_unknown", kid="")
    yield bad("kid is a path", "token_key_unknown", kid="../../dev/null")
    yield bad("no kid, two live keys", "token_key_unknown", [HS, HS_NEXT], kid=...)
    revoked = make_token(make_header(kid="h0"), plain, "HS256", OTHER_SECRET)
    yield case("revoked key", "token_key_revoked", revoked, [HS, HS_OLD])
    yield bad("no kid, only a revoked key", "token_key_revoked", [HS_OLD], kid=...)


def signature_cases() -> Iterator[Case]:
    plain, token = make_claims(), make_token(make_header(), make_claims())
    head, body, signature = token.split(".")
    other = encode(as_json(make_claims(sub="cust-2")))

    def bad(name: str, text: str, keys: list[Key] | None = None) -> Case:
        return case(name, "token_signature", text, keys)

    yield bad("another secret", make_token(make_header(), plain, "HS256", OTHER_SECRET))
    yield bad("another payload", f"{head}.{other}.{signature}")
    yield bad("no signature", f"{head}.{body}.")
    yield bad("half a signature", f"{head}.{body}.{encode(base64.urlsafe_b64decode(signature + '=')[:16])}")
    yield bad("payload is not read before the signature", f"{head}.{encode(b'no JSON')}.{signature}")
    es = make_header(alg="ES256", kid="e1")
    head, body, _ = make_token(es, plain, "ES256").split(".")
    yield bad("ES256 of zeros", f"{head}.{body}.{encode(bytes(64))}", [ES])
    der = EC_KEY.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    yield bad("ES256 as DER", f"{head}.{body}.{encode(der)}", [ES])
    yield bad(
        "EdDSA of zeros", make_token(make_header(alg="EdDSA", kid="d1"), plain).rpartition(".")[0] + ".AAAA", [ED]
    )


def claim_cases() -> Iterator[Case]:
    def bad(name: str, expect: str = "token_claim_invalid", /, **changes: object) -> Case:
        return case(name, expect, make_token(make_header(), make_claims(**changes)))

    for claim in ("iss", "aud", "sub", "iat", "exp", "jti"):
        yield bad(f"no {claim}", "token_claim_missing", **{claim: ...})
    yield bad("another issuer", "token_issuer", iss="harbour2")
    yield bad("issuer in capitals", "token_issuer", iss="Harbour")
    yield bad("issuer is a list", "token_issuer", iss=["harbour"])
    yield bad("another audience", "token_audience", aud="https://help.example.org")
    yield bad("audience with a slash", "token_audience", aud="https://help.example.com/")
    yield bad("audience in a list", "token_audience", aud=[AUDIENCE])
    yield bad("several audiences", "token_audience", aud=[AUDIENCE, "https://other.example"])
    for kind, value in {
        "string": str(NOW + 200),
        "float": NOW + 200.0,
        "bool": True,
        "null": None,
        "negative": -1,
    }.items():
        yield bad(f"exp is a {kind}", exp=value)
        yield bad(f"iat is a {kind}", iat=value)
    yield bad("exp after the year 9999", exp=10**12)
    yield bad("auth_time is a float", auth_time=1.5)
    yield bad("auth_time is a bool", auth_time=False)
    for kind, value in {"empty": "", "129 characters": "s" * 129, "a number": 7, "null": None}.items():
        yield bad(f"sub is {kind}", sub=value)
    for kind, value in {"NUL": "a\x00b", "line end": "cust-1\n", "DEL": "a\x7f", "bidi override": "a\u202eb"}.items():
        yield bad(f"sub with {kind}", sub=value)
    lone = as_json(make_claims()).replace(b"cust-1", b"cust\\ud800")
    yield case("sub with a lone surrogate", "token_claim_invalid", make_token(make_header(), lone))
    for kind, value in {"empty": "", "short": "a" * 15, "long": "a" * 65, "with a line end": "a" * 20 + "\n"}.items():
        yield bad(f"jti is {kind}", jti=value)
    yield bad("jti is a number", jti=1234567890123456)
    yield bad("a typo", auth_tme=NOW)
    yield bad("nbf", nbf=NOW)
    yield bad("acr is a list", acr=["urn:bank:2"])
    yield bad("amr is a string", amr="pwd")
    yield bad("amr holds a number", amr=["pwd", 1])
    yield bad("amr is endless", amr=["pwd"] * 17)
    yield bad("name is null", name=None)
    yield bad("name is long", name="m" * 201)
    yield bad("email is none", email="maya")
    yield bad("phone_number is a number", phone_number=442079460958)
    yield bad("phone_number is words", phone_number="call me")
    yield bad("locale is a sentence", locale="the Queen's English")
    yield bad("zoneinfo climbs", zoneinfo="../../etc/passwd")


def fact_cases() -> Iterator[Case]:
    def bad(name: str, facts: object) -> Case:
        return case(f"facts: {name}", "token_claim_invalid", make_token(make_header(), make_claims(facts=facts)))

    yield bad("a list", ["account"])
    yield bad("fifty-one", {f"f{place}": 1 for place in range(51)})
    yield bad("key with a blank", {"my account": 1})
    yield bad("key of 65", {"k" * 65: 1})
    yield bad("a list as value", {"a": [1]})
    yield bad("an object as value", {"a": {"label": "A", "value": {}}})
    yield bad("a field too many", {"a": {"label": "A", "value": 1, "source": "desk"}})
    yield bad("no value", {"a": {"label": "A"}})
    yield bad("label is a number", {"a": {"label": 1, "value": 1}})
    yield bad("label of 101", {"a": {"label": "l" * 101, "value": 1}})
    yield bad("text of 4001", {"a": "x" * 4001})
    yield bad("NUL", {"a": "x\x00"})
    yield bad("beyond 2^53", {"a": 2**53 + 1})
    yield bad("beyond any float", {"a": 10**400})
    infinite = as_json(make_claims(facts={"a": 1})).replace(b'"a":1', b'"a":1e999')
    yield case("facts: 1e999", "token_claim_invalid", make_token(make_header(), infinite))
    most = {f"f{place}": 2**53 for place in range(50)}
    kept = tuple(VerifiedFact(key, key, value) for key, value in most.items())
    yield case("facts: fifty", "ok", make_token(make_header(), make_claims(facts=most)), facts=kept)
    text = VerifiedFact("a", "a", "x" * 4000)
    yield case(
        "facts: text of 4000", "ok", make_token(make_header(), make_claims(facts={"a": text.value})), facts=(text,)
    )


def order_cases() -> Iterator[Case]:
    """Two rules broken at once: the earlier one names the refusal."""
    late = make_claims(exp=NOW - 3600, iss="other", aud="other")
    yield case("times before audience", "token_expired", make_token(make_header(), late))
    both = make_claims(iss="other", aud="other")
    yield case("audience before issuer", "token_audience", make_token(make_header(), both))
    yield case("types before times", "token_claim_invalid", make_token(make_header(), make_claims(exp=0, sub="")))
    extra = make_header(jku="https://evil.example", kid="h9", typ="at+jwt")
    yield case("header names before key", "token_header", make_token(extra, make_claims()))
    forged = make_token(make_header(), late, "HS256", OTHER_SECRET)
    yield case("signature before claims", "token_signature", forged)


def make() -> list[Case]:
    makers = (
        good_cases,
        edge_of_time_cases,
        malformed_cases,
        header_cases,
        signature_cases,
        claim_cases,
        fact_cases,
        order_cases,
    )
    return [made for maker in makers for made in maker()]


def render() -> str:
    return json.dumps(make(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(render())
