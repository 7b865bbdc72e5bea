"""Scenes of a version and the shots that are made of them, as somebody said; and signed words on when it was here."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from screenplays.models.works import Scene, Version


class SceneShot(BaseModel):
    """A shot that is made of a scene, in the production of its work. Never changed: taken back, it is ended."""

    scene = models.ForeignKey(Scene, models.PROTECT, related_name="shots")
    shot = models.CharField(max_length=80)
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scene", "shot"], condition=Q(ended_at=None), name="scene_shot_linked_once"
            ),
            models.CheckConstraint(condition=~Q(shot=""), name="scene_shot_has_its_name"),
        ]
        indexes = [models.Index(fields=["shot"], name="scene_by_shot")]

    def __str__(self) -> str:
        return f"{self.shot} of {self.scene_id}"


class VersionProof(BaseModel):
    """What this server signed of a version when it took it in: its hashes and the moment. Append-only.

    ``stamp`` is the answer of the timestamp authority (RFC 3161) over the signed words, where the deployment has one.
    """

    version = models.OneToOneField(Version, models.PROTECT, related_name="proof")
    envelope = models.BinaryField()
    kid = models.CharField(max_length=64)
    stamp = models.BinaryField(null=True)

    def __str__(self) -> str:
        return f"proof of {self.version_id}"
