"""What goes into a bundle beside the log: licences, marks, credentials, events, keys.

Everything that the log proves is written from the log; what the deployment adds (who did what to a request,
the detectors' own words, the event trail) is shown beside it, with pseudonyms for people. Free text that a
party wrote is left out where the bundle is shared between a production and its guild.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Prefetch, Q

from audit.models import Event
from common.clock import rfc3339
from common.keys import public_keys
from common.storage import local_copy
from compliance.models import Audience, ReconciliationReport
from compliance.pseudonyms import Cast
from licensing.models import GuildMember, LicenceToken, Production, RequestAction, TermsVersion
from licensing.selectors import current_grant
from provenance.models import Asset
from provenance.selectors import assets_of
from trustcore.bundle.layout import RECONCILIATION, grant_path, history_path, terms_path, withheld_path
from trustcore.bundle.ledger import Ledger, history_document, withheld_document
from trustcore.encoding import canonical_json
from trustcore.policy.profiles import catalogue, profile_bytes
from trustcore.receipt import VerifiedEntry
from trustcore.signing import public_jwk
from watermarking.selectors import registrations_of

_EXACT = 2**53 - 1  # beyond it, JSON numbers are not the same everywhere
_FREE_TEXT = frozenset({"note", "reason", "description", "file_name", "name", "email"})


def key_set() -> bytes:
    """Return the public keys that grants and the bundle are signed with, as a JWK set."""
    keys = [
        public_jwk(key, kid) for purpose in ("TOKEN", "BUNDLE") for kid, key in public_keys(purpose).items()
    ]
    return canonical_json({"keys": sorted(keys, key=lambda jwk: str(jwk["kid"]))})


NOT_A_MEMBER = "NOT_A_MEMBER"
NOT_ASKED_FOR = "NOT_ASKED_FOR"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Licences that a bundle's readers may not see.

    Attributes:
        whys: a code for each token id: ``NOT_A_MEMBER``, or ``NOT_ASKED_FOR`` in a bundle of another talent.
        objects: ids of what the event trail tells of them.
    """

    whys: Mapping[str, str] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()

    @property
    def jtis(self) -> frozenset[str]:
        """Their token ids."""
        return frozenset(self.whys)

    def hides(self, jtis: Iterable[object]) -> bool:
        """Whether everything that an output cites is withheld."""
        cited = {str(jti) for jti in jtis}
        return bool(cited) and cited <= self.whys.keys()


def withheld_licences(
    ledger: Ledger,
    production: Production,
    audience: str,
    until: datetime,
    asked: frozenset[str] | None = None,
) -> Withheld:
    """What a reader may not see: licences of performers who were not on the guild's roll at the cut, and all not asked for.

    A bundle of one organisation's own withholds nothing but the latter: who may ask for it sees the rest.

    Args:
        asked: the licences that were asked for; None for every one.
    """
    known = {jti for jti, _ in ledger.grants}
    whys = {} if asked is None else dict.fromkeys(known - asked, NOT_ASKED_FOR)
    if audience == Audience.SHARED and production.guild_id is not None:
        members = GuildMember.objects.filter(guild_id=production.guild_id, created_at__lte=until)
        others = LicenceToken.objects.filter(jti__in=known).exclude(talent_id__in=members.values("talent_id"))
        whys |= {str(jti): NOT_A_MEMBER for jti in others.values_list("jti", flat=True)}
    if not whys:
        return Withheld()
    rows = LicenceToken.objects.filter(jti__in=list(whys)).values_list("jti", "licence_id", "request_id")
    return Withheld(dict(sorted(whys.items())), frozenset(str(one) for row in rows for one in row))


NOTHING_WITHHELD = Withheld()


