"""Who opened what was over, in the admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from handoff.realtime.admin import LookOnly, ModelAdmin
from handoff.supervision.models import RecordRead


@admin.register(RecordRead)
class RecordReadAdmin(LookOnly, ModelAdmin):
    list_display = ["at", "agent", "handoff"]
    list_select_related = ["agent", "handoff"]
    list_filter = ["agent"]
    search_fields = ["handoff__public_id", "agent__name"]
    ordering = ["-at"]
