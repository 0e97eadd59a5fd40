"""Who works here, when, and on what, in the admin; accounts and their second factors too."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from handoff.realtime.admin import LinesField, LookOnly, ModelAdmin, ModelForm, TabularInline
from handoff.staffing import roles
from handoff.staffing.hours import date_problem, overlap_problem, span_problem
from handoff.staffing.models import Agent, AgentSkill, Hours, Queue, Skill, User
from handoff.staffing.opening import WEEKDAYS

# Taken from those admin modules above so that they are registered by now. Roles decide here, not groups; nobody has an
# e-mail address to confirm; and what a second factor holds is nobody's business.
admin.site.unregister([Group, EmailAddress, Authenticator])


def _day() -> LinesField:
    return LinesField(problem=span_problem, help_text="Spans like 08:00-20:00, one a line; empty: closed.")


class HoursForm(ModelForm):
    zone = forms.ChoiceField(choices=[(name, name) for name in sorted(available_timezones())], initial="UTC")
    monday = _day()
    tuesday = _day()
    wednesday = _day()
    thursday = _day()
    friday = _day()
    saturday = _day()
    sunday = _day()
    closed = LinesField(problem=date_problem, help_text="Dates like 2026-12-25, one a line.")

    class Meta:
        model = Hours
        fields = ["key", "zone", "closed"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in WEEKDAYS:
            self.initial.setdefault(day, self.instance.weekly.get(day, []))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.instance.weekly = {day: cleaned[day] for day in WEEKDAYS if cleaned.get(day)}
        if not self.instance.weekly and not self.errors:
            raise ValidationError("These hours never open: give at least one day a span.")
        for day, spans in self.instance.weekly.items():
            if problem := overlap_problem(spans):
                self.add_error(day, problem)
        return cleaned


@admin.register(Hours)
class HoursAdmin(ModelAdmin):
    form = HoursForm
    fields = ["key", "zone", *WEEKDAYS, "closed"]
    list_display = ["key", "zone"]
    search_fields = ["key"]
    ordering = ["key"]


@admin.register(Skill)
class SkillAdmin(ModelAdmin):
    list_display = ["key"]
    search_fields = ["key"]
    ordering = ["key"]


class QueueForm(ModelForm):
    dispositions = LinesField(longest=64, help_text="How a talk can end, one a line.")

    class Meta:
        model = Queue
        fields = ["key", "name", "hours", "offer_seconds", "max_waiting", "service_level_seconds", "dispositions"]

    def clean_dispositions(self) -> list[str]:
        words: list[str] = self.cleaned_data["dispositions"]
        if not words:
            raise ValidationError("Without one, no wrap-up could be finished.")
        return words

    def clean_offer_seconds(self) -> int:
        seconds: int = self.cleaned_data["offer_seconds"]
        if not 1 <= seconds <= 3600:
            raise ValidationError("1 to 3600 seconds.")
        return seconds


@admin.register(Queue)
class QueueAdmin(ModelAdmin):
    form = QueueForm
    list_display = ["name", "key", "hours", "offer_seconds", "max_waiting", "service_level_seconds"]
    list_select_related = ["hours"]
    search_fields = ["name", "key"]
    ordering = ["name"]


class AgentSkillInline(TabularInline):
    model = AgentSkill
    extra = 1


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    """The work itself (wanted, lease, missed offers) is the agent's own and the router's."""

    fields = [
        *("user", "name", "role", "capacity", "audio", "is_trainee", "queues"),
        *("public_id", "wanted", "after_current", "away_reason", "lease_expires_at", "missed_in_a_row"),
    ]
    readonly_fields = ["public_id", "wanted", "after_current", "away_reason", "lease_expires_at", "missed_in_a_row"]
    list_display = ["name", "user", "role", "capacity", "wanted", "lease_expires_at"]
    list_select_related = ["user"]
    list_filter = ["role", "is_trainee", "queues"]
    search_fields = ["name", "user__username"]
    autocomplete_fields = ["user"]
    filter_horizontal = ["queues"]
    ordering = ["name"]
    inlines = [AgentSkillInline]

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        roles.grant(obj)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["username"]


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["username", "password", "is_active"]


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin):  # type: ignore[type-arg]
    form = UserForm
    add_form = NewUserForm
    fieldsets = [
        (None, {"fields": ["username", "password", "is_active"]}),
        ("Rights, which follow the agent's role", {"fields": ["is_staff", "is_superuser"]}),
        ("Times", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["is_staff", "is_superuser", "last_login", "date_joined"]
    list_display = ["username", "agent", "is_active", "is_staff", "last_login"]
    list_select_related = ["agent"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "agent__name"]
    filter_horizontal = []


@admin.register(Authenticator)
class SecondFactorAdmin(LookOnly, ModelAdmin):
    """For the lost phone: take the second factor away, and let its owner set a new one up."""

    fields = ["user", "type", "created_at", "last_used_at"]
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    list_filter = ["type"]
    search_fields = ["user__username"]
    ordering = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("mfa.delete_authenticator")
