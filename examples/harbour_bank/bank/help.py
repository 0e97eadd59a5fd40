"""What the help desk asks of a site's server: a signed token that says who is asking."""

import secrets
import time

import jwt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from bank.models import Customer

TOKEN_LIFE_SECONDS = 240  # the help desk accepts at most 300


def embedding(request: HttpRequest) -> dict[str, str]:
    """Give every template what the loader snippet needs."""
    return {"help_origin": settings.HELP_ORIGIN, "help_site": settings.HELP_SITE}


@require_GET
@never_cache
def help_token(request: HttpRequest) -> HttpResponse:
    customer = request.user
    if not isinstance(customer, Customer):
        return HttpResponse(status=204)
    now = int(time.time())
    claims = {
        "iss": settings.HELP_SITE,
        "aud": settings.HELP_ORIGIN,
        "sub": customer.number,
        "iat": now,
        "exp": now + TOKEN_LIFE_SECONDS,
        "jti": secrets.token_urlsafe(24),
        "auth_time": request.session["auth_time"],
        "acr": "urn:bank:2",
        "amr": request.session["amr"],
        "name": customer.full_name,
        "email": customer.email,
        "phone_number": customer.phone,
        "locale": "en-GB",
        "zoneinfo": "Europe/London",
        "facts": {
            "account": {"label": "Account", "value": customer.masked_account},
            "segment": {"label": "Segment", "value": customer.segment},
        },
    }
    headers = {"typ": "handoff-id+jwt"} | ({"kid": settings.HELP_KID} if settings.HELP_KID else {})
    token = jwt.encode(claims, settings.HELP_HMAC_SECRET, algorithm="HS256", headers=headers)
    return HttpResponse(token, content_type="text/plain")
