"""A script is registered: look for it in texts that were admitted before, and hold those that are taken from it.

A text that comes in is asked for every script that is registered then; here it is the other way round. What has something in
common with the script (``selectors/script_candidates``) is read again as a scan reads it, and asked for all scripts. A text
that its house may not train with is isolated and waits for a person, as if it came in now: the release gate refuses
every manifest that rests on it from that commit on. Nothing is taken down by itself: anybody may register a script, and a
person says whether the claim is right (a takedown is theirs to open). Where a grant covers it, it is written down which
script is in it, so that the end of the grant finds it.

A search goes in steps of some texts, each written down: one that was cut off goes on behind the last step. It looks twice.
"""

import time
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO, Final, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from audit.services import record
from common import clock
from common.locks import sole_worker
from common.storage import blobs
from screenplays.models import Version
from training.models import ScriptSearch, TrainingAsset
from training.scripts import Scripts, keep_scripts, scripts_in, ungranted_files
from training.selectors.script_candidates import texts_to_read
from training.services.assets import queue_for_review, with_locked_class
from training.services.carrying_on import for_each
from training.services.gate import ground_of, judge, keep_decision
from training.services.rejudging import facts_kept
from training.vocabulary import AssetState, Held

LOOKS: Final = 2
AT_ONCE: Final = 20
SECOND_LOOK_AFTER: Final = timedelta(hours=1)
"""Longer than a scan takes: what was asked before the script was there has been written by then."""


def search_for_scripts(*, seconds_most: float = 20.0) -> int:
    """Go on with searches that are due, the oldest first, for so long; how many texts were held.

    One worker at a search. What cannot be read is logged and passed over in this look.
    """
    _begin_new()
    until = time.monotonic() + seconds_most
    due = ScriptSearch.objects.filter(finished_at=None, due_at__lte=clock.now()).order_by("due_at", "pk")
    held = 0
    for search_id in list(due.values_list("pk", flat=True)[:1000]):
        if time.monotonic() >= until:
            break
        with sole_worker(search_id) as is_mine:
            while is_mine and time.monotonic() < until:
                step = _step(search_id)
                if step is None:
                    break
                held += step
    return held


def _begin_new() -> None:
    """A search for each version that has none, those registered before there were searches among them."""
    known = ScriptSearch.objects.values("version_id")
    new = Version.objects.exclude(pk__in=known).order_by("created_at").values_list("pk", flat=True)[:1000]
    ScriptSearch.objects.bulk_create([ScriptSearch(version_id=one) for one in new], ignore_conflicts=True)


def _step(search_id: UUID) -> int | None:
    """Read some texts; how many were held, or None where this look has ended."""
    search = ScriptSearch.objects.select_related("version").get(pk=search_id)
    if search.finished_at is not None or search.due_at > clock.now():
        return None
    since = search.version.created_at if search.looks else None
    found = texts_to_read(search.version, after=search.after, since=since, most=AT_ONCE)
    mine = ScriptSearch.objects.filter(pk=search.pk, after=search.after, looks=search.looks)
    if not found:
        _end_look(mine, search)
        return None
    held = for_each(found, _read)
    mine.update(
        after=found[-1], moved_at=clock.now(), texts_read=F("texts_read") + len(found),
        texts_held=F("texts_held") + sum(held),
    )  # fmt: skip
    return sum(held)


def _end_look(mine: QuerySet[ScriptSearch], search: ScriptSearch) -> None:
    now, looks = clock.now(), search.looks + 1
    mine.update(
        after=None, looks=looks, moved_at=now, due_at=now + SECOND_LOOK_AFTER,
        finished_at=now if looks == LOOKS else None,
    )  # fmt: skip


def _read(asset_id: UUID) -> bool:
    """Ask one text for every script; whether it was held."""
    asset = TrainingAsset.objects.get(pk=asset_id)
    if asset.held == Held.HERE:
        with blobs().open(asset.location, "rb") as stream:
            told = scripts_in(
                cast("BinaryIO", stream), kind=asset.kind, organisation_id=asset.organisation_id
            )
    else:
        told = Scripts(ungranted=len(ungranted_files([asset.sha256], asset.organisation_id)))
    if not told.ungranted:
        keep_scripts(asset.pk, told.versions)
        return False
    return _hold(asset.pk, told)


def _hold(asset_id: UUID, told: Scripts) -> bool:
    with transaction.atomic():
        asset = (
            TrainingAsset.objects.select_for_update(of=("self",), no_key=True)
            .select_related("source__source_class", "source__registered_by", "decision")
            .get(pk=asset_id)
        )
        keep_scripts(asset.pk, told.versions)
        if asset.state != AssetState.ADMITTED:
            return False  # somebody isolated or removed it meanwhile
        ground = ground_of(with_locked_class(asset.source))
        facts = replace(facts_kept(asset, ground.contract), script_ungranted=True)
        verdict = judge(ground, facts)
        asset.decision = keep_decision(
            ground=ground,
            facts=facts,
            verdict=verdict,
            principal=None,
            subject_id=asset.pk,
            after=asset.decision,
        )
        asset.state = AssetState.ISOLATED
        if told.found:
            seen = {"found": told.found, "not_granted": told.ungranted, "share_of_text": told.share}
            asset.findings = {**asset.findings, "scripts": seen}
        asset.save(update_fields=["decision", "state", "findings"])
        queue_for_review(asset, ground, verdict, asset.source.registered_by)
        record(
            kind="training.text_held_for_script", principal=None, organisation_id=asset.organisation_id,
            object_type="training_asset", object_id=asset.pk,
            details={"codes": list(verdict.codes), "decision": str(asset.decision_id), "share_of_text": told.share},
        )  # fmt: skip
    return True
