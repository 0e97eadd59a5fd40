"""An article's own page, for a link in a talk or on a site; it says nothing about who reads it."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from handoff.knowledge.models import Article
from handoff.knowledge.prose import blocks_of
from handoff.widget.callback_page import POLICY
from handoff.widget.looks import colours_address

_SECONDS: Final = 60


@require_safe
def article(request: HttpRequest, article_id: str) -> HttpResponse:
    """What is published, for whoever has its address; a draft and an absent one are told the same: 404."""
    # PostgreSQL cannot even look for NUL.
    found = None if "\0" in article_id else Article.objects.filter(public_id=article_id, is_published=True).first()
    if found is None:
        raise Http404("No such article.")
    site = found.sites.order_by("pk").first() if found.sites.count() == 1 else None
    context = {
        "article": found,
        "blocks": blocks_of(found.body),
        "site_name": (site.brand.get("name") or site.name) if site else "",
        "colours": colours_address(site) if site else "",
    }
    response = render(request, "widget/article.html", context)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = f"public, max-age={_SECONDS}"
    response["Referrer-Policy"] = "no-referrer"
    return response
