"""Articles and canned replies in the admin: to look at. They are written at the desk, where every version is kept."""

from __future__ import annotations

from django.contrib import admin

from handoff.knowledge.models import Article, CannedReply
from handoff.realtime.admin import LookOnly, ModelAdmin


@admin.register(Article)
class ArticleAdmin(LookOnly, ModelAdmin):
    list_display = ["title", "language", "is_published", "views", "solved", "useful_yes", "useful_no", "updated_at"]
    list_filter = ["is_published", "language"]
    search_fields = ["title", "=public_id"]
    ordering = ["-updated_at"]


@admin.register(CannedReply)
class CannedReplyAdmin(LookOnly, ModelAdmin):
    list_display = ["shortcut", "title", "language", "owner", "uses", "updated_at", "deleted_at"]
    list_select_related = ["owner"]
    search_fields = ["shortcut", "title", "=public_id"]
    ordering = ["shortcut"]
