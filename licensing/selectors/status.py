"""What anyone may fetch: the issuer's keys, what it offers, and the status lists. None says who asked for what.

A status list covers thousands of tokens and is fetched by many. It is built from one slim query for each
state of its tokens, kept in the process under that state, and signed once a minute: see :func:`_state_of`
for why a kept list is never older than the database.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connection
from django.db.models import Exists, Max, OuterRef

from common import clock
from common.keys import public_keys, revoked_keys, signer_for, signs_any_length
from common.models import SigningKey
from licensing.models import LicenceToken
from licensing.selectors.tokens import Successor, holds_over, state_by_time
from trustcore.bundle.revoked import REVOKED_MEMBER
from trustcore.policy.vocabulary import TokenState
from trustcore.signing import Signer, public_jwk, public_key_set
from trustcore.status import INVALID, SUSPENDED, VALID, StatusList, encode_status_list, status_of

# Places in one list; half of them at most are used, so that a free one is found at once.
STATUS_LIST_SIZE: Final = 2**15
# For how many seconds a reader may keep a copy, and until when the list says anything at all.
STATUS_TTL_SECONDS: Final = 10
STATUS_LIFE: Final = timedelta(minutes=10)
# Every process signs the same text within a slot of this length, so that a reader's copy goes on matching (304).
_SLOT_SECONDS: Final = 60
# keys of decisions and leases stand apart (/.well-known/decision-jwks.json): none of them may verify a token
_PURPOSES: Final = ("TOKEN", "STATUS", "BUNDLE")
_KEPT_LISTS: Final = 128
# The rest is no longer valid and stays so: a place reads as invalid unless a token says otherwise.
_MAY_BE_VALID: Final = tuple(str(one) for one in TokenState if status_of(one) != INVALID)

# ordered by the number, not by its text: the column must be named with its table
_STATE = """
select (select c.xact::text from licensing_statuschange c
         where c.status_list = %(number)s and c.xact < pg_snapshot_xmin(pg_current_snapshot())
         order by c.xact desc limit 1),
       array(select c.xact::text from licensing_statuschange c
              where c.status_list = %(number)s and c.xact >= pg_snapshot_xmin(pg_current_snapshot())
              order by c.xact),
       pg_current_xact_id_if_assigned() is not null
"""


class _State(NamedTuple):
    """Which changes of a list are visible: the last one that no open transaction precedes, and all after it."""

    settled: str | None
    recent: tuple[str, ...]


class _Built(NamedTuple):
    """A list as built at one state. It holds from ``built_at`` until time alone changes a token in it."""

    state: _State
    built_at: datetime
    changes_at: datetime | None
    codes: StatusList

    def holds(self, state: _State, at: datetime) -> bool:
        """Whether it still says what the database says at ``at``."""
        return (
            self.state == state and self.built_at <= at and (self.changes_at is None or at < self.changes_at)
        )


class _Kept:
    """The newest of each list and its signed text; the least used goes when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: OrderedDict[int, _Built] = OrderedDict()
        self._signed: OrderedDict[int, tuple[Any, str]] = OrderedDict()

    def built(self, number: int) -> _Built | None:
        return self._built.get(number)

    def keep_built(self, number: int, built: _Built) -> None:
        self._keep(self._built, number, built)

    def signed(self, number: int, facts: Any) -> str | None:
        kept = self._signed.get(number)
        return kept[1] if kept is not None and kept[0] == facts else None

    def keep_signed(self, number: int, facts: Any, text: str) -> None:
        self._keep(self._signed, number, (facts, text))

    def _keep(self, where: OrderedDict[int, Any], number: int, value: Any) -> None:
        with self._lock:
            where[number] = value
            where.move_to_end(number)
            while len(where) > _KEPT_LISTS:
                where.popitem(last=False)


_kept = _Kept()


def status_uri(number: int) -> str:
    """The public address of a status list."""
    return f"{settings.BASE_URL}/status-lists/{number}"


def jwks() -> dict[str, Any]:
    """The issuer's public keys as a JWK set: the active ones and those that may still verify.

    Those that were revoked stand apart, with their end, where a reader of key sets does not look: an auditor judges
    by them what was signed before.
    """
    signer_for("TOKEN")  # the first reader of a new deployment finds a key, not an empty set
    keys = {kid: key for purpose in _PURPOSES for kid, key in public_keys(purpose).items()}
    ended = [_revoked_jwk(row) for purpose in _PURPOSES for row in revoked_keys(purpose)]
    return {**public_key_set(keys), **({REVOKED_MEMBER: ended} if ended else {})}


