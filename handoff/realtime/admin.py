"""What the admins of every room share, and the workers' signs of life. The log itself is not shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from handoff.realtime.models import ServerBeat, WorkerBeat

# Django's own classes take no type arguments when they run.
if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin, TabularInline, ModelForm = admin.ModelAdmin, admin.TabularInline, forms.ModelForm

MAX_LINES: Final = 500


class LookOnly:
    """Shown, and never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LinesField(forms.Field):
    """A list of words, one a line; `problem` says what is wrong with one of them."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60})

    def __init__(
        self, *, problem: Callable[[str], str | None] | None = None, longest: int = 200, help_text: str = "One a line."
    ) -> None:
        super().__init__(required=False, help_text=help_text)
        self.problem = problem
        self.longest = longest

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else (value or "").split("\n")
        words = [word for line in lines if (word := line.strip())]
        if problems := [*self._problems(words)]:
            raise ValidationError(problems)
        return words

    def _problems(self, words: list[str]) -> list[str]:
        found = [f"Too long: {word[:20]}..." for word in words if len(word) > self.longest]
        if len(words) > MAX_LINES:
            found.append(f"At most {MAX_LINES} lines.")
        if len(set(words)) < len(words):
            found.append("One line is there twice.")
        if self.problem is not None:
            found += [f"{word}: {problem}" for word in words if (problem := self.problem(word))]
        return found


@admin.register(WorkerBeat)
class WorkerBeatAdmin(LookOnly, ModelAdmin):
    list_display = ["name", "beat_at"]
    ordering = ["-beat_at"]


@admin.register(ServerBeat)
class ServerBeatAdmin(LookOnly, ModelAdmin):
    list_display = ["name", "since", "beat_at"]
    ordering = ["-beat_at"]
