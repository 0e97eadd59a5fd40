"""Rules for calling, numbers that are never called, and what is owed, in the admin."""

from __future__ import annotations

from django.contrib import admin

from handoff.callbacks.models import Callback, CallingRules, Suppression
from handoff.realtime.admin import LookOnly, ModelAdmin


@admin.register(CallingRules)
class CallingRulesAdmin(ModelAdmin):
    list_display = ["site", "countries", "quiet_hours", "per_customer_day", "per_site_hour"]
    list_select_related = ["site"]


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):
    list_display = ["number", "site", "reason", "at"]
    list_select_related = ["site"]
    search_fields = ["number", "reason"]


@admin.register(Callback)
class CallbackAdmin(LookOnly, ModelAdmin):
    list_display = ["handoff", "starts_at", "ends_at", "time_zone", "attempts", "last_outcome", "next_at"]
    list_select_related = ["handoff"]
    search_fields = ["=handoff__public_id", "number"]
    ordering = ["-id"]
    show_full_result_count = False
