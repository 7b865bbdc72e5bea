"""Say which shots are made of a scene, and take it back."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import InvalidInput, NotFound
from screenplays.models import Scene, SceneShot
from screenplays.services.works import lock_work

SHOTS_MOST: Final = 500
_NAME_MOST: Final = 80


def link_shots(
    *, principal: Principal, work_id: UUID, version_id: UUID, ordinal: int, shots: Iterable[str]
) -> Scene:
    """Let a scene be made in exactly these shots; links that are not named end.

    Raises:
        NotFound: no such scene; Forbidden: ``WORK_NOT_YOURS``.
        InvalidInput: ``SHOTS_INVALID``.
    """
    names = {one.strip() for one in shots}
    if len(names) > SHOTS_MOST or any(
        not one or len(one) > _NAME_MOST or not one.isprintable() for one in names
    ):
        raise InvalidInput(
            "SHOTS_INVALID",
            _("A scene has at most %(most)s shots, each with a name of at most %(long)s characters.")
            % {"most": SHOTS_MOST, "long": _NAME_MOST},
        )
    with transaction.atomic():
        work = lock_work(principal, work_id)
        scene = Scene.objects.filter(version=version_id, version__work=work, ordinal=ordinal).first()
        if scene is None:
            raise NotFound
        live = {one.shot: one for one in scene.shots.filter(ended_at=None)}
        gone = [live[name].pk for name in live.keys() - names]
        SceneShot.objects.filter(pk__in=gone).update(ended_at=clock.now())
        made = sorted(names - live.keys())
        SceneShot.objects.bulk_create(
            SceneShot(scene=scene, shot=name, linked_by=principal.person) for name in made
        )
        if gone or made:
            record(
                kind="script.shots_linked",
                principal=principal,
                object_type="script",
                object_id=work.pk,
                production_id=work.production_id,
                details={"version": str(version_id), "scene": ordinal, "shots": sorted(names)},
            )
        return scene
