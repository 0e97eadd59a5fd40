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
            ],
        ),
        migrations.CreateModel(
            name="RecordRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Shift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wanted", models.BooleanField()),
                ("reason", models.CharField(blank=True, max_length=100)),
                ("began_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
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
            ],
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
            ],
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
            ],
            options={
                "verbose_name_plural": "watches",
            },
        ),
        busy_tables.take("handoff", "agent", "queue", "survey"),
        migrations.AddIndex(
            model_name="survey",
            index=models.Index(fields=["at"], name="surveys_by_time"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("state", "closed")), fields=["-closed_at", "-id"], name="closed_by_time"
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="handoff",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.handoff"
            ),
        ),
        migrations.AddField(
            model_name="recordread",
            name="agent",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.agent"),
        ),
        migrations.AddField(
            model_name="recordread",
            name="handoff",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.handoff"
            ),
        ),
        migrations.AddField(
            model_name="shift",
            name="agent",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.agent"),
        ),
        migrations.AddField(
            model_name="stint",
            name="agent",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="handoff.agent"),
        ),
        migrations.AddField(
            model_name="stint",
            name="handoff",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="stints", to="handoff.handoff"
            ),
        ),
        migrations.AddField(
            model_name="stint",
            name="queue",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.queue"),
        ),
        migrations.AddField(
            model_name="wait",
            name="handoff",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="waits", to="handoff.handoff"
            ),
        ),
        migrations.AddField(
            model_name="wait",
            name="queue",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="handoff.queue"),
        ),
        migrations.AddField(
            model_name="watch",
            name="agent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="handoff.agent"
            ),
        ),
        migrations.AddField(
            model_name="watch",
            name="handoff",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="handoff.handoff"
            ),
        ),
        migrations.AddIndex(
            model_name="recordread",
            index=models.Index(fields=["agent", "handoff", "-at"], name="reads_of_handoff"),
        ),
        migrations.AddIndex(
            model_name="shift",
            index=models.Index(fields=["until"], name="shifts_by_time"),
        ),
        migrations.AddIndex(
            model_name="shift",
            index=models.Index(fields=["agent", "-until"], name="shifts_of_agent"),
        ),
        migrations.AddIndex(
            model_name="stint",
            index=models.Index(fields=["began_at"], name="stints_by_time"),
        ),
        migrations.AddIndex(
            model_name="stint",
            index=models.Index(fields=["handoff", "began_at"], name="stints_of_handoff"),
        ),
        migrations.AddIndex(
            model_name="stint",
            index=models.Index(condition=models.Q(("ended_at__isnull", True)), fields=["agent"], name="stints_open"),
        ),
        migrations.AddIndex(
            model_name="wait",
            index=models.Index(fields=["began_at"], name="waits_by_time"),
        ),
        migrations.AddConstraint(
            model_name="wait",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["answered", "abandoned", "callback", "other"])),
                name="wait_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.UniqueConstraint(fields=("handoff", "agent"), name="one_watch_an_agent"),
        ),
    ]
