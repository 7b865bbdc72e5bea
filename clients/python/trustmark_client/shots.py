"""May work on a shot begin? What an adapter to a production tracker asks, likeness by likeness.

    1. A likeness without a licence or a request: a request is submitted, once, from the production's template.
    2. A request that was answered with a licence: that licence. One that still waits: no work yet.
    3. A licence: its successor if it was replaced; then the server is asked as for one frame of this shot, and
       what that reserved is given back at once. The answer is the server's, with its reason codes.

No answer is no: everything that is not ``LICENSED`` stops the shot. This is an early word to people; the gate that
no frame passes is the render check.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trustmark_client.asks import Ask
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError, LicenceEnded, ServerUnreachable
from trustmark_client.exchange import Call

LICENSED, REQUESTED, DENIED = "LICENSED", "REQUESTED", "DENIED"
WAITING = frozenset({"SUBMITTED", "NOTICE_PERIOD", "IN_REVIEW", "COUNTERED", "COUNTER_ACCEPTED", "APPROVED"})
SUCCESSORS_MOST = 8
_ORDERS = uuid.UUID("5f0a3c1e-7b0e-4d6a-9a52-6f2f4f3f9a11")


@dataclass(frozen=True)
class Order:
    """What a production asks for when one of its shots begins.

    Attributes:
        template: further fields of ``POST /api/v1/license-requests`` (terms, days, territories ...); without one
            nothing is requested, and a likeness without a licence is denied as ``LICENCE_MISSING``.
    """

    project: str
    use_type: str
    render_territory: str
    construct: str = "FACE_3D"
    template: Mapping[str, Any] | None = None
    engine: str = "tracker"


@dataclass(frozen=True)
class ShotLikeness:
    """A likeness in a shot, as the tracker has noted it; ``talent`` is the handle in the vault."""

    talent: str
    licence: str = ""
    request: str = ""


@dataclass(frozen=True)
class ShotStanding:
    """How one likeness stands for one shot; ``reason_codes`` say why it is not licensed, the first is primary."""

    state: str
    reason_codes: tuple[str, ...] = ()
    licence: str = ""
    request: str = ""
    detail: str = ""

    @property
    def may_begin(self) -> bool:
        """Whether this likeness lets the shot begin."""
        return self.state == LICENSED

    @property
    def is_unanswered(self) -> bool:
        """Whether it was the server that did not answer: worth asking again."""
        return "OFFLINE" in self.reason_codes


def standing_of(
    client: TrustmarkClient, order: Order, likeness: ShotLikeness, *, shot: str, frame: int = 1
) -> ShotStanding:
    """How ``likeness`` stands for ``shot`` now; asks for a licence where there is none. Raises nothing."""
    licence, request = likeness.licence, likeness.request
    try:
        if not licence and not request:
            request = _request(client, order, likeness.talent, shot)
        if not licence:
            answer = client.licence_request(request)
            licence = str(answer.get("token") or "")
            if not licence:
                return _unanswered_request(str(answer.get("state")), request)
        licence, token = _current(client, licence)
        return _checked(client, order, token, shot, frame, licence, request)
    except ClientError as error:
        return ShotStanding(DENIED, (error.screen_code,), licence, request, str(error))


def _request(client: TrustmarkClient, order: Order, talent: str, shot: str) -> str:
    if order.template is None:
        raise ClientError("LICENCE_MISSING", f"no licence for {talent} is known, and no template to ask with")
    body = dict(order.template) | {"project": order.project, "talent": talent, "shots": [shot]}
    key = uuid.uuid5(_ORDERS, f"{order.project}\n{talent}\n{shot}")
    return str(client.request_licence(body, key=str(key))["id"])


def _unanswered_request(state: str, request: str) -> ShotStanding:
    if state in WAITING:
        return ShotStanding(REQUESTED, ("LICENCE_REQUESTED",), "", request, f"the request is {state}")
    return ShotStanding(DENIED, (f"REQUEST_{state}",), "", request, f"the request is {state}")


def _current(client: TrustmarkClient, licence: str) -> tuple[str, str]:
    """The licence that stands in the place of this one today, and its token."""
    for _ in range(SUCCESSORS_MOST):
        beat = client.token_heartbeat(licence)
        if beat.token is not None:
            return licence, beat.token
        if not beat.superseded_by:
            raise LicenceEnded(licence, beat.state)
        licence = beat.superseded_by
    raise LicenceEnded(licence, "SUPERSEDED")


def _checked(
    client: TrustmarkClient, order: Order, token: str, shot: str, frame: int, licence: str, request: str
) -> ShotStanding:
    decision = client.check(
        Ask(
            token=token,
            project=order.project,
            shot=shot,
            use_type=order.use_type,
            construct=order.construct,
            render_territory=order.render_territory,
            first=frame,
            last=frame,
            task="begin",
            engine=order.engine,
        )
    )
    if not decision.permitted or decision.lease is None:
        codes = tuple(decision.reason_codes) or ("NO_LEASE",)
        return ShotStanding(DENIED, codes, licence, request, f"decision {decision.decision_id}")
    client.end_lease(decision.lease.id)
    return ShotStanding(LICENSED, (), licence, request, f"decision {decision.decision_id}")


# -- after the work: what the log has of a shot ----------------------------------------------------------------


@dataclass(frozen=True)
class ShotReceipts:
    """What the log says of a shot's frames; a frame that was rendered again counts by its last receipt."""

    outcomes: Mapping[int, str] = field(default_factory=dict)

    def missing(self, frames: Iterable[int]) -> list[int]:
        """Those of ``frames`` that have no receipt as rendered."""
        return [frame for frame in frames if self.outcomes.get(frame) != "RENDERED"]


def receipts_by_shot(client: TrustmarkClient, licence: str) -> dict[str, ShotReceipts]:
    """All receipts of a licence, by shot; reads its whole export.

    Raises:
        ServerRefused: the licence is not one that this key may see.
        ServerUnreachable: no answer, or not a file of receipts.
    """
    outcomes: dict[str, dict[int, str]] = {}
    for row in _exported(client, licence):
        if row["counter"] == "frames":
            outcomes.setdefault(row["shot"], {})[int(row["frame"])] = row["outcome"]
    return {shot: ShotReceipts(of_shot) for shot, of_shot in outcomes.items()}


def receipted_files(client: TrustmarkClient, licence: str) -> dict[str, str]:
    """Outcome of the last receipt of every file, by the SHA-256 of its bytes; reads the licence's whole export.

    Raises:
        ServerRefused: the licence is not one that this key may see.
        ServerUnreachable: no answer, or not a file of receipts.
    """
    return {row["file_sha256"]: row["outcome"] for row in _exported(client, licence)}


_COLUMNS = ("shot", "frame", "counter", "outcome", "file_sha256")


def _exported(client: TrustmarkClient, licence: str) -> list[dict[str, str]]:
    path = f"/api/v1/render/receipts/export?token={licence}&format=csv&kind=receipts"
    text = client.transport.request(Call("GET", path)).text
    rows = csv.DictReader(io.StringIO(text))
    if not set(_COLUMNS) <= set(rows.fieldnames or ()):
        raise ServerUnreachable("the export of receipts cannot be read: columns are missing")
    try:
        return [{name: row[name] or "" for name in _COLUMNS} for row in rows if row["frame"].isdigit()]
    except (csv.Error, AttributeError) as error:
        raise ServerUnreachable(f"the export of receipts cannot be read: {error!r}") from error