def licence_files(
    ledger: Ledger, cast: Cast, audience: str, until: datetime, hidden: Withheld = NOTHING_WITHHELD
) -> Iterator[tuple[str, bytes]]:
    """Yield, for every licence the log knows, its terms, its signed grant and its history up to ``until``.

    Of a licence that is withheld stands what the log says, and why the rest is not for the reader.
    """
    withheld = hidden.jtis
    for jti, why in sorted(hidden.whys.items()):
        yield withheld_path(jti), canonical_json(withheld_document(jti, ledger, why))
    jtis = sorted({jti for jti, _ in ledger.grants} - withheld)
    tokens = {
        str(token.jti): token
        for token in LicenceToken.objects.filter(jti__in=jtis)
        .select_related("terms", "grant", "request")
        .prefetch_related(
            "reissues",
            Prefetch(
                "request__actions",
                RequestAction.objects.filter(at__lte=until).select_related("signature").order_by("at", "id"),
            ),
            Prefetch("request__versions", TermsVersion.objects.order_by("version")),
        )
    }
    for jti, version in sorted(key for key in ledger.grants if key[0] not in withheld):
        token = tokens[jti]
        yield terms_path(jti, version), canonical_json(token.terms.terms)
        yield grant_path(jti, version), current_grant(token).jws.encode("ascii")
    for jti in jtis:
        token = tokens[jti]
        yield history_path(jti), canonical_json(history_document(jti, ledger, _acts(token, cast, audience)))


def terms_of(ledger: Ledger, withheld: frozenset[str] = frozenset()) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the terms of each granted version that is not withheld, as they were signed."""
    rows = LicenceToken.objects.filter(jti__in={jti for jti, _ in ledger.grants}).select_related("terms")
    by_jti = {str(row.jti): row.terms.terms for row in rows}
    return {(jti, version): by_jti[jti] for jti, version in sorted(ledger.grants) if jti not in withheld}


def profiles_of(terms: Iterable[dict[str, Any]]) -> dict[str, bytes]:
    """Return each compliance profile that the terms name, in the form whose hash counsel signs off."""
    named = sorted({ref for one in terms for ref in one.get("profiles", ())})
    return {ref: profile_bytes(catalogue()[ref]) for ref in named if ref in catalogue()}


def mark_reports(
    production_id: UUID, until: datetime, asked: frozenset[str] | None = None, hidden: Withheld | None = None
) -> list[dict[str, Any]]:
    """Return every mark registered by ``until`` with what its embedding and detection said.

    Args:
        asked: the licences of which a mark must cite one; None for every mark.
        hidden: a mark that cites nothing but what is withheld is left out; the log still tells of it.
    """
    reports = []
    for row in registrations_of(production_id).filter(created_at__lte=until):
        if asked is not None and asked.isdisjoint(map(str, row.token_jtis)):
            continue
        if hidden is not None and hidden.hides(row.token_jtis):
            continue
        results = [
            {"at": rfc3339(one.created_at), "kind": one.kind, "results": plain(one.results)}
            for one in row.reports.all()
            if one.created_at <= until
        ]
        reports.append(
            {
                "mark": row.mark_id,
                "asset": str(row.asset_id) if row.asset_id else None,
                "card": row.card,
                "key_id": row.key_id,
                "licences": sorted(str(jti) for jti in row.token_jtis),
                "registered_at": rfc3339(row.created_at),
                "reports": results,
            }
        )
    return sorted(reports, key=lambda report: str(report["mark"]))


def verified_entries(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the log's entries of verified outputs, in order."""
    return [item["entry"] for item in ledger.marks() if item["entry"]["t"] == _VERIFIED]


def signed_assets(ledger: Ledger, production_id: UUID) -> Iterable[Asset]:
    """Return the outputs whose verification the log tells of, so whose manifest store belongs inside."""
    known = {entry["asset"] for entry in verified_entries(ledger)}
    return [asset for asset in assets_of(production_id) if str(asset.pk) in known]


_VERIFIED = VerifiedEntry.__struct_config__.tag


