from django.db import migrations, models

from handoff.realtime import busy_tables

# Of a key neither who used it nor when is anything that an administrator has set.
_SET = {
    "agent_queues": "",
    "agentskill": "",
    "hours": "",
    "intent": "",
    "intent_skills": "",
    "queue": "",
    "site": "",
    "sitekey": " OF site_id, kid, algorithm, encrypted_secret, public_key, revoked_at",
    "skill": "",
}
# Never a number that counts: what was undone and what came after it would bear the same one.
_FUNCTION = """
CREATE OR REPLACE FUNCTION handoff_begin_edition() RETURNS trigger LANGUAGE plpgsql AS $begin$
BEGIN
  INSERT INTO handoff_edition (singleton, value) VALUES (true, gen_random_uuid()::text)
  ON CONFLICT (singleton) DO UPDATE SET value = EXCLUDED.value;
  RETURN NULL;
END
$begin$
"""
# Before the statement: whoever changes anything has this row's lock first, so that two of them take turns.
_TRIGGER = """
CREATE TRIGGER begin_edition BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE{columns} ON handoff_{table}
FOR EACH STATEMENT EXECUTE FUNCTION handoff_begin_edition()
"""
# Without one nothing is kept, and it may be long until somebody changes anything.
_FIRST = "INSERT INTO handoff_edition (singleton, value) VALUES (true, gen_random_uuid()::text)"


def watch(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_FUNCTION)
        for table, columns in _SET.items():
            schema_editor.execute(_TRIGGER.format(table=table, columns=columns))
        schema_editor.execute(_FIRST)


def let_be(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in _SET:
            schema_editor.execute(f"DROP TRIGGER begin_edition ON handoff_{table}")
        schema_editor.execute("DROP FUNCTION handoff_begin_edition")


class Migration(migrations.Migration):
    dependencies = [("handoff", "0013_beside_everybody")]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("singleton", models.BooleanField(default=True, unique=True)),
                ("value", models.CharField(max_length=36)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("singleton", True)), name="one_edition")]
            },
        ),
        busy_tables.take(*_SET),
        migrations.RunPython(watch, let_be),
    ]
