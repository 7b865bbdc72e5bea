"""The talent's own word: rules that approve in advance, and instructions of which the last one counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import AutoRule, Talent, TalentInstruction
from licensing.models.consent import NEVER_BY_RULE
from licensing.selectors.people import authority_wanted, speaks_for
from licensing.services.rule_limits import limits_missing, parse_rule_limits
from trustcore.policy.vocabulary import ReplicaClass, UseType


def set_auto_rule(
    *,
    principal: Principal,
    talent: Talent,
    use_types: Iterable[str],
    limits: Mapping[str, Any],
    valid_until: datetime,
    valid_from: datetime | None = None,
    licensees: Iterable[Organisation] = (),
) -> AutoRule:
    """Approve in advance: what lies wholly within the rule is granted without asking again. The talent alone may.

    Args:
        limits: see :class:`~licensing.services.rule_limits.RuleLimits`; all but the vendors must be said.
        licensees: for whom; nobody named: whoever may see the talent.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        InvalidInput: ``USE_TYPE_UNKNOWN``, ``NEVER_BY_RULE``, ``LIMITS_INVALID``, ``LIMITS_MISSING`` or
            ``DATES_INVALID``.
    """
    _require_word(principal, talent, "Only the talent approves in advance.")
    if authority_wanted(talent) is not None:
        raise Forbidden("TALENT_ONLY", "Nobody approves in advance for a minor or an estate.")
    require_presence(principal)
    uses = sorted({str(use) for use in use_types})
    if not uses or not set(uses) <= set(UseType):
        raise InvalidInput("USE_TYPE_UNKNOWN", "Name use types.", ", ".join(uses))
    if never := sorted(set(uses) & set(NEVER_BY_RULE)):
        raise InvalidInput("NEVER_BY_RULE", "No rule approves these; each is asked for.", ", ".join(never))
    read = parse_rule_limits(limits)
    numbers: dict[str, Any] = msgspec.to_builtins(read)
    if missing := limits_missing(read):
        raise InvalidInput("LIMITS_MISSING", "A rule has limits.", ", ".join(missing))
    if numbers.get("content") or ReplicaClass.DECEASED_DIGITAL_REPLICA in read.replica_classes:
        raise InvalidInput("NEVER_BY_RULE", "No rule opens content that is closed by default.")
    begins = valid_from or clock.now()
    if valid_until <= begins:
        raise InvalidInput("DATES_INVALID", "The rule would end before it begins.")
    with transaction.atomic():
        rule = AutoRule.objects.create(
            talent=talent,
            set_by=principal.person,
            use_types=uses,
            limits=numbers,
            valid_from=begins,
            valid_until=valid_until,
        )
        rule.licensees.set(named := list(licensees))
        record(
            kind="rule.set",
            principal=principal,
            organisation_id=talent.organisation_id,
            object_type="rule",
            object_id=rule.pk,
            after={"use_types": uses, "limits": numbers, "licensees": sorted(str(one.pk) for one in named)},
            details={"use_types": uses, "until": clock.rfc3339(valid_until)},
        )
        return rule


def end_auto_rule(*, principal: Principal, rule_id: UUID) -> AutoRule:
    """End a rule; what it granted stays granted.

    Raises:
        NotFound: no such rule, or none of a talent that the caller speaks for.
        Conflict: ``RULE_ENDED``.
    """
    with transaction.atomic():
        rows = AutoRule.objects.select_for_update(of=("self",)).select_related("talent")
        rule = rows.filter(pk=rule_id).first()
        if rule is None or not speaks_for(principal, rule.talent):
            raise NotFound
        if rule.ended_at is not None:
            raise Conflict("RULE_ENDED", "This rule has ended already.")
        rule.ended_at = clock.now()
        rule.save(update_fields=["ended_at"])
        record(
            kind="rule.ended",
            principal=principal,
            organisation_id=rule.talent.organisation_id,
            object_type="rule",
            object_id=rule.pk,
        )
        return rule


def instruct(
    *, principal: Principal, talent: Talent, kind: str, body: Mapping[str, Any]
) -> TalentInstruction:
    """Say who is paid, or what may be done after death; the last word counts. The talent alone may.

    Args:
        body: ``PAYEE``: ``{"payee": id}``; ``POST_MORTEM``: ``{"allowed": bool, "use_types": [...], "text": ...}``.

    Raises:
        Forbidden: ``TALENT_ONLY``, or as :func:`~accounts.presence.require_presence`.
        InvalidInput: ``INSTRUCTION_INVALID``.
    """
    _require_word(principal, talent, "Only the talent says this.")
    require_presence(principal)
    read = _READERS.get(kind)
    if read is None:
        raise InvalidInput("INSTRUCTION_INVALID", _("%(kind)s is no instruction.") % {"kind": kind})
    try:
        said = msgspec.to_builtins(msgspec.convert(body, read))
    except msgspec.ValidationError as error:
        raise InvalidInput("INSTRUCTION_INVALID", "The instruction cannot be read.", str(error)) from error
    with transaction.atomic():
        row = TalentInstruction.objects.create(talent=talent, kind=kind, body=said, set_by=principal.person)
        record(
            kind="talent.instructed",
            principal=principal,
            organisation_id=talent.organisation_id,
            object_type="talent",
            object_id=talent.pk,
            details={"kind": kind},  # no hash of it: a payee could be guessed from one without a salt
        )
        return row


class _Payee(msgspec.Struct, forbid_unknown_fields=True):
    payee: str


class _PostMortem(msgspec.Struct, forbid_unknown_fields=True):
    allowed: bool
    use_types: tuple[UseType, ...] = ()
    text: str = ""


_READERS: Final = {"PAYEE": _Payee, "POST_MORTEM": _PostMortem}


def _require_word(principal: Principal, talent: Talent, title: str) -> None:
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", title)
