import django.db.models.deletion
from django.db import migrations, models

from handoff.realtime import busy_tables


class Migration(migrations.Migration):
    dependencies = [("handoff", "0009_knowledge")]

    operations = [
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("low_seconds", models.PositiveIntegerField()),
                ("high_seconds", models.PositiveIntegerField()),
                (
                    "handoff",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.handoff"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecordRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.handoff"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "handoff", "-at"], name="reads_of_handoff")],
            },
        ),
        migrations.CreateModel(
            name="Shift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wanted", models.BooleanField()),
                ("reason", models.CharField(blank=True, max_length=100)),
                ("began_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.agent"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["until"], name="shifts_by_time"),
                    models.Index(fields=["agent", "-until"], name="shifts_of_agent"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Stint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField()),
                ("slot", models.PositiveIntegerField(help_text="The half hour it began in, counted from 1970.")),
                ("talked_until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("seconds", models.FloatField(help_text="Talk and wrap-up together, once it is over.", null=True)),
                ("ended_by", models.CharField(blank=True, help_text="The move that ended it.", max_length=13)),
                ("is_simulated", models.BooleanField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stints", to="handoff.handoff"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.queue"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["began_at"], name="stints_by_time"),
                    models.Index(fields=["handoff", "began_at"], name="stints_of_handoff"),
                    models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["agent"], name="stints_open"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wait",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField()),
                ("slot", models.PositiveIntegerField(help_text="The half hour it began in, counted from 1970.")),
                ("seconds", models.FloatField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("answered", "Answered"),
                            ("abandoned", "Abandoned"),
                            ("callback", "Callback"),
                            ("other", "Other"),
                        ],
                        max_length=9,
                    ),
                ),
                ("is_first", models.BooleanField()),
                ("is_simulated", models.BooleanField()),
                ("promised_low", models.PositiveIntegerField(null=True)),
                ("promised_high", models.PositiveIntegerField(null=True)),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="waits", to="handoff.handoff"
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.queue"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["began_at"], name="waits_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["answered", "abandoned", "callback", "other"])),
                        name="wait_outcome_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                (
                    "joined_at",
                    models.DateTimeField(help_text="From then on they write to the customer too.", null=True),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="handoff.agent"
                    ),
                ),
                (
                    "handoff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="handoff.handoff"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("handoff", "agent"), name="one_watch_an_agent")],
                "verbose_name_plural": "watches",
            },
        ),
        busy_tables.take("handoff", "agent", "queue"),
    ]
