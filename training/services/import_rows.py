"""One chunk of a bulk: every row past the same gate as a single registration, then written together or not at all.

Rows that agree in every fact that the policy reads share one decision, which says how many it covers. What a
single registration raises for one asset is a refusal of that row here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from common.errors import Conflict, DomainError
from training.gate.facts import Facts
from training.gate.policy import Policy, Verdict, decide_many
from training.models import Source
from training.scripts import ungranted_files
from training.services.assets import in_one_spelling, require_contract, with_locked_class
from training.services.gate import SIZE_MOST, Capture, Ground, facts_of, ground_of, is_complete
from training.services.texts import canonical_url
from training.vocabulary import AssetState, Outcome

ROW_BYTES_MAX: Final = 64 * 1024
DEPTH_MOST: Final = 32
"""Lists and objects within one another in what was captured."""
_Short = Annotated[str, msgspec.Meta(max_length=40)]
_Listed = Annotated[list[_Short], msgspec.Meta(max_length=40)]


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the file: the fields of a single registration, by the same names and bounds."""

    source_id: UUID
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: str
    media_type: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    sha256: str
    size_bytes: Annotated[int, msgspec.Meta(ge=0, le=SIZE_MOST)]
    canonical_url: Annotated[str, msgspec.Meta(max_length=1000)]
    method: str
    collected_at: Annotated[datetime, msgspec.Meta(tz=True)]
    territory: str
    capture: dict[str, Any]
    licence_claim: Annotated[str, msgspec.Meta(max_length=200)] = ""
    content: _Listed = []
    flags: _Listed = []
    business_unit: Annotated[str, msgspec.Meta(max_length=80)] = ""
    location: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    # the contract that the ingest runs by; empty: none at all; left out: not asked
    contract_hash: Annotated[str, msgspec.Meta(pattern=r"^(sha256:[0-9a-f]{64})?$")] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not registered: its number (from 1), the code, and what it was refused under, if the gate did."""

    row: int
    code: str
    detail: str = ""
    external_id: str = ""
    judged: "Judged | None" = None


@dataclass(frozen=True, slots=True)
class Told:
    """A row that could be read."""

    row: int
    source_id: UUID
    capture: Capture
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one decision rests on: the source's ground and the facts that the policy reads."""

    source_id: UUID
    facts: Facts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that goes in, with its version and its decision."""

    told: Told
    version: int
    judged: Judged


@dataclass(slots=True)
class Sorted:
    """A chunk, sorted by what becomes of its rows."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    same: int = 0


_decoder = msgspec.json.Decoder(Row)


