"""The two things a site loads from us: the loader, and the page inside its frame."""

from __future__ import annotations

import json
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from handoff.identity.brand import texts_of
from handoff.identity.models import Site
from handoff.widget.build import part_path
from handoff.widget.languages import Language, choose
from handoff.widget.looks import colours_address, logo_address
from handoff.widget.words import say

LOADER: Final = "dist/widget.js"
# What the loader fetches itself, once it shows the panel.
SHOWING: Final = "dist/show.js"
LOADER_SECONDS: Final = 300
# What the panel asks for once it is at rest, and a person with an open talk at once.
AHEAD: Final = ("later", "phone")


@gzip_page
@require_GET
def loader(request: HttpRequest) -> HttpResponse:
    """`/widget.js`: small, cached briefly, usable from every site."""
    return _script(LOADER)


@gzip_page
@require_GET
def showing(request: HttpRequest) -> HttpResponse:
    """`/widget/show.js`: its second part, which a browser takes from another origin only where that is said."""
    response = _script(SHOWING)
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _script(name: str) -> HttpResponse:
    path = finders.find(name)
    if not isinstance(path, str):
        raise Http404("The loader is not built.")
    with open(path, "rb") as file:
        response = HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={LOADER_SECONDS}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_GET
def frame(request: HttpRequest) -> HttpResponse:
    """The panel's page; only the site's own origins may hold it."""
    key = request.GET.get("site", "")
    # PostgreSQL cannot even look for NUL.
    site = None if "\0" in key else Site.objects.filter(key=key).first()
    if site is None:
        raise Http404("No such site.")
    language = language_for(request, site)
    response = render(request, "widget/panel.html", _context(site, language))
    response["Content-Security-Policy"] = _policy(site)
    response["Permissions-Policy"] = "camera=(), geolocation=()"
    response["Cache-Control"] = "no-cache"
    patch_vary_headers(response, ["Accept-Language"])
    response.xframe_options_exempt = True
    return response


def language_for(request: HttpRequest, site: Site) -> Language:
    """`?lang=` is what the page that holds us says of itself."""
    accepted = request.headers.get("Accept-Language", "")
    return choose(asked=request.GET.get("lang", ""), accepted=accepted, default=site.brand.get("language", ""))


def _context(site: Site, language: Language) -> dict[str, Any]:
    name = site.brand.get("name") or site.name
    suffix = "" if language.base == "en" else f".{language.base}"
    return {
        "site_key": site.key,
        "site_name": name,
        "language": language,
        "panel": f"dist/panel{suffix}.js",
        "ahead": [part_path(f"{chunk}{suffix}") for chunk in AHEAD],
        "colours": colours_address(site),
        "logo": logo_address(site.brand),
        "texts_json": json.dumps(texts_of(site.brand, language=language.base)),
        "origins_json": json.dumps(site.origins),
        "title": say("help", language=language.base, site=name),
        "needs_script": say("needs_script", language=language.base, site=name),
    }


def _policy(site: Site) -> str:
    socket_origin = settings.PUBLIC_ORIGIN.replace("http", "ws", 1)
    holders = " ".join(site.origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {socket_origin}; frame-ancestors {holders}; base-uri 'none'; form-action 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'"
    )
