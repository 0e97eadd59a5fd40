import functools

import django.db.models.deletion
from django.db import migrations, models

import handoff.lib.ids
from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0008_composer")]

    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(handoff.lib.ids.new_id, *("ar",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("key", models.SlugField(blank=True, max_length=64, null=True, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField(max_length=20000)),
                (
                    "language",
                    models.CharField(blank=True, help_text="Like en or de; empty: for everybody.", max_length=16),
                ),
                ("is_published", models.BooleanField(default=False, help_text="Customers may read it.")),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
                ("views", models.PositiveIntegerField(default=0)),
                ("useful_yes", models.PositiveIntegerField(default=0)),
                ("useful_no", models.PositiveIntegerField(default=0)),
                ("solved", models.PositiveIntegerField(default=0, help_text="Customers who needed no agent after it.")),
                ("intents", models.ManyToManyField(blank=True, related_name="articles", to="handoff.intent")),
                (
                    "sites",
                    models.ManyToManyField(
                        blank=True, help_text="None: every site.", related_name="articles", to="handoff.site"
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="handoff.agent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ArticleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField(max_length=20000)),
                ("language", models.CharField(blank=True, max_length=16)),
                ("intents", models.JSONField(default=list, help_text="Keys.")),
                ("sites", models.JSONField(default=list, help_text="Keys.")),
                ("is_published", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="handoff.article"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="handoff.agent"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("article", "number"), name="one_text_a_version")],
            },
        ),
        migrations.CreateModel(
            name="ArticleVote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("useful", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="votes", to="handoff.article"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="handoff.session"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("session__isnull", False)),
                        fields=("article", "session"),
                        name="one_vote_a_session",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("agent__isnull", False)),
                        fields=("article", "agent"),
                        name="one_vote_an_agent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(handoff.lib.ids.new_id, *("cn",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("key", models.SlugField(blank=True, max_length=64, null=True, unique=True)),
                ("shortcut", models.SlugField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(max_length=4000)),
                ("language", models.CharField(blank=True, max_length=16)),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("uses", models.PositiveIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canned_replies",
                        to="handoff.agent",
                    ),
                ),
                (
                    "queues",
                    models.ManyToManyField(
                        blank=True, help_text="The team's; none: every queue.", related_name="+", to="handoff.queue"
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="handoff.agent",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "canned replies",
                "indexes": [models.Index(fields=["owner", "deleted_at"], name="canned_by_owner")],
            },
        ),
        migrations.CreateModel(
            name="Deflection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("intent", models.CharField(blank=True, help_text="The key of what it was about.", max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("shown", "Shown"),
                            ("opened", "Opened"),
                            ("solved", "Solved"),
                            ("went_on", "Went On"),
                        ],
                        max_length=8,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deflections", to="handoff.article"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="handoff.session"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.site"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["site", "at"], name="deflections_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("session__isnull", False)),
                        fields=("session", "article", "kind"),
                        name="one_deflection_a_kind",
                    )
                ],
            },
        ),
        busy_tables.take("agent", "intent", "queue", "session", "site"),
    ]