def event_lines(
    production_id: UUID,
    cast: Cast,
    audience: str,
    until: datetime,
    *,
    reader: UUID | None = None,
    withheld: frozenset[str] = frozenset(),
) -> Iterator[bytes]:
    """Yield the deployment's events of a production up to ``until``, in order, one JSON line each.

    Who asked about which talent is left out: the answer was for the asker alone (layer 1).

    Args:
        reader: the organisation whose events alone are told; ``None`` for the production's own and its guild.
        withheld: ids of objects that are not told of.
    """
    events = Event.objects.filter(production_id=production_id, at__lte=until).exclude(
        object_type="talent_handle"
    )
    if reader is not None:
        events = events.filter(Q(organisation_id=reader) | Q(visible_to__contains=[str(reader)]))
    for event in events.order_by("number").iterator(chunk_size=500):
        if event.object_id in withheld:
            continue
        line = {
            "number": event.number,
            "id": str(event.id),
            "at": rfc3339(event.at),
            "kind": event.kind,
            "person": cast.person(event.person_id),
            "by_key": event.credential_id is not None,
            "organisation": cast.organisation(event.organisation_id),
            "object": {"type": event.object_type, "id": event.object_id},
            "before": event.before_hash or None,
            "after": event.after_hash or None,
            "details": plain(_told(event.details, audience)),
        }
        yield canonical_json(line) + b"\n"


def reconciliation_files(
    production_id: UUID, audience: str, until: datetime
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the reports of compared deliveries, each as summary and rows; shared ones without the files' names."""
    kept = ReconciliationReport.objects.filter(production_id=production_id, created_at__lte=until)
    for report in kept.order_by("created_at", "pk"):
        yield f"{RECONCILIATION}{report.pk}.json", iter([canonical_json(report.summary)])
        yield f"{RECONCILIATION}{report.pk}.ndjson", _rows(report.blob, audience)


def _rows(blob: str, audience: str) -> Iterator[bytes]:
    with local_copy(blob) as path, path.open("rb") as stream:
        for line in stream:
            if audience == Audience.SHARED:
                row = msgspec.json.decode(line)
                row.pop("path", None)
                yield canonical_json(row) + b"\n"
            else:
                yield line


def _acts(token: LicenceToken, cast: Cast, audience: str) -> list[dict[str, Any]]:
    """Return each act on the licence's request: who, for whom, over which terms; both sides agree by hash.

    What a person signed with their own passkey carries the signature.
    """
    versions = {row.version: row for row in token.request.versions.all()}
    acts: list[dict[str, Any]] = []
    for act in token.request.actions.all():
        row: dict[str, Any] = {
            "act": act.kind,
            "side": act.side,
            "person": cast.person(act.actor_id),
            "by_key": act.credential_id is not None,
            "organisation": cast.organisation(act.organisation_id),
            "at": rfc3339(act.at),
            "version": act.version,
            "terms_hash": act.terms_hash,
            "before": act.state_before or None,
            "after": act.state_after,
        }
        version = versions.pop(act.version, None)
        if version is not None:
            row["terms"] = version.terms  # the first act upon a version carries it whole
        signature = getattr(act, "signature", None)
        if signature is not None:
            row["passkey"] = signature.kept
        if act.note:
            row["note"] = None if audience == Audience.SHARED else act.note
        acts.append(row)
    return acts


def _told(details: Any, audience: str) -> Any:
    """Return an event's details, without what a person may have typed where the bundle is shared."""
    if isinstance(details, dict):
        return {
            key: None if audience == Audience.SHARED and key in _FREE_TEXT else _told(value, audience)
            for key, value in details.items()
        }
    if isinstance(details, list):
        return [_told(value, audience) for value in details]
    return details


def plain(value: Any) -> Any:
    """Return JSON that canonical form takes: decimals and very large numbers as text, tuples as lists."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > _EXACT):
        return repr(value)
    return value
