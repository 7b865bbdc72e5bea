"""The talent's own word: rules made in advance, ended ones too, and the last instruction of each kind."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from common.keyset import slice_of
from licensing.models import AutoRule, TalentInstruction
from licensing.selectors.represented import RuleLine, rule_line

PAGE = 25


class Instruction(NamedTuple):
    """What was said last of one kind, and when."""

    body: dict[str, Any]
    at: datetime


def last_instructions(talent_id: UUID) -> dict[str, Instruction]:
    """The last word of each kind (``PAYEE``, ``POST_MORTEM``); 1 query."""
    rows = TalentInstruction.objects.filter(talent=talent_id).order_by("kind", "-created_at", "-pk")
    return {row.kind: Instruction(row.body, row.created_at) for row in rows.distinct("kind")}


def rules_page(talent_id: UUID, *, after: str = "", size: int = PAGE) -> tuple[tuple[RuleLine, ...], str]:
    """Every rule of the talent, the newest first, and the cursor behind the last; 2 queries."""
    rows = AutoRule.objects.filter(talent=talent_id).prefetch_related("licensees")
    page = slice_of(rows, by=("-created_at", "-id"), after=after, size=size)
    return tuple(rule_line(row) for row in page.rows), page.after
