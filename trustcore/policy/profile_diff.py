"""What is different between two profiles: two versions of one text, or a text and the one that follows it. Pure.

>>> [change.kind for change in diff_profiles(old, new)]  # doctest: +SKIP
['NEW', 'GONE', 'CHANGED']
"""

from __future__ import annotations

from trustcore.older import dataclass
from trustcore.policy.profiles import (
    AtTheEnd,
    Profile,
    Refuse,
    Require,
    Rule,
    VisibleMark,
)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that one of two profiles has otherwise than the other: ``NEW``, ``GONE`` or ``CHANGED``."""

    kind: str
    was: Rule | None
    now: Rule | None


def diff_profiles(older: Profile, newer: Profile) -> tuple[RuleChange, ...]:
    """Return every rule that differs, in the order of ``newer`` and then what is gone."""
    left = list(older.rules)
    found: list[RuleChange] = []
    unmatched: list[Rule] = []
    for rule in newer.rules:
        if rule in left:
            left.remove(rule)
        else:
            unmatched.append(rule)
    for rule in unmatched:
        was = next((one for one in left if _about(one) == _about(rule)), None)
        if was is not None:
            left.remove(was)
        found.append(RuleChange("NEW" if was is None else "CHANGED", was, rule))
    return (*found, *(RuleChange("GONE", one, None) for one in left))


def _about(rule: Rule) -> tuple[object, ...]:
    """What a rule is about: two rules about the same are one rule that changed."""
    subject: tuple[str, ...] = ()
    if isinstance(rule, (Require, Refuse)):
        subject = rule.fields
    elif isinstance(rule, AtTheEnd):
        subject = (rule.material,)
    elif isinstance(rule, VisibleMark):
        subject = (rule.unless or "",)
    return type(rule), subject
