"""What the help desk asks of a site's server: a signed token that says who is asking, and how surely."""

import secrets
import time

import jwt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from bank.models import Customer

TOKEN_LIFE_SECONDS = 240  # the help desk accepts at most 300
# How long somebody who has confirmed with a code counts for more than somebody who is signed in.
CONFIRMED_SECONDS = 600
SIGNED_IN, CONFIRMED = "urn:bank:2", "urn:bank:3"


def embedding(request: HttpRequest) -> dict[str, str]:
    """Give every template what the loader snippet needs."""
    return {"help_origin": settings.HELP_ORIGIN, "help_site": settings.HELP_SITE}


@require_GET
@never_cache
def help_token(request: HttpRequest) -> HttpResponse:
    """The token; 204 where nobody is signed in; 202 and where to go if the sign-in is not what the help desk needs."""
    customer = request.user
    if not isinstance(customer, Customer):
        return lead_to("sign-in") if request.GET else HttpResponse(status=204)
    if not meets_need(request):
        return lead_to("confirm")
    now = int(time.time())
    claims = {
        "iss": settings.HELP_SITE,
        "aud": settings.HELP_ORIGIN,
        "sub": customer.number,
        "iat": now,
        "exp": now + TOKEN_LIFE_SECONDS,
        "jti": secrets.token_urlsafe(24),
        "auth_time": request.session["auth_time"],
        "acr": level_of(request),
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


def level_of(request: HttpRequest) -> str:
    return CONFIRMED if request.session.get("confirmed_at", 0) > time.time() - CONFIRMED_SECONDS else SIGNED_IN


def meets_need(request: HttpRequest) -> bool:
    """Whether the sign-in is of one of the asked levels, and recent enough; without a question it is."""
    levels, max_age = request.GET.get("acr_values", "").split(), request.GET.get("max_age", "")
    if levels and level_of(request) not in levels:
        return False
    return not max_age.isdecimal() or time.time() - request.session["auth_time"] <= int(max_age)


def lead_to(page: str) -> HttpResponse:
    return HttpResponse(status=202, headers={"Location": reverse(page)})
