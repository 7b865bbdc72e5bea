"""By which key a shot is asked for and receipted: ``SEQUENCE/SHOT``, with the episode before it where there is one.

Two sequences may name shots alike, and licences and receipts know a shot by one text. So the text is the shot's path, and
once it was used it is noted (``trustmark_shot``): a sequence that is renamed later does not lose its receipts. A shot that
was asked for before there were paths keeps its bare name, where no other shot of the production has that name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEY, LIKENESSES = "trustmark_shot", "trustmark_likenesses"


@dataclass(frozen=True)
class ShotKeys:
    """The key of each shot of a production, by Kitsu's id."""

    by_id: Mapping[str, str]

    @classmethod
    def of(cls, shots: Iterable[Mapping[str, Any]], parents: Iterable[Mapping[str, Any]]) -> ShotKeys:
        """From all shots of a production and its sequences and episodes, as Kitsu has them."""
        shots, above = list(shots), {one["id"]: one for one in parents}
        names = Counter(shot["name"] for shot in shots)
        return cls({shot["id"]: _key(shot, above, names[shot["name"]] == 1) for shot in shots})

    def of_shot(self, shot: Mapping[str, Any]) -> str:
        """The key of this shot.

        Raises:
            ValueError: another shot has it too, or the production does not have this shot: nobody could say whose
                receipts they are.
        """
        key = self.by_id.get(shot["id"])
        if key is None:
            raise ValueError(f"{shot['name']} is not among the shots of its production")
        if sum(other == key for other in self.by_id.values()) > 1:
            raise ValueError(f"two shots are known as {key}: give one another {KEY}")
        return key


def _key(shot: Mapping[str, Any], above: Mapping[str, Mapping[str, Any]], is_only: bool) -> str:
    told = shot.get("data") or {}
    if noted := str(told.get(KEY) or "").strip():
        return noted
    if told.get(LIKENESSES) and is_only:
        return str(shot["name"])
    path, parent = [str(shot["name"])], above.get(str(shot.get("parent_id")))
    while parent is not None:
        path.append(str(parent["name"]))
        parent = above.get(str(parent.get("parent_id")))
    return "/".join(reversed(path))
