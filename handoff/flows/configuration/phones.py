"""The numbers of a site, and its rules for calling."""

from __future__ import annotations

from handoff.callbacks.models import CallingRules
from handoff.flows.configuration.changes import Changes, save
from handoff.flows.configuration.form import Record
from handoff.identity.models import Site
from handoff.telephony.models import PhoneNumber


def write(site: Site, record: Record, changes: Changes) -> None:
    """Numbers that the file does not name stay; their order in it is the order in which they are used."""
    for place, number in enumerate(record.tables.get("numbers", [])):
        _write_number(site, number, place, changes)
    if "calling" in record.values:
        _write_rules(site, record, changes)


def _write_number(site: Site, record: Record, place: int, changes: Changes) -> None:
    number = record.values["number"]
    row = PhoneNumber.objects.filter(number=number).first() or PhoneNumber(number=number, site=site)
    is_new = row._state.adding
    found = {"provider": record.values["provider"], "place": place}
    if "intent" in record.values:
        found["intent_key"] = record.values["intent"]
    told = save(row, found)
    if is_new:
        changes.created(f"number {number} of site {site.key}")
    else:
        changes.changed(f"number {number} of site {site.key}", told)


def _write_rules(site: Site, record: Record, changes: Changes) -> None:
    row = CallingRules.objects.filter(site=site).first() or CallingRules(site=site)
    is_new = row._state.adding
    told = save(row, dict(record.values["calling"]))
    if is_new:
        changes.created(f"calling rules of site {site.key}")
    else:
        changes.changed(f"calling rules of site {site.key}", told)
