"""Outputs enter the graph by themselves: the upload as a first version, the released file as the second.

The asset in the graph has the output's own id. What was rendered under its licences stands behind it: for each shot
that left receipts, the frames as they are in the log then, as an asset of their own; and what a pipeline recorded of the very same
bytes, so that all that stands behind that stands behind the output.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common.ids import new_id
from licensing.models import LicenceToken
from provenance.graph.classify import licensed_origin
from provenance.graph.models import AssetVersion, GraphAsset, GraphKind, RelationKind
from provenance.graph.services.book import Actor, Book
from provenance.graph.services.recorder import Recorder, next_number
from provenance.graph.services.recording import lock_graph
from provenance.graph.services.refs import Known, References
from provenance.graph.specs import EdgeSpec, VersionSpec
from provenance.graph.visible import versions_visible_to
from provenance.models import Asset
from provenance.source_type import Change, context_of_uses
from receipts import selectors as receipts

_SHOTS_MOST = 500
_ORIGINS = ("LIKENESS_RENDER", "LIKENESS_ALTERATION")


@transaction.atomic
def record_upload(output: Asset, principal: Principal) -> None:
    """Record an output that was handed in, with the frames that left receipts under its licences."""
    recorder = _recorder(output, Actor.of(principal))
    tokens = LicenceToken.objects.filter(jti__in=output.token_jtis)
    uses = {token.jti: _origin(token.use_types) for token in tokens}
    # a film of several licences is as generative as the most generative of them
    licensed = licensed_origin({use for token in tokens for use in token.use_types})
    frames = [
        one
        for shot in receipts.rendered_shots(output.token_jtis, most=_SHOTS_MOST)
        if (one := _frames(recorder, shot, uses[shot.token_jti]))
    ]
    parts = tuple(EdgeSpec(parent=str(one.version_id), kind=RelationKind.CONTAINS) for one in frames)
    if (same := _recorded_before(output, principal)) is not None:
        parts = (EdgeSpec(parent=str(same), kind=RelationKind.TRANSCODED_FROM), *parts)
    asset_id = recorder.record_asset(
        kind=GraphKind.DELIVERABLE,
        name=output.file_name,
        external_id="",
        person=principal.person,
        asset_id=output.pk,
    )
    recorder.record_version(
        VersionSpec(
            label="upload",
            content_sha256=output.upload_sha256,
            media_type=output.media.get("media_type", ""),
            size_bytes=output.upload_bytes,
            # what was recorded of these bytes before may say less than what they were licensed for
            origin=licensed if parts else min(uses.values(), key=_ORIGINS.index),
            token_jtis=tuple(output.token_jtis),
            metadata={"media": output.media},
            parents=parts,
        ),
        asset_id=asset_id,
        kind=GraphKind.DELIVERABLE,
        number=1,
        person=principal.person,
        output=output.pk,
    )
    recorder.close()


@transaction.atomic
def record_release(output: Asset) -> None:
    """Record the marked and signed file that was released; nothing, if it came before there was a graph."""
    upload = AssetVersion.objects.filter(asset_id=output.pk, number=1).first()
    if upload is None:
        return
    recorder = _recorder(output, Actor(output.uploaded_by, output.organisation))
    recorder.record_version(
        VersionSpec(
            label="released",
            content_sha256=output.sha256,
            media_type=output.media.get("media_type", ""),
            size_bytes=output.size_bytes,
            token_jtis=tuple(output.token_jtis),
            mark_id=output.mark_id,
            metadata={"marked_layers": list(output.marked_layers)},
            parents=(EdgeSpec(parent=str(upload.pk), kind=RelationKind.MARKED_FROM),),
        ),
        asset_id=output.pk,
        kind=GraphKind.DELIVERABLE,
        number=2,
        person=output.uploaded_by,
        output=output.pk,
    )
    recorder.close()


def _recorded_before(output: Asset, principal: Principal) -> UUID | None:
    """The newest version of these bytes that somebody recorded and the uploader may see; no other output."""
    rows = versions_visible_to(principal).filter(
        production=output.production, content_sha256=output.upload_sha256, output=None
    )
    return rows.order_by("-pk").values_list("pk", flat=True).first()


def _frames(recorder: Recorder, shot: receipts.RenderedShot, origin: str) -> Known | None:
    """The shot's frames as they stand in the log: a new version where receipts came since the last one."""
    name = f"receipts:{shot.token_jti}:{shot.shot}"[:200]
    actor = recorder.book.actor
    asset = GraphAsset.objects.filter(
        production=recorder.book.production, organisation=actor.organisation, external_id=name
    ).first()
    if asset is None:
        asset = GraphAsset(pk=new_id())
        recorder.record_asset(
            kind=GraphKind.FRAME_RANGE,
            name=f"{shot.shot} {shot.first}–{shot.last}",
            external_id=name,
            person=actor.person,
            asset_id=asset.pk,
        )
    newest = AssetVersion.objects.filter(asset=asset).order_by("-number").first()
    found = {
        "shot": shot.shot,
        "frames": shot.frames,
        "first_leaf": shot.first_leaf,
        "last_leaf": shot.last_leaf,
    }
    if newest is not None and newest.metadata.get("receipts") == found:
        return recorder.refs.find(str(newest.pk))
    return recorder.record_version(
        VersionSpec(
            frame_first=shot.first,
            frame_last=shot.last,
            origin=origin,
            token_jtis=(shot.token_jti,),
            metadata={"receipts": found},
        ),
        asset_id=asset.pk,
        kind=GraphKind.FRAME_RANGE,
        number=next_number(recorder.refs, asset),
        person=actor.person,
        external_id=name,
    )


def _origin(use_types: Iterable[str]) -> str:
    generative = Change.GENERATIVE in context_of_uses(use_types).changes
    return _ORIGINS[0] if generative else _ORIGINS[1]


def _recorder(output: Asset, actor: Actor) -> Recorder:
    lock_graph(output.production)
    visible = AssetVersion.objects.filter(production=output.production)
    return Recorder(Book(output.production, actor), References(visible, output.organisation_id))
