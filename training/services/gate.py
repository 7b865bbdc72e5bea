"""Ask the gate: gather what it looks at, decide, and keep the decision with everything it rested on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from accounts.models import Membership, User
from accounts.principals import Principal
from common import clock
from training.contracts.compiling import Compiled
from training.gate.facts import Facts, missing_capture
from training.gate.policy import Policy, Verdict, decide
from training.models import PolicyDecision, PolicyText, RightsException, RightsRecord, Source
from training.selectors.contracts import hold_over
from training.selectors.rights import Standing, current_rights
from training.selectors.rules import policy_for
from training.services.sources import blocked_domains, is_blocked
from training.vocabulary import CheckWord, LicenceClass, Outcome
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.territory import covers

SIZE_MOST: Final = 2**53 - 1
"""Bytes of an original: the largest whole number that canonical JSON (RFC 8785) writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What was captured of one asset when it was collected."""

    external_id: str
    kind: str
    media_type: str
    sha256: str
    size_bytes: int
    canonical_url: str
    method: str
    collector: str
    collected_at: datetime
    licence_claim: str
    territory: str
    capture: Mapping[str, Any]
    domain: str = ""
    content: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    business_unit: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the gate knows of a source before it sees an asset: read once for a whole batch."""

    source: Source
    standing: Standing | None
    blocked: frozenset[str]
    exceptions: tuple[RightsException, ...]
    policy: Policy
    # what the class stands under, and whether it has lost it
    contract: Compiled | None = None
    bound_at: datetime | None = None
    is_contract_lost: bool = False
    at: datetime = field(default_factory=clock.now)

    @property
    def contract_hash(self) -> str:
        """The hash of the contract's text, for the verdict; empty where there is none."""
        return self.contract.contract.hash if self.contract else ""

    @property
    def rights(self) -> RightsRecord | None:
        """The record that holds for the source."""
        return self.standing.rights if self.standing else None

    @property
    def excepted(self) -> tuple[str, ...]:
        """Codes that are lifted here now."""
        return tuple(sorted({code for one in self.exceptions for code in one.codes}))


def ground_of(source: Source, *, at: datetime | None = None) -> Ground:
    """Read what the gate needs of ``source``; a class that was stopped a moment ago is stopped here."""
    moment = at or clock.now()
    hold = hold_over(source.source_class_id)
    exceptions = tuple(exceptions_for(source, at=moment))
    contract = hold.compiled
    return Ground(
        source=source,
        standing=current_rights([source.pk], at=moment).get(source.pk),
        blocked=blocked_domains(source.organisation_id),
        exceptions=named_signers(exceptions, hold.compiled),
        policy=policy_for(source.organisation_id, contract.rules if contract else ""),
        contract=contract,
        bound_at=hold.since,
        is_contract_lost=hold.is_lost,
        at=moment,
    )


def exceptions_for(source: Source, *, at: datetime) -> Iterable[RightsException]:
    """Signed exceptions that reach ``source`` and have not ended; they end of themselves."""
    return RightsException.objects.filter(
        Q(source=None) | Q(source=source),
        source_class=source.source_class_id,
        signed_at__isnull=False,
        ended_at=None,
        ends_at__gt=at,
    ).order_by("created_at")


def named_signers(
    exceptions: Sequence[RightsException], contract: Compiled | None
) -> tuple[RightsException, ...]:
    """Those that somebody signed whom the contract of the class names; one signed before it is judged by it too."""
    if contract is None or not exceptions:
        return tuple(exceptions)
    named = {one.casefold() for one in contract.clauses.approvers}
    signers = {one.signed_by_id for one in exceptions}
    seats = Membership.objects.filter(user__in=signers, organisation=exceptions[0].organisation_id)
    told: dict[UUID, set[str]] = defaultdict(set)
    for user, email, role in seats.values_list("user_id", "user__email", "role"):
        told[user] |= {email.casefold(), role.casefold()}
    return tuple(one for one in exceptions if one.signed_by_id and named & told[one.signed_by_id])


def facts_of(
    ground: Ground, capture: Capture, *, registered_at: datetime | None = None, **found: Any
) -> Facts:
    """The facts of one asset.

    Args:
        registered_at: since when its bytes are waited for; now, where it is only being registered.
        found: what scans found, by the names of :class:`Facts`.
    """
    source, rights, standing = ground.source, ground.rights, ground.standing
    kind = source.source_class
    checks = set(rights.checks.values()) if rights else set()
    domains = {source.domain, capture.domain} - {""}
    return Facts(
        has_provenance=is_complete(capture),
        has_rights=rights is not None,
        has_licence_claim=bool(capture.licence_claim.strip()),
        rights_in_force=standing is not None and standing.is_in_force,
        rights_expired=standing is not None and standing.is_expired,
        rights_ended=standing is not None and standing.is_ended,
        may_train=rights is not None and rights.may_train,
        may_derive=rights is not None and rights.may_derive,
        may_redistribute=rights is not None and rights.may_redistribute,
        checks_refused=CheckWord.REFUSED in checks,
        checks_unknown=CheckWord.UNKNOWN in checks,
        domain=capture.domain or source.domain,
        domain_blocked=any(is_blocked(domain, ground.blocked) for domain in domains),
        class_code=kind.code,
        class_allowed=kind.is_allowed,
        class_stopped=kind.stopped_at is not None,
        source_type=kind.source_type,
        licence_class=rights.licence_class if rights else "",
        territory=capture.territory,
        territory_permitted=rights is not None and covers(rights.territories, capture.territory),
        method=capture.method,
        kind=capture.kind,
        media_type=capture.media_type,
        size_bytes=capture.size_bytes,
        business_unit=capture.business_unit,
        retention_days=(rights.retention_days or 0) if rights else 0,
        content=_spelled(capture.content),
        flags=_spelled(capture.flags),
        excepted=ground.excepted,
        talent_licensed=rights is not None and rights.licence_class == LicenceClass.TALENT_TRAINING_LICENCE,
        country=capture.territory[:2],
        contract_missing=ground.is_contract_lost,
        **contract_facts(
            ground.contract, capture, registered_at=registered_at, bound_at=ground.bound_at, at=ground.at
        ),
        **found,
    )


