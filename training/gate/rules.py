"""The rules that counsel defines, in Cedar: they only ever forbid, below the house's own text and above any contract.

>>> print(rules_text(1, licence_classes=["OWNED"], source_types=[], methods=["CRAWLER"], territories=["US"]))
// rules of counsel, version 1
<BLANKLINE>
@id("RULES_LICENCE_CLASS")
forbid (principal, action, resource) when { context.has_rights && !["OWNED"].contains(context.licence_class) };
<BLANKLINE>
@id("RULES_METHOD")
forbid (principal, action, resource) when { ["CRAWLER"].contains(context.method) };
<BLANKLINE>
@id("RULES_TERRITORY")
forbid (principal, action, resource) when { !["US"].contains(context.country) && !["-"].contains(context.territory) };
<BLANKLINE>
"""

import json
from collections.abc import Sequence


def rules_text(
    version: int,
    *,
    licence_classes: Sequence[str],
    source_types: Sequence[str],
    methods: Sequence[str],
    territories: Sequence[str],
) -> str:
    """The text of one version; every rule has its code.

    Args:
        source_types, methods: what nothing is taken from, or by; empty: no such rule.
        territories: ISO 3166 codes, expanded; a country covers its subdivisions.
    """
    countries = [one for one in territories if "-" not in one]
    parts = [one for one in territories if "-" in one]
    rules = [
        f"// rules of counsel, version {version}",
        _rule(
            "LICENCE_CLASS",
            f"context.has_rights && !{_set(licence_classes)}.contains(context.licence_class)",
        ),
    ]
    if source_types:
        rules.append(_rule("SOURCE_TYPE", f"{_set(source_types)}.contains(context.source_type)"))
    if methods:
        rules.append(_rule("METHOD", f"{_set(methods)}.contains(context.method)"))
    rules.append(
        _rule(
            "TERRITORY",
            f"!{_set(countries)}.contains(context.country) && !{_set(parts)}.contains(context.territory)",
        )
    )
    return "\n\n".join(rules) + "\n"


def _rule(name: str, when: str) -> str:
    return f'@id("RULES_{name}")\nforbid (principal, action, resource) when {{ {when} }};'


def _set(words: Sequence[str]) -> str:
    """A set in Cedar; the empty one holds a word that nothing is."""
    return json.dumps(list(words) or ["-"])
