"""`apply_config` and signing keys: none is replaced, none is shown but a new one, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from handoff.identity.keys import decrypt, keys_of
from handoff.identity.models import Site, SiteKey
from handoff.lib.clock import utc_now
from tests.configuration.desk_file import FULL, OTHER_SECRET, PASSWORD, SECRET, SITE

pytestmark = pytest.mark.django_db


def public_pem(key: Any) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def with_key(material: str, kid: str = "") -> str:
    return SITE + material + (f'\nkid = "{kid}"\n' if kid else "\n")


def test_a_secret_is_encrypted_at_rest_and_never_printed(apply: Callable[..., str]) -> None:
    printed = apply(FULL) + apply(FULL, "--json")
    key = SiteKey.objects.get()
    assert (key.algorithm, decrypt(key.encrypted_secret)) == ("HS256", SECRET.encode())
    assert SECRET not in printed + key.encrypted_secret
    assert PASSWORD not in printed


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [(ed25519.Ed25519PrivateKey.generate(), "EdDSA"), (ec.generate_private_key(ec.SECP256R1()), "ES256")],
)
def test_a_public_key_tells_its_algorithm(apply: Callable[..., str], private: Any, algorithm: str) -> None:
    pem = public_pem(private)
    text = with_key(f"public_key = '''\n{pem}'''")
    apply(text)
    assert [(key.algorithm, key.material.decode()) for key in keys_of(Site.objects.get())] == [(algorithm, pem)]
    assert apply(text.replace(pem, "\n" + pem + "\n\n")) == "nothing changed\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('hmac_secret = "too short"', "hmac_secret: An HS256 secret needs at least 32 bytes."),
        ("hmac_secret = 5", "hmac_secret: must be a string"),
        ('public_key = "nonsense"', "public_key: must be a public key in PEM form"),
        (f"public_key = '''{public_pem(rsa.generate_private_key(65537, 2048))}'''", "public_key: must be a P-256 key"),
        (f"public_key = '''{public_pem(ec.generate_private_key(ec.SECP384R1()))}'''", "public_key: must be a P-256"),
        ('public_key = "-----BEGIN PRIVATE KEY-----"', "public_key: is a private key"),
        (f'hmac_secret = "{SECRET}"\npublic_key = ""', "public_key: stands beside hmac_secret"),
        ('kid = "k1"', "public_key: or hmac_secret is missing"),
        (f'hmac_secret = "{SECRET}"\nkid = "k 1"', "kid: must be 1 to 64"),
        (f'hmac_secret = "{SECRET}"\n[[sites.keys]]\nhmac_secret = "{SECRET}"', "kid: this key is also the key of"),
    ],
)
def test_an_unfit_key_is_refused(problems: Callable[[str], list[str]], line: str, told: str) -> None:
    found = problems(SITE + line)
    assert any(entry.startswith("sites[0]") and told in entry for entry in found), found
    assert SECRET not in "".join(found)


def test_several_keys_live_at_once(apply: Callable[..., str]) -> None:
    more = f'[[sites.keys]]\nkid = "k2"\nhmac_secret = "{OTHER_SECRET}"\n'
    apply(with_key(f'hmac_secret = "{SECRET}"', "k1") + more)
    assert [key.kid for key in SiteKey.objects.order_by("id")] == ["k1", "k2"]


def test_a_kid_never_changes_its_key(apply: Callable[..., str], problems: Callable[[str], list[str]]) -> None:
    apply(with_key(f'hmac_secret = "{SECRET}"', "k1"))
    found = problems(with_key(f'hmac_secret = "{OTHER_SECRET}"', "k1"))
    assert found == ["sites[0]: kid: 'k1' names another key already; rotate: give the new key a new kid"]
    assert "created key k2" in apply(with_key(f'hmac_secret = "{OTHER_SECRET}"', "k2"))
    assert SiteKey.objects.count() == 2


def test_a_key_keeps_the_kid_it_has(apply: Callable[..., str], problems: Callable[[str], list[str]]) -> None:
    apply(with_key(f'hmac_secret = "{SECRET}"', "k1"))
    assert apply(with_key(f'hmac_secret = "{SECRET}"')) == "nothing changed\n"
    assert problems(with_key(f'hmac_secret = "{SECRET}"', "k9")) == [
        "sites[0]: kid: this key is known already, as 'k1'"
    ]


def test_a_revoked_key_stays_revoked(apply: Callable[..., str]) -> None:
    apply(FULL)
    SiteKey.objects.update(revoked_at=utc_now())
    assert apply(FULL) == "nothing changed\n"
    assert SiteKey.objects.get().revoked_at is not None


def test_a_site_without_a_key_gets_a_secret_shown_once(apply: Callable[..., str]) -> None:
    answer = json.loads(apply(SITE, "--json"))
    key = SiteKey.objects.get()
    made = answer["secrets"]["harbour"]
    assert made == {"kid": key.kid, "hmac_secret": decrypt(key.encrypted_secret).decode()}
    assert len(made["hmac_secret"]) >= 32
    assert answer["changed"] == [
        "created queue cards",
        "created site harbour",
        f"created key {key.kid} of site harbour (HS256)",
    ]
    assert json.loads(apply(SITE, "--json")) == {"changed": [], "secrets": {}}
    # Given in the file from then on, it is the same key.
    assert apply(with_key(f'hmac_secret = "{made["hmac_secret"]}"')) == "nothing changed\n"


def test_without_json_the_new_secret_has_its_own_line(apply: Callable[..., str]) -> None:
    last = apply(SITE).splitlines()[-1]
    assert last.endswith(decrypt(SiteKey.objects.get().encrypted_secret).decode())
    assert "shown this once" in last


def test_another_secret_key_of_the_deployment_is_told(
    apply: Callable[..., str], problems: Callable[[str], list[str]], settings: Any
) -> None:
    apply(FULL)
    settings.SECRET_KEY = "a key of the deployment that is not the one before"
    assert problems(FULL) == ["top level: sites: the stored keys cannot be read: SECRET_KEY is another than before"]
