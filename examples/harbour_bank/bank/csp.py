"""A strict Content-Security-Policy that lets the help widget in and nothing else."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; script-src 'nonce-{nonce}' {help}; frame-src {help}; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class ContentSecurityPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]  # templates read it: {{ request.csp_nonce }}
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY.format(nonce=nonce, help=settings.HELP_ORIGIN)
        return response
