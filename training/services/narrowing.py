"""Rights that permit less than those before them: what they do not permit any more is taken down, and nothing else (TP-215).

A later record stands in for an earlier one whole. From its commit on the release gate refuses what it does not permit; here
what came in before is found and contained:

* originals that its gate would refuse now and did not then (a territory that it does not cover, a class that counsel does
  not accept, a restriction that was answered otherwise), with all that was made of them;
* derivatives, where it permits none any more, and what was made of those; the originals stay;
* manifests for a territory that it does not cover, with their models; the material stays.

Each record is compared once. One that permits as much or more opens nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import record
from common import clock
from training.gate.facts import Facts
from training.gate.policy import decide_many
from training.models import RightsComparison, RightsRecord, Source, TrainingAsset
from training.selectors.narrowing import (
    NO_DERIVATIVES,
    OUTSIDE,
    derivatives_of,
    manifests_outside,
    rights_to_compare,
    standing_originals,
)
from training.selectors.rights import current_rights
from training.services.assets import as_captured, with_locked_class
from training.services.carrying_on import for_each
from training.services.gate import Ground, facts_of, ground_of
from training.services.rejudging import facts_kept
from training.services.takedowns import write_takedown
from training.vocabulary import TakedownTrigger

_AT_ONCE: Final = 2000
_RECORDS_AT_ONCE: Final = 200
# what a rights record alone says of an original
_OF_RIGHTS: Final = (
    "has_rights", "may_train", "may_derive", "may_redistribute", "checks_refused", "checks_unknown", "licence_class",
    "territory_permitted", "retention_days", "talent_licensed",
)  # fmt: skip


def open_for_narrower_rights(*, organisation_id: UUID | None = None) -> list[UUID]:
    """Hold later rights against what stood under the earlier ones; ids of the cases that were opened.

    Of every house, where none is named. Whoever began to register something before the record was there is waited for.
    """
    return for_each(list(rights_to_compare(organisation_id)[:_RECORDS_AT_ONCE]), _compare)


def _compare(rights: RightsRecord) -> UUID | None:
    with transaction.atomic():
        with_locked_class(
            rights.source
        )  # whoever registers under the earlier record holds it until that is written
    held = current_rights([rights.source_id], at=clock.now()).get(rights.source_id)
    if held is None or held.rights.pk != rights.pk or not held.is_in_force:
        return None  # its end is a reason of its own; a later one is compared in its place
    stopped = _stopped(rights)
    with transaction.atomic():
        # whoever records the next one waits, and whoever compares this one too finds it compared
        Source.objects.select_for_update(of=("self",), no_key=True).get(pk=rights.source_id)
        if not rights_to_compare(rights.organisation_id).filter(pk=rights.pk).exists():
            return None
        case = None
        if stopped:
            case = write_takedown(
                organisation_id=rights.organisation_id, principal=None, trigger=TakedownTrigger.RIGHTS_REVOKED,
                reason=_("Later rights on %(source)s permit less: %(codes)s.")
                % {"source": rights.source.canonical_url, "codes": ", ".join(sorted(stopped))},
                roots=sorted({node for nodes in stopped.values() for node in nodes}),
            )  # fmt: skip
        RightsComparison.objects.create(
            organisation_id=rights.organisation_id, rights=rights, codes=sorted(stopped), takedown=case
        )
        record(
            kind="training.rights_compared", principal=None, organisation_id=rights.organisation_id,
            object_type="training_rights", object_id=rights.pk,
            details={"version": rights.version, "takedown": str(case.pk) if case else None,
                     "stopped": {code: len(nodes) for code, nodes in sorted(stopped.items())}},
        )  # fmt: skip
    return case.pk if case else None


def _stopped(rights: RightsRecord) -> dict[str, list[int]]:
    """Where what is not permitted any more begins, by the reason."""
    told: dict[str, list[int]] = defaultdict(list)
    ground = ground_of(rights.source)
    for row, codes in _refused_now(ground):
        for code in codes:
            told[code].append(row.node_id)
    if not rights.may_derive and (derived := derivatives_of(rights.source_id)):
        told[NO_DERIVATIVES] += derived
    if outside := manifests_outside(rights):
        told[OUTSIDE] += outside
    return dict(told)


def _refused_now(ground: Ground) -> Iterator[tuple[TrainingAsset, frozenset[str]]]:
    """Originals with the reasons that the rights of now give against them and those of before did not.

    Whatever else has changed since counts on both sides: it is another trigger's.
    """
    known: dict[tuple[UUID, str], frozenset[str]] = {}
    rows = standing_originals(ground.source.pk).iterator(chunk_size=_AT_ONCE)
    for some in iter(lambda: list(islice(rows, _AT_ONCE)), []):
        # rows of a bulk share their decision, and agree in all that it read
        fresh = {_alike(row): row for row in some if _alike(row) not in known}
        before = [facts_kept(row, ground.contract) for row in fresh.values()]
        now = [_under(ground, row, facts) for row, facts in zip(fresh.values(), before, strict=True)]
        verdicts = decide_many(ground.policy, [*before, *now]) if fresh else []
        for at, key in enumerate(fresh):
            known[key] = frozenset(verdicts[len(fresh) + at].codes) - frozenset(verdicts[at].codes)
        yield from ((row, known[_alike(row)]) for row in some if known[_alike(row)])


def _alike(row: TrainingAsset) -> tuple[UUID, str]:
    return row.decision_id, str(row.capture["territory"])


def _under(ground: Ground, row: TrainingAsset, before: Facts) -> Facts:
    """The facts of an original as they were kept, with what the rights of now say in the place of what earlier ones said."""
    now = facts_of(ground, as_captured(row))
    return replace(before, **{name: getattr(now, name) for name in _OF_RIGHTS})