def _revoked_jwk(row: SigningKey) -> dict[str, str]:
    jwk = public_jwk(Ed25519PublicKey.from_public_bytes(bytes(row.public_key)), row.kid)
    times = {"revoked_at": row.revoked_at, "compromised_at": row.compromised_at}
    return jwk | {name: clock.rfc3339(at) for name, at in times.items() if at is not None}


def status_lists() -> dict[str, list[str]]:
    """The addresses of every status list (Token Status List, section 9: aggregation)."""
    return {"status_lists": [status_uri(number) for number in range(_highest() + 1)]}


def status_list_jwt(number: int) -> str | None:
    """The signed status list of that number as of now; None: there is no such list.

    A place that no token has reads as invalid: what is not known is not valid.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    if number > _highest():
        return None
    at = clock.now()
    codes, signer = _codes(number, at), _signer()
    issued_at = int(at.timestamp()) // _SLOT_SECONDS * _SLOT_SECONDS
    facts = (codes.packed, signer.kid, issued_at, settings.BASE_URL)
    text = _kept.signed(number, facts)
    if text is None:
        text = encode_status_list(
            codes,
            signer,
            uri=status_uri(number),
            issued_at=issued_at,
            expires_at=issued_at + int(STATUS_LIFE.total_seconds()),
            ttl=STATUS_TTL_SECONDS,
        )
        _kept.keep_signed(number, facts, text)
    return text


def _highest() -> int:
    return int(LicenceToken.objects.aggregate(Max("status_list"))["status_list__max"] or 0)


def _signer() -> Signer:
    """The token key; a key of the lists' own where that one signs short messages alone (AWS KMS)."""
    return signer_for("TOKEN" if signs_any_length("TOKEN") else "STATUS")


def _state_of(number: int) -> _State | None:
    """Which changes of a list this statement's snapshot sees; None inside a transaction that writes.

    Each change of a token leaves its transaction's number with its list. Below the snapshot's ``xmin`` no
    transaction is open, so the last number there stands for all of them; those above are named one by one.
    Two snapshots with the same answer have seen the same changes, whatever order they committed in. A
    transaction that changed the list twice left one number, so nothing is kept for those who write.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"number": number})
        settled, recent, writes = cursor.fetchone()
    return None if writes else _State(settled, tuple(recent))


def _codes(number: int, at: datetime) -> StatusList:
    # read before the tokens: a change between the two makes the list newer than its state says, never older
    state = _state_of(number)
    kept = _kept.built(number)
    if state is not None and kept is not None and kept.holds(state, at):
        return kept.codes
    codes, changes_at = _build(number, at)
    if state is not None:
        _kept.keep_built(number, _Built(state, at, changes_at, codes))
    return codes


def _build(number: int, at: datetime) -> tuple[StatusList, datetime | None]:
    """Read every token of a list; returns the codes, and when time changes one of them next."""
    codes, ahead = [INVALID] * STATUS_LIST_SIZE, set[datetime]()
    successors, held = _successors(number), _held(number)
    rows = LicenceToken.objects.filter(status_list=number, state__in=_MAY_BE_VALID)
    for place, state, begins, ends in rows.values_list("status_index", "state", "not_before", "not_after"):
        successor = successors.get(place)
        code = status_of(state_by_time(state, begins, ends, successor, at))
        codes[place] = SUSPENDED if code == VALID and place in held else code
        ahead |= {begins, ends} if successor is None else {begins, ends, successor.not_before}
    return StatusList.of(codes), min((moment for moment in ahead if moment > at), default=None)


def _successors(number: int) -> dict[int, Successor]:
    """What takes over from the tokens of a list, by their place in it; found from the few that do."""
    rows = LicenceToken.objects.filter(supersedes__status_list=number)
    found = rows.values_list("supersedes__status_index", "pk", "not_before", "revoked_at")
    return {place: Successor(jti, begins, revoked) for place, jti, begins, revoked in found}


def _held(number: int) -> set[int]:
    """The places of tokens under a hold."""
    rows = LicenceToken.objects.filter(Exists(holds_over(OuterRef)), status_list=number)
    return set(rows.values_list("status_index", flat=True))
