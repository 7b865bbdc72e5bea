"""Write events, the rows they make, the audit trail and the log entry: all of a batch in one transaction.

Order: events, then the rows that they make, then the check for circles (the database's own), then one audit event
with the root over the batch; its entry waits there for its place in the production's log.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from accounts.models import ApiCredential, Organisation, User
from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Conflict
from common.ids import new_id
from licensing.models import Production
from licensing.selectors import person_pseudonym
from provenance.graph.digests import root_of
from provenance.graph.models import EventKind, ProvenanceEvent, Relation, SealedText
from provenance.graph.projection import COMMITMENTS, ROWS, rows_of
from provenance.graph.sealing import seal_text
from trustcore.receipt import RecordedEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who records: a person for an organisation, perhaps through a service account of it."""

    person: User
    organisation: Organisation
    credential: ApiCredential | None = None
    principal: Principal | None = None

    @classmethod
    def of(cls, principal: Principal) -> "Actor":
        """The caller as an actor."""
        return cls(principal.person, principal.organisation, principal.credential, principal)


@dataclass
class Book:
    """The events of one batch. Use it inside ``transaction.atomic`` and ``close`` it there."""

    production: Production
    actor: Actor
    batch: UUID = field(default_factory=new_id)
    written: list[ProvenanceEvent] = field(default_factory=list)
    _waiting: list[ProvenanceEvent] = field(default_factory=list)
    _texts: list[SealedText] = field(default_factory=list)

    def say(
        self, kind: EventKind, object_id: UUID, facts: dict[str, Any], *, person: User | None = None
    ) -> None:
        """Add one event; ``person`` is who did it, where that is not the actor.

        Of every text of this batch that the facts name, the event holds the commitment: by it, root and log know
        which text it was.
        """
        named = {value for value in facts.values() if isinstance(value, str)}
        if texts := {str(row.pk): row.commitment for row in self._texts if str(row.pk) in named}:
            facts = {**facts, COMMITMENTS: texts}
        self._waiting.append(
            ProvenanceEvent(
                id=new_id(),
                at=clock.now(),
                kind=kind,
                production=self.production,
                object_id=object_id,
                person=person or self.actor.person,
                credential=self.actor.credential,
                organisation=self.actor.organisation,
                batch=self.batch,
                position=len(self.written) + len(self._waiting),
                payload=json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
            )
        )

    def seal(self, text: str, *, subjects: Sequence[UUID] = ()) -> SealedText:
        """Seal a text under the production's key, and those of the people it is about; it is saved with the next events."""
        row = seal_text(self.production.pk, text, subjects=subjects)
        self._texts.append(row)
        return row

    def flush(self) -> None:
        """Write what waits.

        Raises:
            Conflict: ``GRAPH_CIRCLE``: an edge would make something come from itself.
        """
        SealedText.objects.bulk_create(self._texts)
        events = ProvenanceEvent.objects.bulk_create(self._waiting)
        made: dict[type[Model], list[Model]] = {}
        for event in events:
            for row in rows_of(event):
                made.setdefault(type(row), []).append(row)
        for table in ROWS:
            table._default_manager.bulk_create(made.get(table, []), batch_size=2000)
        self.written += events
        self._waiting, self._texts = [], []
        if Relation in made:
            refuse_circles()

    def close(self) -> None:
        """Write what waits, and tell the audit trail and the log of the batch; nothing, if nothing was said."""
        self.flush()
        if not self.written:
            return
        root = root_of(self.written)
        kinds = Counter(str(event.kind) for event in self.written)
        audit.record(
            kind="provenance.recorded",
            principal=self.actor.principal,
            organisation_id=self.actor.organisation.pk,
            object_type="provenance",
            object_id=self.batch,
            production_id=self.production.pk,
            visible_to={
                one for one in (self.production.organisation_id, self.production.guild_id) if one is not None
            },
            details={"root": root, "count": len(self.written), "kinds": dict(kinds)},
            log_entry=RecordedEntry(
                actor=person_pseudonym(self.actor.person.pk, self.production.pk),
                at=clock.rfc3339(self.written[-1].at),
                batch=str(self.batch),
                count=len(self.written),
                organisation=str(self.actor.organisation.pk),
                root=root,
            ),
        )


def refuse_circles() -> None:
    """Let the database look for circles among the edges just added, instead of at the commit.

    Raises:
        Conflict: ``GRAPH_CIRCLE``.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints relation_holds immediate")
    except IntegrityError as error:
        if "circle" not in str(error):
            raise
        raise Conflict(
            "GRAPH_CIRCLE",
            "This would make something come from itself.",
            "Nothing was recorded. A version comes from versions that do not come from it.",
        ) from error
    with connection.cursor() as cursor:
        cursor.execute("set constraints relation_holds deferred")
