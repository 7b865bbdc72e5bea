"""Rows that fit one of several rules, each found by an index of its own.

``Q(a) | Q(b)`` across joins makes PostgreSQL read the whole table and ask of each row; a union of what each rule finds
reads nobody else's rows, however many there are.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Manager, Q, QuerySet


def in_any(rows: Manager[Any], rules: Sequence[Q]) -> Q:
    """The condition that a row's key is among those that one of ``rules`` finds; nothing fits no rule.

    For questions that name their rows otherwise too (a detail, a join): the planner asks the rules of those alone.

    Example:
        ``LicenceToken.objects.filter(in_any(LicenceToken.objects, [Q(licensee=me), Q(talent__user=who)]))``
    """
    return Q(pk__in=_keys(rows, rules)) if rules else Q(pk__in=[])


def found_by_any(rows: Manager[Any], rules: Sequence[Q]) -> Q:
    """The same condition for lists and counts of everything that fits: the keys are found first, then their rows."""
    return among(_keys(rows, rules)) if rules else Q(pk__in=[])


def among(keys: QuerySet[Any, Any]) -> Q:
    """The condition that a row's key is one of ``keys``, which are read once and before the rows.

    ``IN (SELECT ... LIMIT 40)`` is a join, which beside many other tables is planned last: all of them are joined to
    every row first. An array is a value, by which an index is asked.
    """
    is_any = Func(
        F("pk"),
        ArraySubquery(keys),
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
    return Q(is_any)


def _keys(rows: Manager[Any], rules: Sequence[Q]) -> QuerySet[Any, Any]:
    first, *others = (rows.filter(rule).order_by().values("pk") for rule in rules)
    return first.union(*others) if others else first
