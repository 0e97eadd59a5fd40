"""Handoffs and what came of them, to look at: a state changes by a move, never by a form."""

from __future__ import annotations

from django.contrib import admin

from handoff.broker.models import Handoff, Survey, WrapUp
from handoff.realtime.admin import LookOnly, ModelAdmin, TabularInline


class WrapUpInline(LookOnly, TabularInline):
    model = WrapUp
    extra = 0


class SurveyInline(LookOnly, TabularInline):
    model = Survey
    extra = 0


@admin.register(Handoff)
class HandoffAdmin(LookOnly, ModelAdmin):
    fieldsets = [
        (None, {"fields": ["public_id", "state", "close_reason", "channel", "version"]}),
        ("Need", {"fields": ["site", "customer", "intent", "statement", "acr", "amr", "auth_time"]}),
        ("Place", {"fields": ["queue", "ranked_at", "is_left", "agent", "preferred_agent", "excluded_agent"]}),
        ("Times", {"fields": ["opened_at", "enqueued_at", "due_at", "expires_at", "connected_at", "ended_at"]}),
        ("End", {"fields": ["signed_out_at", "closed_at", "merged_into"]}),
    ]
    list_display = ["public_id", "state", "channel", "site", "customer", "intent", "queue", "agent", "opened_at"]
    list_select_related = ["site", "customer", "intent", "queue", "agent"]
    list_filter = ["state", "channel", "close_reason", "site", "queue"]
    search_fields = ["=public_id", "=customer__public_id", "=customer__subject", "customer__name"]
    search_help_text = "Id of the handoff or the customer, the site's reference, or a name"
    date_hierarchy = "opened_at"
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [WrapUpInline, SurveyInline]


@admin.register(WrapUp)
class WrapUpAdmin(LookOnly, ModelAdmin):
    list_display = ["handoff", "agent", "disposition", "at"]
    list_select_related = ["handoff", "agent"]
    list_filter = ["disposition", "handoff__queue", "agent"]
    search_fields = ["=handoff__public_id", "note"]
    date_hierarchy = "at"
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(Survey)
class SurveyAdmin(LookOnly, ModelAdmin):
    list_display = ["handoff", "effort", "comment", "at"]
    list_select_related = ["handoff"]
    list_filter = ["effort", "handoff__queue"]
    search_fields = ["=handoff__public_id", "comment"]
    date_hierarchy = "at"
    ordering = ["-id"]
    show_full_result_count = False
