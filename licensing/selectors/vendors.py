"""Vendors that terms name: found by their short names, and said by their names where a person reads."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from accounts.models import Organisation
from trustcore.policy.diff import TermChange


def vendors_named(slugs: Iterable[str]) -> dict[str, str]:
    """Ids of vendors by short name, in the order of ``slugs``; unknown ones, and other organisations, are left out."""
    wanted = list(slugs)
    rows = Organisation.objects.filter(kind=Organisation.Kind.VENDOR, slug__in=wanted)
    found = {slug: str(pk) for slug, pk in rows.values_list("slug", "pk")}
    return {slug: found[slug] for slug in wanted if slug in found}


def with_names(changes: Iterable[TermChange], names: Mapping[str, str]) -> tuple[TermChange, ...]:
    """The changes with the vendors' names in place of their ids; an id without a name stays."""
    return tuple(_with_names(one, names) if one.field == "vendors" else one for one in changes)


def _with_names(change: TermChange, names: Mapping[str, str]) -> TermChange:
    texts = [change.before, change.after, change.sentence]
    for vendor, name in names.items():
        texts = [text.replace(vendor, name) for text in texts]
    before, after, sentence = texts
    return replace(change, before=before, after=after, sentence=sentence)
