"""Prometheus takes our alert rules, and they wake somebody when they should and not otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from deploy.shell import ROOT
from handoff.realtime import metrics

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus_alerts.yml"
CASES = DEPLOY / "prometheus_alerts_test.yml"
# 96 MB with what it depends on, which is more than all of these are worth to somebody who only runs the tests.
PROMTOOL = shutil.which("promtool")


def alerts() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"]}


def cases() -> list[dict[str, object]]:
    tests = yaml.safe_load(CASES.read_text())["tests"]
    return [case for test in tests for case in test["alert_rule_test"]]


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool, of Debian's package prometheus; the tests below do not")
@pytest.mark.parametrize("asked", [("check", RULES), ("test", CASES)], ids=["rules", "cases"])
def test_promtool_takes_the(asked: tuple[str, object]) -> None:
    verb, file = asked
    done = subprocess.run([str(PROMTOOL), verb, "rules", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_case_is_of_a_rule_and_each_rule_that_is_tried_fires_and_rests() -> None:
    tried = {str(case["alertname"]) for case in cases()}
    assert tried <= alerts().keys()
    fires = {str(case["alertname"]) for case in cases() if case.get("exp_alerts")}
    rests = {str(case["alertname"]) for case in cases() if not case.get("exp_alerts")}
    pages = {name for name, severity in alerts().items() if severity == "page"}
    assert pages <= fires, "whatever wakes somebody is tried"
    assert fires <= rests


@pytest.mark.parametrize("name", ["handoff_sends_total", "handoff_refusals_total"])
def test_what_wakes_somebody_by_its_rise_is_told_as_nought_from_the_start(name: str) -> None:
    """Prometheus sees no rise in a series that begins with 30."""
    expressions = re.findall(rf'increase\({name}{{(\w+)="(\w+)"}}', RULES.read_text())
    assert expressions
    counter = {"handoff_sends_total": metrics.SENDS, "handoff_refusals_total": metrics.REFUSALS}[name]
    told = [sample.labels for family in counter.collect() for sample in family.samples]
    for label, value in expressions:
        assert any(labels[label] == value for labels in told), (label, value)
