"""What a site calls things: the custom entity, its fields, and the statuses that begin and hold a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Entity, fields and statuses; a site that has taken ``CustomEntity01`` already names another.

    Attributes:
        likeness: custom entity, one row per talent and shot. Its fields: ``code`` (what people read), ``sg_talent``
            (handle in the vault), ``sg_licence`` and ``sg_request`` (ids), ``sg_state``, ``sg_reason_codes``.
        on_shot: multi-entity field of Shot that links its likenesses.
        status: status of the likenesses on Shot and Version, a text.
        begun: statuses of a task that mean that work on it begins or goes on.
        held: status that a task is set to while nothing may be rendered.
        receipts: number field of Version: frames with a receipt as rendered.
    """

    likeness: str = "CustomEntity01"
    on_shot: str = "sg_likenesses"
    status: str = "sg_likeness_status"
    begun: tuple[str, ...] = ("ip",)
    held: str = "hld"
    receipts: str = "sg_receipts"

    def fields(self) -> dict[str, dict[str, str]]:
        """The fields to make, by entity, with the tracker's data type of each."""
        return {
            self.likeness: {
                "sg_talent": "text",
                "sg_licence": "text",
                "sg_request": "text",
                "sg_state": "text",
                "sg_reason_codes": "text",
            },
            "Shot": {self.on_shot: "multi_entity", self.status: "text"},
            "Version": {self.receipts: "number", self.status: "text"},
        }