def contract_facts(
    contract: Compiled | None,
    capture: Capture,
    *,
    registered_at: datetime | None,
    bound_at: datetime | None,
    at: datetime,
) -> dict[str, Any]:
    """What only the contract of the class asks for; nothing, where it stands under none.

    Args:
        registered_at: since when the bytes are waited for (None: not waited for).
        bound_at: since when the class stands under the contract, whose clock begins then.
    """
    if contract is None:
        return {}
    heard, waits = registered_at or at, max(registered_at or at, bound_at or at)
    return contract.facts_about(
        {
            **asdict(capture), "collected_at": clock.rfc3339(capture.collected_at),
            "content": list(capture.content), "flags": list(capture.flags), "capture": dict(capture.capture),
        },
        kind=capture.kind, sha256=capture.sha256,
        # a day of collection that is said to come is counted from when we heard of it
        age_days=(at - min(capture.collected_at, heard)).days,
        waited_minutes=int((at - waits).total_seconds() // 60),
    )  # fmt: skip


def _spelled(words: Iterable[str]) -> tuple[str, ...]:
    """Words of content and flags in one spelling: a contract that prohibits ``NUDITY`` means ``nudity`` too."""
    return tuple(sorted({word.strip().upper() for word in words}))


def judge(ground: Ground, facts: Facts) -> Verdict:
    """Decide; without rights at all the gate never admits."""
    return decide(ground.policy, facts)


def keep_decision(
    *,
    ground: Ground,
    facts: Facts,
    verdict: Verdict,
    principal: Principal | None,
    subject_type: str = "asset",
    subject_id: UUID | None = None,
    covers_rows: int = 1,
    after: PolicyDecision | None = None,
) -> PolicyDecision:
    """Write the decision down with the text that it was made under."""
    keep_policy(ground.policy)
    row = decision_of(
        ground=ground, facts=facts, verdict=verdict, person=principal.person if principal else None,
        subject_type=subject_type, subject_id=subject_id, covers_rows=covers_rows, after=after,
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def keep_policy(policy: Policy) -> None:
    """See to it that the text of a policy stands beside the decisions that were made under it."""
    PolicyText.objects.get_or_create(hash=policy.hash, defaults={"text": policy.text})


def decision_of(
    *,
    ground: Ground,
    facts: Facts,
    verdict: Verdict,
    person: User | None,
    subject_type: str = "asset",
    subject_id: UUID | None = None,
    covers_rows: int = 1,
    after: PolicyDecision | None = None,
    leaving_out: Collection[str] = (),
) -> PolicyDecision:
    """The row of a decision, not written yet.

    Args:
        leaving_out: facts that the policy does not read and in which the rows that it covers differ.
    """
    told = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(facts).items()
        if name not in leaving_out
    }
    lifted = without_exceptions(ground, facts, verdict)
    return PolicyDecision(
        organisation_id=ground.source.organisation_id, subject_type=subject_type, subject_id=subject_id,
        covers=covers_rows, outcome=verdict.outcome, codes=list(verdict.codes), facts=told,
        facts_hash=f"sha256:{sha256_hex(canonical_json(told))}", policy_id=ground.policy.hash,
        contract_hash=ground.contract_hash,
        exceptions=[one.pk for one in ground.exceptions if set(one.codes) & lifted],
        after=after, asked_by=person,
    )  # fmt: skip


def without_exceptions(ground: Ground, facts: Facts, verdict: Verdict) -> set[str]:
    """The codes that only the exceptions lifted: what the same facts would have met without them."""
    if not facts.excepted:
        return set()
    return set(decide(ground.policy, replace(facts, excepted=())).codes) - set(verdict.codes)


def is_admitted(verdict: Verdict) -> bool:
    """Whether the gate lets it in."""
    return verdict.outcome == Outcome.ADMIT


def is_complete(capture: Capture) -> bool:
    """Whether what every asset has, and what its kind demands, was captured."""
    has_all = all(
        (capture.external_id, capture.canonical_url, capture.method, capture.collector, capture.sha256)
    )
    return has_all and not missing_capture(capture.kind, capture.capture)