def read_rows(lines: Iterable[tuple[int, bytes]], *, collector: str) -> tuple[list[Told], list[Refused]]:
    """Lines as captures in one spelling; what cannot be read, or says what no registration may, is refused."""
    told: list[Told] = []
    refused: list[Refused] = []
    # of one source one object: asking whether two are the same costs nothing then
    sources: dict[UUID, UUID] = {}
    for number, line in lines:
        try:
            told.append(_told(number, line, collector, sources))
        except DomainError as error:
            refused.append(Refused(number, error.code, error.detail or error.title))
        except msgspec.ValidationError as error:
            refused.append(Refused(number, "FIELDS_INVALID", str(error)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            refused.append(Refused(number, "JSON_MALFORMED", str(error)))
        except _RowError as error:
            refused.append(Refused(number, str(error)))
    return told, refused


def sort_rows(organisation_id: UUID, told: Sequence[Told]) -> tuple[Sorted, dict[UUID, Ground]]:
    """Judge a chunk. MUST be called inside the transaction that writes it: the sources' classes are held still."""
    grounds = _grounds(organisation_id, {one.source_id for one in told})
    sorted_ = Sorted()
    here = []
    for one in told:
        if one.source_id not in grounds:
            sorted_.refused.append(Refused(one.row, "NOT_FOUND", "", one.capture.external_id))
        elif one.under is not None and (changed := _changed_contract(grounds[one.source_id], one)):
            sorted_.refused.append(changed)
        else:
            here.append(one)
    versions = _versions(here)
    holders = _holders(organisation_id, {one.capture.sha256 for one in here})
    # of every kind: what a row says of itself changes nothing of whose file it is
    scripts = ungranted_files((one.capture.sha256 for one in here), organisation_id)
    judge = _Judge(grounds, scripts)
    elsewhere = [_is_elsewhere(holders, one) for one in here]
    asked = [judge.facts(one, is_elsewhere=is_it) for one, is_it in zip(here, elsewhere, strict=True)]
    judge.foresee(zip(here, asked, strict=True))
    for one, was_elsewhere, facts in zip(here, elsewhere, asked, strict=True):
        earlier = versions[one.source_id, one.capture.external_id]
        if one.capture.sha256 in earlier.states:
            state = earlier.states[one.capture.sha256]
            if state in (AssetState.ADMITTED, AssetState.ISOLATED):
                sorted_.same += 1
            else:
                code = "ASSET_TAKEN_DOWN" if state == AssetState.REMOVED else "ASSET_CLOSED"
                sorted_.refused.append(Refused(one.row, code, "", one.capture.external_id))
            continue
        is_it = _is_elsewhere(holders, one)  # another row of this chunk may have brought the same bytes
        judged = judge.of(one, facts if is_it == was_elsewhere else replace(facts, exact_duplicate=is_it))
        if judged.verdict.outcome == Outcome.REFUSE:
            codes = judged.verdict.codes
            sorted_.refused.append(
                Refused(one.row, "ASSET_REFUSED", ", ".join(codes), one.capture.external_id, judged)
            )
            continue
        earlier.count += 1
        earlier.states[one.capture.sha256] = AssetState.ADMITTED
        holders[one.capture.sha256].add(one.source_id)
        sorted_.entries.append(Entry(one, earlier.count, judged))
    return sorted_, grounds


def _changed_contract(ground: Ground, one: Told) -> Refused | None:
    """The refusal of a row that insists on another contract than the one in force; None: it is this one."""
    try:
        require_contract(ground, one.under)
    except Conflict as error:
        return Refused(one.row, error.code, error.detail, one.capture.external_id)
    return None


class _RowError(ValueError):
    """A row that is refused before it is read."""


def _told(number: int, line: bytes, collector: str, sources: dict[UUID, UUID]) -> Told:
    if len(line) > ROW_BYTES_MAX:
        raise _RowError("ROW_TOO_LARGE")
    if b"\\u0000" in line:  # no text of the database holds it
        raise _RowError("TEXT_INVALID")
    row = _decoder.decode(line)
    if line.count(b"{") + line.count(b"[") > DEPTH_MOST and _is_deeper(row.capture, DEPTH_MOST):
        raise _RowError("FIELDS_INVALID")
    url, domain = canonical_url(row.canonical_url)
    capture = Capture(
        external_id=row.external_id, kind=row.kind, media_type=row.media_type.strip(), sha256=row.sha256,
        size_bytes=row.size_bytes, canonical_url=url, domain=domain, method=row.method, collector=collector,
        collected_at=row.collected_at, licence_claim=row.licence_claim, territory=row.territory,
        capture=row.capture, content=tuple(row.content), flags=tuple(row.flags),
        business_unit=row.business_unit, location=row.location,
    )  # fmt: skip
    source_id = sources.setdefault(row.source_id, row.source_id)
    return Told(number, source_id, in_one_spelling(capture, collector=collector), row.contract_hash)


def _is_deeper(value: Any, most: int) -> bool:
    """Whether containers lie more than ``most`` within one another."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)


@dataclass(slots=True)
class _Earlier:
    count: int = 0
    states: dict[str, str] = field(default_factory=dict)


def _grounds(organisation_id: UUID, wanted: set[UUID]) -> dict[UUID, Ground]:
    rows = Source.objects.select_related("source_class").filter(pk__in=wanted, organisation=organisation_id)
    # always in one order: two chunks that hold the same classes must not wait for each other
    ordered = sorted(rows, key=lambda row: (row.source_class_id, row.pk))
    return {row.pk: ground_of(with_locked_class(row)) for row in ordered}


def _versions(told: Sequence[Told]) -> dict[tuple[UUID, str], _Earlier]:
    found: dict[tuple[UUID, str], _Earlier] = defaultdict(_Earlier)
    rows = _asked(
        "select source_id, external_id, sha256, state from training_trainingasset"
        " where source_id = any(%s::uuid[]) and external_id = any(%s) order by version",
        [str(one) for one in {one.source_id for one in told}],
        list({one.capture.external_id for one in told}),
    )
    for source, external, sha256, state in rows:
        one = found[source, external]
        one.count += 1
        one.states[sha256] = state
    return found


def _holders(organisation_id: UUID, wanted: set[str]) -> dict[str, set[UUID]]:
    """Which sources hold these very bytes, as :func:`~training.services.assets.is_known` asks of one."""
    found: dict[str, set[UUID]] = defaultdict(set)
    rows = _asked(
        "select sha256, source_id from training_trainingasset"
        " where organisation_id = %s and sha256 = any(%s) and not state = any(%s)",
        organisation_id, list(wanted), [AssetState.REFUSED.value, AssetState.REMOVED.value],
    )  # fmt: skip
    for sha256, source in rows:
        found[sha256].add(source)
    return found


def _asked(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query whose lists are one value each: thousands of placeholders cost more than the answer."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _is_elsewhere(holders: dict[str, set[UUID]], one: Told) -> bool:
    held = holders.get(one.capture.sha256)
    return bool(held) and held != {one.source_id}


class _Judge:
    """Verdicts of a chunk: each distinct set of facts is decided once."""

    def __init__(self, grounds: dict[UUID, Ground], scripts: set[str]) -> None:
        self._grounds, self._scripts = grounds, scripts
        self._known: dict[tuple[UUID, Facts], Judged] = {}
        self._reads_size: dict[str, bool] = {}
        self._shared: dict[tuple[Any, ...], Facts] = {}

    def foresee(self, asked: Iterable[tuple[Told, Facts]]) -> None:
        """Decide everything that is known beforehand in few calls of the engine."""
        by_policy: dict[str, tuple[Policy, dict[tuple[UUID, Facts], None]]] = {}
        for one, facts in asked:
            policy = self._grounds[one.source_id].policy
            wanted = by_policy.setdefault(policy.hash, (policy, {}))[1]
            wanted.setdefault((one.source_id, facts))
        for policy, wanted in by_policy.values():
            keys = list(wanted)
            verdicts = decide_many(policy, [facts for _source, facts in keys])
            for (source, facts), verdict in zip(keys, verdicts, strict=True):
                self._known[source, facts] = Judged(source, facts, verdict)

    def of(self, one: Told, facts: Facts) -> Judged:
        """The decision of a row."""
        key = (one.source_id, facts)
        if (known := self._known.get(key)) is not None:
            return known
        (verdict,) = decide_many(self._grounds[one.source_id].policy, [facts])
        self._known[key] = Judged(one.source_id, facts, verdict)
        return self._known[key]

    def facts(self, one: Told, *, is_elsewhere: bool) -> Facts:
        """What the policy reads of a row."""
        ground, told = self._grounds[one.source_id], one.capture
        if ground.policy.hash not in self._reads_size:
            self._reads_size[ground.policy.hash] = reads_size(ground.policy)
        is_script = told.sha256 in self._scripts
        if ground.contract is not None or self._reads_size[ground.policy.hash]:
            facts = facts_of(ground, told, exact_duplicate=is_elsewhere, script_ungranted=is_script)
            return facts if self._reads_size[ground.policy.hash] else replace(facts, size_bytes=0)
        # all that facts hold of a capture where no contract asks for more: rows that agree in it share one object
        key = (
            one.source_id, told.domain, told.territory, told.method, told.kind, told.media_type,
            told.business_unit, told.content, told.flags, not told.licence_claim.strip(), is_complete(told),
            is_elsewhere, is_script,
        )  # fmt: skip
        if (shared := self._shared.get(key)) is None:
            facts = facts_of(ground, told, exact_duplicate=is_elsewhere, script_ungranted=is_script)
            shared = self._shared[key] = replace(facts, size_bytes=0)
        return shared


def reads_size(policy: Policy) -> bool:
    """Whether a policy speaks of the size: if not, rows that differ in nothing else share their decision."""
    return "size_bytes" in policy.text
