"""Calls and what providers are still to be asked, to look at."""

from __future__ import annotations

from django.contrib import admin

from handoff.calls.models import Call, CallTask
from handoff.realtime.admin import LookOnly, ModelAdmin, TabularInline


class CallTaskInline(LookOnly, TabularInline):
    model = CallTask
    extra = 0


@admin.register(Call)
class CallAdmin(LookOnly, ModelAdmin):
    list_display = ["public_id", "direction", "status", "outcome", "site", "handoff", "agent", "evidence", "created_at"]
    list_select_related = ["site", "handoff", "agent"]
    list_filter = ["direction", "status", "outcome", "provider", "site"]
    search_fields = ["=public_id", "=handoff__public_id", "=provider_id", "=caller", "=called"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [CallTaskInline]
