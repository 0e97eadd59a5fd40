"""The numbers of a site, in the admin."""

from __future__ import annotations

from django.contrib import admin

from handoff.realtime.admin import ModelAdmin
from handoff.telephony.models import PhoneNumber


@admin.register(PhoneNumber)
class PhoneNumberAdmin(ModelAdmin):
    list_display = ["number", "site", "provider", "intent_key", "place"]
    list_select_related = ["site"]
    list_filter = ["site", "provider"]
    search_fields = ["number"]
