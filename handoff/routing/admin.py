"""Offers to look at, with the router's reasons. Their tokens are not shown: one accepts an offer."""

from __future__ import annotations

from django.contrib import admin

from handoff.realtime.admin import LookOnly, ModelAdmin
from handoff.routing.models import Offer


@admin.register(Offer)
class OfferAdmin(LookOnly, ModelAdmin):
    fields = ["public_id", "handoff", "agent", "status", "reason", "why", "made_at", "expires_at", "ended_at"]
    list_display = ["public_id", "handoff", "agent", "status", "made_at", "ended_at"]
    list_select_related = ["handoff", "agent"]
    list_filter = ["status", "agent"]
    search_fields = ["=public_id", "=handoff__public_id"]
    date_hierarchy = "made_at"
    ordering = ["-id"]
    show_full_result_count = False
