"""How accounts come to be: an administrator makes them; nobody signs up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from handoff.lib import vault


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No sign-up page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """TOTP for every account that wants it; its secrets are encrypted like a site's keys."""

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text, secrets=_secrets())

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text, secrets=_secrets()).decode()


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
