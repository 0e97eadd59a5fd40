"""The menu of a site in the admin, with what an agent may do about each line."""

from __future__ import annotations

from typing import Final

from django import forms
from django.contrib import admin

from handoff.intents.models import Intent, IntentAction
from handoff.realtime.admin import LinesField, ModelAdmin, ModelForm, TabularInline

CHANNELS: Final = ("chat", "callback", "phone", "voice")


class IntentForm(ModelForm):
    channels = forms.MultipleChoiceField(
        choices=[(word, word) for word in CHANNELS], widget=forms.CheckboxSelectMultiple, initial=["chat"]
    )
    required_acr = LinesField(help_text="What the site's sign-in must have reached, one a line.")

    class Meta:
        model = Intent
        fields = [
            *("site", "key", "label", "place", "queue", "skills", "channels"),
            *("head_start_minutes", "required_acr", "max_auth_age_seconds"),
        ]


class IntentActionForm(ModelForm):
    required_acr = LinesField()
    channels = LinesField(longest=64, help_text="One a line; empty: in every channel. A place like `branch`: not here.")

    class Meta:
        model = IntentAction
        fields = ["key", "label", "place", "required_acr", "max_auth_age_seconds", "channels"]


class IntentActionInline(TabularInline):
    model = IntentAction
    form = IntentActionForm
    extra = 0


@admin.register(Intent)
class IntentAdmin(ModelAdmin):
    form = IntentForm
    list_display = ["label", "site", "key", "place", "queue", "channels"]
    list_select_related = ["site", "queue"]
    list_filter = ["site", "queue"]
    search_fields = ["label", "key"]
    filter_horizontal = ["skills"]
    ordering = ["site", "place", "id"]
    inlines = [IntentActionInline]
