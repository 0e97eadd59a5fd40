"""Sites and their keys in the admin; customers to look at. No secret is ever shown."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from handoff.identity.brand import KEYS as BRAND_KEYS
from handoff.identity.brand import LANGUAGES, brand_problems
from handoff.identity.models import Customer, Site, SiteKey
from handoff.identity.origins import origin_problem
from handoff.lib.clock import utc_now
from handoff.realtime.admin import LinesField, LookOnly, ModelAdmin, ModelForm, TabularInline

BRAND_FIELDS: Final = [f"brand_{key}" for key in BRAND_KEYS]
KEY_COLUMNS: Final = ("kid", "algorithm", "created_at", "last_used_at", "revoked_at")


class SiteForm(ModelForm):
    origins = LinesField(problem=origin_problem, help_text="One a line, like https://www.example.com.")
    query_parameters = LinesField(
        longest=64, help_text="Names of query parameters that a journey may keep, one a line."
    )
    brand_color = forms.CharField(required=False, help_text="Like #0b5563; what stands on it is made readable.")
    brand_logo = forms.CharField(
        required=False, help_text="The name of an image in the brand folder, like harbour.svg."
    )
    brand_name = forms.CharField(required=False, help_text="Beside the logo, or in its place; empty: the site's name.")
    brand_language = forms.ChoiceField(
        required=False, choices=[("", "English"), *((each, each) for each in LANGUAGES if each != "en")]
    )
    brand_texts = forms.JSONField(
        required=False,
        help_text='Own words, by language: {"de": {"greeting": "Guten Tag {name}", "launcher": "Hilfe"}}.',
    )

    class Meta:
        model = Site
        fields = ["key", "name", "origins", "allow_unverified", "allow_app_clients", "query_parameters"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update({f"brand_{key}": self.instance.brand.get(key, "") for key in BRAND_KEYS})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = {key: cleaned.get(f"brand_{key}") for key in BRAND_KEYS}
        brand = {key: value for key, value in given.items() if value}
        for problem in brand_problems(brand):
            key, _, told = problem.partition(": ")
            self.add_error(f"brand_{key}", f"It {told}." if told.startswith(("must", "knows")) else f"{told}.")
        self.instance.brand = brand
        return cleaned


class SiteKeyInline(LookOnly, TabularInline):
    model = SiteKey
    fields = readonly_fields = KEY_COLUMNS
    ordering = ["id"]
    extra = 0


@admin.register(Site)
class SiteAdmin(ModelAdmin):
    form = SiteForm
    fields = [
        "key",
        "name",
        "origins",
        *(f"brand_{key}" for key in BRAND_KEYS),
        "allow_unverified",
        "allow_app_clients",
        "query_parameters",
    ]
    list_display = ["name", "key", "origins", "allow_unverified", "live_keys"]
    search_fields = ["name", "key"]
    ordering = ["name"]
    inlines = [SiteKeyInline]

    @admin.display(description="live keys")
    def live_keys(self, site: Site) -> int:
        return site.keys.filter(revoked_at=None).count()


@admin.register(SiteKey)
class SiteKeyAdmin(LookOnly, ModelAdmin):
    """Keys come by `apply_config`, where a secret need not pass a browser; here they are revoked."""

    fields = ["site", *KEY_COLUMNS, "public_key"]
    list_display = ["site", *KEY_COLUMNS]
    list_select_related = ["site"]
    list_filter = ["site", "algorithm", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["kid", "site__key"]
    ordering = ["site", "-created_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("handoff.change_sitekey")

    @admin.action(permissions=["revoke"], description="Revoke selected keys, for good")
    def revoke(self, request: HttpRequest, chosen: QuerySet[SiteKey]) -> None:
        live = list(chosen.filter(revoked_at=None))
        chosen.filter(revoked_at=None).update(revoked_at=utc_now())
        for key in live:
            self.log_change(request, key, "Revoked.")
        told = f"{len(live)} revoked: tokens that they sign are refused from now on."
        self.message_user(request, told, messages.SUCCESS if live else messages.WARNING)


@admin.register(Customer)
class CustomerAdmin(LookOnly, ModelAdmin):
    fields = [
        *("public_id", "site", "subject", "name", "email", "phone_number", "locale", "zoneinfo"),
        *("created_at", "seen_at"),
    ]
    list_display = ["__str__", "site", "subject", "verified", "created_at", "seen_at"]
    list_select_related = ["site"]
    list_filter = ["site", ("subject", admin.EmptyFieldListFilter)]
    search_fields = ["=public_id", "=subject", "name", "=email"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(boolean=True)
    def verified(self, customer: Customer) -> bool:
        return customer.is_verified
