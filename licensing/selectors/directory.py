"""The people whom an organisation may know of: layer 1 as a list (ST-010).

What is hidden is not there: not in a page, not in a count, not in what a search finds. Who is listed without a
name is found by what they hold and never by a name or a handle; whoever knows the handle may ask by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from licensing.models import Talent, VaultConstruct, VisibilityRule
from licensing.selectors.people import is_blocked, visible_constructs
from trustcore.policy.vocabulary import Visibility

_OPEN = (Visibility.LISTED, Visibility.LISTED_ANONYMOUS)


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """Somebody the caller may know of; ``name`` and ``handle`` are empty for who is listed without a name."""

    name: str
    handle: str
    constructs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """One page in the order of names; ``after`` goes on behind it and is empty at the end."""

    lines: tuple[DirectoryLine, ...]
    after: str
    unnamed: int


def directory(organisation_id: UUID, *, search: str = "", after: str = "", limit: int = 30) -> DirectoryPage:
    """Who is listed by name to the organisation, and on a first page how many are listed without one.

    Args:
        search: a part of a name or handle.
        after: the ``after`` of the page before.
    """
    named = _named(organisation_id)
    if search:
        named = named.filter(Q(stage_name__icontains=search) | Q(handle__icontains=search))
    name, _, handle = after.rpartition("\n")
    if handle:
        named = named.filter(Q(stage_name__gt=name) | Q(stage_name=name, handle__gt=handle))
    found = list(_with_vault(named, organisation_id).order_by("stage_name", "handle")[: limit + 1])
    shown = found[:limit]
    return DirectoryPage(
        lines=tuple(DirectoryLine(one.stage_name, one.handle, _seen(one)) for one in shown),
        after=f"{shown[-1].stage_name}\n{shown[-1].handle}" if len(found) > limit else "",
        unnamed=0 if search or after else _unnamed(organisation_id).count(),
    )


def talent_seen(organisation_id: UUID, handle: str) -> DirectoryLine | None:
    """One person by the handle, as :func:`visible_constructs` answers; None: hidden, or nobody."""
    seen = visible_constructs(handle, organisation_id)
    return DirectoryLine(seen.name or "", seen.handle, seen.constructs) if seen else None


def _rules(organisation_id: UUID, levels: Iterable[str]) -> QuerySet[VisibilityRule]:
    """Rules of a talent that show something: for all, or for a construct that is in the vault."""
    held = VaultConstruct.objects.filter(talent=OuterRef("talent"), kind=OuterRef("construct"))
    to_us = Q(level=Visibility.LISTED_TO, listed_ids__contains=[organisation_id])
    return VisibilityRule.objects.filter(
        Q(level__in=list(levels)) | to_us,
        Q(construct="") | Exists(held),
        ~is_blocked(OuterRef("talent"), organisation_id),
        talent=OuterRef("pk"),
    )


def _named(organisation_id: UUID) -> QuerySet[Talent]:
    return Talent.objects.filter(Exists(_rules(organisation_id, [Visibility.LISTED])))


def _unnamed(organisation_id: UUID) -> QuerySet[Talent]:
    listed = Talent.objects.filter(Exists(_rules(organisation_id, _OPEN)))
    return listed.exclude(Exists(_rules(organisation_id, [Visibility.LISTED])))


def _with_vault(rows: QuerySet[Talent], organisation_id: UUID) -> QuerySet[Talent]:
    shown = VisibilityRule.objects.filter(
        Q(level__in=_OPEN) | Q(level=Visibility.LISTED_TO, listed_ids__contains=[organisation_id])
    )
    return rows.prefetch_related(
        "constructs",
        Prefetch("visibility_rules", shown, to_attr="shown_rules"),
        Prefetch(
            "visibility_rules", VisibilityRule.objects.only("talent_id", "construct"), to_attr="all_rules"
        ),
    )


def _seen(talent: Talent) -> tuple[str, ...]:
    """The constructs in the vault that the organisation may see: by their own rule, else by that for all."""
    shown = {rule.construct for rule in talent.shown_rules}  # type: ignore[attr-defined]
    ruled = {rule.construct for rule in talent.all_rules}  # type: ignore[attr-defined]
    kinds = dict.fromkeys(sorted(row.kind for row in talent.constructs.all()))
    return tuple(kind for kind in kinds if (kind if kind in ruled else "") in shown)
