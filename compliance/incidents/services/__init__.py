"""Writes of incident files: record, add, judge, read marks, pack."""

from compliance.incidents.services.evidence import add_evidence
from compliance.incidents.services.packing import build_package, fail_package, request_package
from compliance.incidents.services.reading import ask_reading, note_readings
from compliance.incidents.services.recording import (
    add_answer,
    add_note,
    add_notice,
    change_state,
    record_incident,
    refresh_licences,
)

__all__ = [
    "add_answer",
    "add_evidence",
    "add_note",
    "add_notice",
    "ask_reading",
    "build_package",
    "change_state",
    "fail_package",
    "note_readings",
    "record_incident",
    "refresh_licences",
    "request_package",
]
