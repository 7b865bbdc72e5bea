"""A whole production as one document, streamed: OMC-JSON or PROV-JSON, as of one event, in flat memory.

The graph is append-only and one recorder at a time writes in a production, so what the events up to a number told
is the same whenever it is asked: an export goes on while others record, and asked again up to the same event it
has the same assets. Rows come by server-side cursors, some hundred at a time.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Max, OuterRef, Prefetch, Subquery

from accounts.models import ApiCredential, Membership, Organisation, User
from accounts.principals import Principal
from common.errors import Forbidden, InvalidInput, NotFound
from licensing import selectors as licensing
from licensing.models import LicenceToken, Production
from provenance.graph.models import (
    AssetVersion,
    Classification,
    Decision,
    GenerationRecord,
    GenerativeModel,
    ProvenanceEvent,
    Relation,
)
from provenance.graph.visible import sees_whole
from provenance.omc import entities, provjson
from provenance.omc.gaps import gaps_told, with_gaps
from provenance.omc.naming import Entity, Names

CHUNK = 500
Groups = Iterable[tuple[str, Iterable[Entity]]]


@dataclass(frozen=True)
class Export:
    """What is exported: a production up to an event, for a reader.

    Attributes:
        as_of: number of the last event that counts; 0 for an empty graph.
        reader_id: organisation whose people are named; others' people go by their ids. None: nobody is named.
        licences: ``jti`` of the licences to tell of; None: all.
    """

    production: Production
    as_of: int
    reader_id: UUID | None
    licences: frozenset[str] | None = None

    @property
    def names(self) -> Names:
        """The identifiers of this deployment."""
        return Names(settings.LOG_HOST)


def export_for(principal: Principal, production_id: UUID, *, as_of: int | None = None) -> Export:
    """Return the export that the caller may have.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``GRAPH_NOT_WHOLE``: the caller sees parts of the graph only, and parts refer to the rest.
        InvalidInput: ``EVENT_UNKNOWN``: ``as_of`` is after the last event.
    """
    production = licensing.production_for(principal, production_id)
    if production is None:
        raise NotFound
    if not sees_whole(principal, production):
        raise Forbidden("GRAPH_NOT_WHOLE", "Whole graphs go to the production and its guild.")
    return export_of(production, principal.organisation_id, as_of=as_of)


def export_of(production: Production, reader_id: UUID, *, as_of: int | None = None) -> Export:
    """Return the export of a production for whoever may see the whole of it.

    Raises:
        InvalidInput: ``EVENT_UNKNOWN``.
    """
    last = ProvenanceEvent.objects.filter(production=production).aggregate(last=Max("number"))["last"] or 0
    if as_of is not None and not 0 <= as_of <= last:
        raise InvalidInput("EVENT_UNKNOWN", "The graph has no such event yet.")
    return Export(production, last if as_of is None else as_of, reader_id)


def export_at(production: Production, until: datetime, licences: frozenset[str]) -> Export | None:
    """Return what a bundle holds: events and licences up to its cut, nobody named; None for an empty graph."""
    told = ProvenanceEvent.objects.filter(production=production, at__lte=until)
    last = told.aggregate(last=Max("number"))["last"]
    return None if last is None else Export(production, last, None, licences)


def omc_pieces(export: Export) -> Iterator[bytes]:
    """The OMC-JSON document in pieces."""
    return _object(_omc_groups(export), _list)


def prov_pieces(export: Export) -> Iterator[bytes]:
    """The PROV-JSON document in pieces."""
    head = b'{"prefix":' + _json(provjson.PREFIXES)
    rest = _object(_prov_groups(export), _map)
    yield head
    for number, piece in enumerate(rest):
        # the groups begin with a brace of their own
        yield b"," + piece[1:] if number == 0 else piece


def _omc_groups(export: Export) -> Groups:
    names, film = export.names, export.production
    yield "CreativeWork", [entities.creative_work(names, film)]
    yield "Context", [entities.production_context(names, film, as_of=export.as_of)]
    yield "Participant", _participants(export)
    yield "Character", (entities.character(names, film, name) for name in _characters(export))
    yield "Depiction", (entities.depiction(names, token) for token in _licences(export))
    yield "Infrastructure", (entities.model(names, row) for row in _models(export))
    yield (
        "Task",
        chain(
            (entities.generation(names, row) for row in _generations(export)),
            (entities.decision(names, row) for row in _decisions(export)),
        ),
    )
    yield (
        "Asset",
        (
            entities.asset(
                names,
                row,
                previous=getattr(row, "previous_id", None),
                code=getattr(row, "code", None) or "",
                log_origin=film.origin,
                gaps=gaps_told(row),
            )
            for row in _versions(export, gaps=True)
        ),
    )


def _prov_groups(export: Export) -> Groups:
    yield "agent", provjson.agents(_agents(export))
    yield "entity", chain.from_iterable(map(provjson.entity, _versions(export)))
    yield "activity", chain.from_iterable(map(provjson.activity, _generations(export)))
    yield "wasDerivedFrom", chain.from_iterable(map(provjson.derivations, _versions(export)))
    yield "used", chain.from_iterable(map(provjson.usages, _generations(export)))
    yield "wasGeneratedBy", chain.from_iterable(map(provjson.generations, _generations(export)))
    yield "wasAssociatedWith", chain.from_iterable(map(provjson.association, _generations(export)))
    yield "wasAttributedTo", chain.from_iterable(map(provjson.attribution, _versions(export)))


def _participants(export: Export) -> Iterator[Entity]:
    names = export.names
    people, credentials, organisations = _agents(export)
    members = set(
        Membership.objects.filter(organisation=export.reader_id, user__in=people).values_list(
            "user_id", flat=True
        )
    )
    yield from (entities.organisation(names, row) for row in organisations)
    yield from (entities.person(names, row, named=row.pk in members) for row in people)
    yield from (entities.service(names, row) for row in credentials)
    told: set[UUID] = set()
    for token in _licences(export):
        if token.talent_id not in told:
            told.add(token.talent_id)
            yield entities.licensed_talent(names, token)


def _agents(export: Export) -> tuple[list[User], list[ApiCredential], list[Organisation]]:
    """Who recorded anything: people, service accounts and organisations; few, however many events."""
    told = ProvenanceEvent.objects.filter(production=export.production, number__lte=export.as_of)
    told = told.order_by()
    people = User.objects.filter(pk__in=told.values("person").distinct()).order_by("pk")
    through = ApiCredential.objects.filter(pk__in=told.values("credential").distinct()).order_by("pk")
    houses = {
        row.pk: row for row in Organisation.objects.filter(pk__in=told.values("organisation").distinct())
    }
    houses[export.production.organisation_id] = export.production.organisation
    return list(people), list(through), [houses[key] for key in sorted(houses)]


def _licences(export: Export) -> Iterator[LicenceToken]:
    rows = LicenceToken.objects.filter(production=export.production)
    if export.licences is not None:
        rows = rows.filter(jti__in=export.licences)
    rows = rows.select_related("talent", "terms", "production").order_by("pk")
    return rows.iterator(chunk_size=CHUNK)


def _characters(export: Export) -> list[str]:
    return sorted({name for token in _licences(export) for name in entities.characters_of(token)})


def _models(export: Export) -> Iterator[GenerativeModel]:
    rows = GenerativeModel.objects.filter(production=export.production, event__lte=export.as_of)
    return rows.order_by("pk").iterator(chunk_size=CHUNK)


def _generations(export: Export) -> Iterator[GenerationRecord]:
    rows = GenerationRecord.objects.filter(production=export.production, event__lte=export.as_of)
    rows = rows.select_related("prompt", "negative_prompt").defer("prompt__sealed", "negative_prompt__sealed")
    return rows.order_by("pk").prefetch_related("inputs", "outputs").iterator(chunk_size=CHUNK)


def _decisions(export: Export) -> Iterator[Decision]:
    rows = Decision.objects.filter(production=export.production, event__lte=export.as_of)
    return rows.order_by("pk").iterator(chunk_size=CHUNK)


def _versions(export: Export, *, gaps: bool = False) -> Iterator[AssetVersion]:
    """Every version with its asset, its edges, the version before it and its source type at that time.

    With ``gaps`` each brings along what tells what its record lacks.
    """
    before = AssetVersion.objects.filter(asset=OuterRef("asset"), number__lt=OuterRef("number"))
    codes = Classification.objects.filter(version=OuterRef("pk"), event__lte=export.as_of)
    edges = Relation.objects.filter(event__lte=export.as_of).order_by("event", "pk")
    rows = AssetVersion.objects.filter(production=export.production, event__lte=export.as_of)
    if gaps:
        rows = with_gaps(rows, as_of=export.as_of)
    return (
        rows.annotate(
            previous_id=Subquery(before.order_by("-number").values("pk")[:1]),
            code=Subquery(codes.order_by("-number").values("code")[:1]),
        )
        .select_related("asset")
        .prefetch_related(Prefetch("parent_relations", edges))
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    )


def _object(groups: Groups, body: Callable[[Iterable[Entity]], Iterator[bytes]]) -> Iterator[bytes]:
    for number, (name, members) in enumerate(groups):
        yield (b"," if number else b"{") + _json(name) + b":"
        yield from body(members)
    yield b"}"


def _list(members: Iterable[Entity]) -> Iterator[bytes]:
    yield b"["
    for number, member in enumerate(members):
        yield (b",\n" if number else b"\n") + _json(member)
    yield b"]"


def _map(members: Iterable[Entity]) -> Iterator[bytes]:
    yield b"{"
    number = 0
    for member in members:
        for name, value in member.items():
            yield (b",\n" if number else b"\n") + _json(name) + b":" + _json(value)
            number += 1
    yield b"}"


def _json(value: Any) -> bytes:
    # a document may end up inside a page: no character of it opens a tag
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode("ascii")
