"""Attach the papers of a shoot to a version: their hash, what was read out of them, their text under seal."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common.errors import InvalidInput, TooLarge
from common.ids import new_id
from provenance.graph.cleaning import clean_name, clean_value
from provenance.graph.custody.asking import READ_KINDS, facts_of
from provenance.graph.models import CustodyDocument, DocumentKind, EventKind
from provenance.graph.sealing import open_text
from provenance.graph.services.people import person_behind, production_to_record
from provenance.graph.services.recording import lock_graph, production_of, recorder_for
from provenance.graph.services.subjects import talents_of_version

DOCUMENT_BYTES_MOST = 32 << 20
_TEXT_BYTES_MOST = 200_000
_NAMELESS = frozenset({"format", "width", "height", "pixel_type", "clips_in_all", "takes_in_all"})
_PAPER = "paper"


def attach_document(
    *, principal: Principal, version_id: UUID, kind: str, name: str, path: Path, on_behalf_of: str = ""
) -> CustodyDocument:
    """Attach a file to a version; the file itself stays where it is, its hash and facts are kept.

    Call sheets, dailies and camera reports name people: their text, where it is text, is sealed under the
    production's key and those of the talents it may be about. So is what was read out of headers, logs, timelines and
    tables of takes, but for sizes and counts: anybody's name may stand there, in the name of a clip too. The same file
    attached twice to a version is one document.

    Raises:
        NotFound: the version is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
        InvalidInput: ``DOCUMENT_KIND_UNKNOWN``, ``DOCUMENT_EMPTY`` or ``DOCUMENT_UNREADABLE``.
        TooLarge: ``DOCUMENT_TOO_LARGE``.
    """
    production = production_to_record(principal, production_of(principal, version_id).pk)
    if kind not in DocumentKind.values:
        raise InvalidInput(
            "DOCUMENT_KIND_UNKNOWN", "There is no such kind of document.", ", ".join(DocumentKind.values)
        )
    size = path.stat().st_size
    if size == 0:
        raise InvalidInput("DOCUMENT_EMPTY", "The document is empty.")
    if size > DOCUMENT_BYTES_MOST:
        raise TooLarge("DOCUMENT_TOO_LARGE", "A document has at most 32 MB.")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    found = CustodyDocument.objects.filter(version_id=version_id, kind=kind, sha256=digest).first()
    if found is not None:
        return found
    facts = clean_value(facts_of(kind, path), what="facts")
    with transaction.atomic():
        lock_graph(production)
        recorder = recorder_for(principal, production)
        paper = None if kind in READ_KINDS else _text_of(data)
        facts, text = _apart(facts, paper) if facts else ({}, paper)
        subjects = talents_of_version(version_id, production) if text is not None else []
        sealed = recorder.book.seal(text, subjects=subjects) if text is not None else None
        document_id = new_id()
        told = {
            "version": str(version_id),
            "kind": kind,
            "name": clean_name(name, most=200, what="name"),
            "sha256": digest,
            "size_bytes": size,
            "facts": facts,
            "text": str(sealed.pk) if sealed else None,
        }
        person = person_behind(principal, on_behalf_of)
        recorder.book.say(EventKind.DOCUMENT_ATTACHED, document_id, told, person=person)
        recorder.close()
    return CustodyDocument.objects.get(pk=document_id)


def facts_told(document: CustodyDocument) -> dict[str, Any]:
    """What was read out of a document: all of it, or what names nobody where its text is not to be read.

    It is not after an erasure, nor where there is none: facts that were kept before they were sealed stay untold.
    """
    plain = {name: value for name, value in document.facts.items() if name in _NAMELESS}
    text = open_text(document.text) if document.text is not None else None
    if text is None or not plain:
        return plain
    if plain != document.facts:  # a table of takes from before its takes were sealed: told while its paper is
        return dict(document.facts)
    return {**plain, **{name: value for name, value in json.loads(text).items() if name != _PAPER}}


def _apart(facts: dict[str, Any], paper: str | None) -> tuple[dict[str, Any], str]:
    """What names nobody, and the rest as the text that is sealed, with the paper itself where people read it."""
    plain = {name: value for name, value in facts.items() if name in _NAMELESS}
    rest = {name: value for name, value in facts.items() if name not in _NAMELESS}
    if paper is not None:
        rest[_PAPER] = paper
    return plain, json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text_of(data: bytes) -> str | None:
    """A paper's text, where it is plain text; of anything else the hash is kept."""
    if len(data) > _TEXT_BYTES_MOST or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
