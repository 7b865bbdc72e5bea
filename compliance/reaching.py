"""The blast radius of a likeness consent: licence, render receipts, versions made of those frames, material, models (BX-022).

What is joined, and by what: a receipt belongs to the licence of its lease; a version of the asset graph belongs to it when
it was recorded under the licence, holds the bytes of one of its receipts, or was made of such a version; an original or a
derivative of the house's material when it has the bytes of any of these. From there, and from the consent itself where
it is one to training, the house's lineage is walked down to its models. Nothing is ever cut short: each part says up to
which state it was read whole.

A line is ``KIND:ref``; a receipt's is ``RECEIPT:origin#leaf``. The root is that of RFC 6962 over the lines, sorted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import IO, Final
from uuid import UUID

from django.db import connection

from accounts.principals import Principal
from common import clock
from common.errors import NotFound
from common.onestate import one_state
from licensing.models import LicenceToken, TrainingToken
from licensing.models.requests import ActionKind
from licensing.selectors.tokens import tokens
from licensing.selectors.training import training_tokens_visible_to
from provenance.graph.selectors.reach import add_versions_of
from receipts.selectors.reach import add_receipts_of
from training.services.radius import radius_below
from trustcore.log.merkle import Frontier, leaf_hashes

_AT_ONCE: Final = 20_000
_numbers = count(1)
_LINE: Final = "insert into {table} (line) values (%s)"
_ROOTS: Final = """
select n.number from training_lineagenode n
where n.organisation_id = %(house)s and n.ref = any(%(own)s) and n.kind in ('CONSENT', 'LICENCE')
union
select a.node_id from training_trainingasset a join {table} t on t.sha256 = a.sha256
join training_lineagenode n on n.number = a.node_id where n.organisation_id = %(house)s
union
select d.node_id from training_derivative d join {table} t on t.sha256 = d.sha256
join training_lineagenode n on n.number = d.node_id where n.organisation_id = %(house)s
"""
_MATERIAL: Final = """
insert into {table} (line) select n.kind || ':' || n.ref
from {reached} r join training_lineagenode n on n.number = r.number"""
_LINES: Final = 'select distinct line collate "C" from {table} order by 1'


@dataclass(frozen=True, slots=True)
class ConsentReach:
    """What a licence reached, counted and rooted.

    Attributes:
        consent: the act by which it was agreed to.
        as_of_edge: all of the house's lineage up to this edge; ``log_size``: all receipts below it, of ``log``
            (empty: the production has no log yet). ``as_of``: every version that had been recorded then.
    """

    licence: UUID
    consent: UUID | None
    reached: int
    root: str
    counts: dict[str, int]
    as_of_edge: int
    log: str
    log_size: int
    as_of: datetime


def reach_of_licence(principal: Principal, jti: UUID, lines: IO[bytes] | None = None) -> ConsentReach:
    """Everything that a licence of the caller's house reached; into ``lines``, each with its end, if asked for.

    All of it is read as it stood at one moment; whoever writes meanwhile does not wait.

    Raises:
        NotFound: the house holds no such licence, for renders or for training.
    """
    house = principal.organisation_id
    table = f"compliance_reach_{next(_numbers)}"
    at = clock.now()  # before anything is read
    with one_state():
        token = _licence(principal, jti)
        consent = _consent(token)
        with connection.cursor() as cursor:
            cursor.execute(f"create temporary table {table} (line text not null, sha256 text) on commit drop")
            own = [("LICENCE", token.pk)] + ([("CONSENT", consent)] if consent else [])
            cursor.executemany(_LINE.format(table=table), [(f"{kind}:{ref}",) for kind, ref in own])
        log = None
        if isinstance(token, LicenceToken):
            log = add_receipts_of(table, token.pk, token.production_id)
            add_versions_of(table, token.pk, house)
        edge = _add_material(table, house, [ref for _kind, ref in own])
        size, root, counts = _told(table, lines)
    origin, log_size = log or ("", 0)
    return ConsentReach(token.pk, consent, size, root, counts, edge, origin, log_size, at)


def _licence(principal: Principal, jti: UUID) -> LicenceToken | TrainingToken:
    mine = principal.organisation_id
    render = tokens().filter(pk=jti, licensee=mine).first()
    found = render or training_tokens_visible_to(principal).filter(pk=jti, licensee=mine).first()
    if found is None:
        raise NotFound
    return found


def _consent(token: LicenceToken | TrainingToken) -> UUID | None:
    if isinstance(token, TrainingToken):
        return token.request.consent.pk
    agreed = token.request.actions.filter(kind=ActionKind.APPROVE).order_by("-at", "-pk").first()
    return agreed.pk if agreed else None


def _add_material(table: str, house: UUID, own: list[UUID]) -> int:
    """Add what of the house's material rests on what is in ``table``; up to which edge that is whole."""
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {table}")

        def roots() -> list[int]:
            cursor.execute(_ROOTS.format(table=table), {"house": house, "own": own})
            return [number for (number,) in cursor.fetchall()]

        reached, edge = radius_below(house, roots)
        cursor.execute(_MATERIAL.format(table=table, reached=reached.table))
    return edge


def _told(table: str, lines: IO[bytes] | None) -> tuple[int, str, dict[str, int]]:
    frontier, counts = Frontier(), dict[str, int]()
    for some in _sorted(table):
        frontier = frontier.append_many(leaf_hashes(some))
        for line in some:
            kind = line.partition(b":")[0].decode()
            counts[kind] = counts.get(kind, 0) + 1
        if lines is not None:
            lines.write(b"".join(line + b"\n" for line in some))
    return frontier.size, frontier.root().hex(), counts


def _sorted(table: str) -> Iterator[list[bytes]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_LINES.format(table=table))
        while rows := cursor.fetchmany(_AT_ONCE):
            yield [line.encode() for (line,) in rows]
