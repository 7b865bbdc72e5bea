"""What stands in a production's log.

A log entry is one JSON object in RFC 8785 form with a tag ``t`` that names its kind. Optional
members are absent, never null. Entries hold ids, hashes, codes and pseudonyms; names, addresses
and free text stay outside, so that erasing a person keeps every proof.

A *frame entry* is the render receipt: it cites the check that allowed the frame and carries the
hash of the file as written and the hash of its decoded pixels. What follows from the check (token,
terms version, talent, lease) is said there once and not in each of its frames, so that a receipt
takes about 340 bytes; its id is its place, the log's origin and the leaf index. A frame without a
live lease is recorded too, as ``UNAUTHORISED`` with the lease as claimed and the reason.

>>> entry = RevokedEntry(at="2026-11-22T08:00:00Z", by="a1", disposition=FrameDisposition.KEEP, jti="j",
...                      kind=RevocationKind.PROSPECTIVE, organisation="o1", terms_version=1)
>>> parse_entry(encode_entry(entry)) == entry
True
"""

from __future__ import annotations

from typing import Union

import msgspec

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import StrEnum, TypeAlias
from trustcore.policy.vocabulary import DecisionOutcome, FrameDisposition, Outcome, RevocationKind
from trustcore.receipt.forms import fault_of_frame
from trustcore.receipt.rows import FrameRow

MAX_ENTRY_BYTES = 65_535


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One signature under the terms: which organisation, which person (pseudonym), when and how.

    Attributes:
        actor: pseudonym of the person.
        at: RFC 3339 UTC.
        method: how the person confirmed, e.g. ``PASSWORD``, ``PASSKEY``, ``MANDATE_RULE``.
        organisation: id of the organisation the person acted for.
        proof: digest of the passkey's signature (:attr:`trustcore.passkey.PasskeySignature.digest`), where one signed.
    """

    actor: str
    at: str
    method: str
    organisation: str
    proof: str | None = None


class LayerResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the verification of one layer said.

    Attributes:
        layer: ``PIXEL``, ``AUDIO`` or ``C2PA``.
        p_value: decimal text, e.g. ``1.2e-31``; absent for layers that have none.
        status: ``present``, ``absent``, ``uncertain``, or the credential's validation state.
    """

    layer: str
    p_value: str | None = None
    status: str


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="t"):
    pass


class AuthorisedEntry(_Entry, tag="authorised", frozen=True, kw_only=True):
    """A token version was issued: both sides approved the terms with this hash.

    Attributes:
        kid: id of the key that signed the statement of the grant; absent in entries before there was one.
        terms_hash: ``sha256:<hex>`` of the terms' canonical form.
        supersedes: the terms version that this one replaces, if any.
        supersedes_jti: the token that this one replaces, when the renewal has another id.
    """

    approvals: tuple[Party, ...]
    at: str
    jti: str
    kid: str | None = None
    not_after: str
    not_before: str
    supersedes: int | None = None
    supersedes_jti: str | None = None
    talent: str
    terms_hash: str
    terms_version: int
    use_types: tuple[str, ...]


class CheckedEntry(_Entry, tag="checked", frozen=True, kw_only=True):
    """A render check was answered.

    What was asked is kept as it was asked, known or not; ``input_hash`` covers the whole request.
    ``jti`` and ``terms_version`` are absent when the token could not be read.

    Attributes:
        at: when the decision was made, RFC 3339 UTC.
        decision: id of the decision; frame entries cite it as ``check``.
        first: first frame reserved or asked for (inclusive); ``last`` the last one.
        input_hash: SHA-256, hex, of the canonical request.
        jkt: thumbprint of the key that presented the token.
        kid: id of the key that the token names as its issuer's, believed or not, if it ever was one.
        lease: id of the lease that an allowance opened.
        policy_version: version of the rules that decided.
        reasons: every reason code that applied, the primary one first.
        units: lines or runs reserved, where the use is not counted in frames.
        x5t: thumbprint (SHA-256, base64url) of the certificate that presented the token.
    """

    at: str
    construct: str | None = None
    decision: str
    first: int | None = None
    input_hash: str
    jkt: str | None = None
    jti: str | None = None
    kid: str | None = None
    last: int | None = None
    lease: str | None = None
    outcome: DecisionOutcome
    policy_version: str
    reasons: tuple[str, ...] = ()
    shot: str | None = None
    talent: str | None = None
    terms_version: int | None = None
    territory: str | None = None
    units: int | None = None
    use_type: str
    x5t: str | None = None


class FrameEntry(_Entry, tag="frame", frozen=True, kw_only=True):
    """A frame left the renderer.

    ``id``, ``jti``, ``lease``, ``talent`` and ``terms_version`` stand beside ``check`` in entries of older
    logs only; where they do, they must say what the check says.

    Attributes:
        check: id of the decision that allowed it; absent when ``UNAUTHORISED``.
        file_sha256: SHA-256, hex, of the file as written.
        frame: frame number, from 0.
        jti: id of the token, where a frame without leave named a lease of one.
        lease: id of the lease as the farm named it; only where no check is cited.
        mark: id of the hidden mark, 16 hex digits, where one is already embedded.
        pixel_sha256: SHA-256, hex, of the decoded pixels: equal renders agree here.
        reason: why the frame is ``UNAUTHORISED``.
        take: take or version number of the frame, from 0.
    """

    check: str | None = None
    file_sha256: str
    finished_at: str
    frame: int
    id: str | None = None
    jti: str | None = None
    lease: str | None = None
    mark: str | None = None
    outcome: Outcome
    pixel_sha256: str
    reason: str | None = None
    started_at: str
    take: int
    talent: str | None = None
    terms_version: int | None = None


class MarkedEntry(_Entry, tag="marked", frozen=True, kw_only=True):
    """An output received its hidden mark.

    Attributes:
        asset: id of the output; ``asset_sha256`` the hash of the marked file.
        card: name of the mark card (scheme, version, strength, bits).
        layers: the layers that carry the mark, ``PIXEL`` and ``AUDIO``.
        mark: mark id, 16 hex digits.
    """

    asset: str
    asset_sha256: str
    at: str
    card: str
    jtis: tuple[str, ...]
    layers: tuple[str, ...]
    mark: str


class VerifiedEntry(_Entry, tag="verified", frozen=True, kw_only=True):
    """An output was verified before release: every promised layer was looked for and found, or not.

    Attributes:
        layers: what each layer's detector or validator said.
        manifest_sha256: SHA-256, hex, of the output's C2PA manifest store, as bundles carry it.
        released: whether the output may leave.
    """

    asset: str
    asset_sha256: str
    at: str
    layers: tuple[LayerResult, ...]
    manifest_sha256: str | None = None
    mark: str
    released: bool


class RevokedEntry(_Entry, tag="revoked", frozen=True, kw_only=True):
    """A token was revoked.

    Attributes:
        by: pseudonym of the person who revoked it; ``organisation`` whom they acted for.
        disposition: what happens to frames already rendered.
    """

    at: str
    by: str
    disposition: FrameDisposition
    jti: str
    kind: RevocationKind
    organisation: str
    terms_version: int


class SuspendedEntry(_Entry, tag="suspended", frozen=True, kw_only=True):
    """A hold was placed under which a token permits nothing, until a ``resumed`` entry names the same hold.

    Attributes:
        by: pseudonym of the person who placed it; ``organisation`` whom they acted for.
        hold: id of the hold; one that covers several licences has an entry for each.
        reason: reason code of the hold.
    """

    at: str
    by: str
    hold: str
    jti: str
    organisation: str
    reason: str
    terms_version: int


class ResumedEntry(_Entry, tag="resumed", frozen=True, kw_only=True):
    """A hold was lifted; other holds on the token may still stand.

    Attributes:
        by: pseudonym of the person who lifted it; ``organisation`` whom they acted for.
    """

    at: str
    by: str
    hold: str
    jti: str
    organisation: str
    reason: str
    terms_version: int


class ExportedEntry(_Entry, tag="exported", frozen=True, kw_only=True):
    """A bundle was cut from the log.

    Attributes:
        bundle: id of the bundle; ``bundle_sha256`` the hash of the file, where it is known.
        root: root hash, hex, of the tree of ``size`` entries that the bundle shows.
    """

    at: str
    bundle: str
    bundle_sha256: str | None = None
    by: str
    purpose: str
    root: str
    size: int


class KeyEvent(StrEnum):
    """What happened to a signing key."""

    ROTATED = "rotated"
    REVOKED = "revoked"


class KeyEntry(_Entry, tag="key", frozen=True, kw_only=True):
    """A signing key of the server began to sign, or is trusted no more.

    It stands in every log, so that a reader sees which grants and checks came before and which after.

    Attributes:
        at: when the rotation or revocation was made, RFC 3339 UTC.
        compromised_at: since when somebody else may have signed with it, where that is known.
        event: ``rotated``: from here on ``kid`` signs; ``revoked``: from here on ``kid`` is not trusted.
        kid: id of the key.
        purpose: what it signs, e.g. ``TOKEN``, ``LOG``.
    """

    at: str
    compromised_at: str | None = None
    event: KeyEvent
    kid: str
    purpose: str


class RecordedEntry(_Entry, tag="recorded", frozen=True, kw_only=True):
    """Events of the provenance graph were recorded together: assets, relations, generations, decisions.

    Attributes:
        actor: pseudonym of the person who recorded them, or for whom a service account did.
        at: when they were recorded, RFC 3339 UTC.
        batch: id of the batch; ``count`` how many events it holds.
        organisation: id of the organisation that the person acted for.
        root: root hash, hex (RFC 6962), over the salted digests of the events, in their order.
    """

    actor: str
    at: str
    batch: str
    count: int
    organisation: str
    root: str


Entry: TypeAlias = Union[
    AuthorisedEntry,
    CheckedEntry,
    FrameEntry,
    MarkedEntry,
    VerifiedEntry,
    RevokedEntry,
    ExportedEntry,
    SuspendedEntry,
    ResumedEntry,
    KeyEntry,
    RecordedEntry,
]
ENTRY_TYPES: tuple[type[Entry], ...] = (
    AuthorisedEntry,
    CheckedEntry,
    FrameEntry,
    MarkedEntry,
    VerifiedEntry,
    RevokedEntry,
    ExportedEntry,
    SuspendedEntry,
    ResumedEntry,
    KeyEntry,
    RecordedEntry,
)


_encoder = msgspec.json.Encoder(order="sorted")
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """Return the bytes of ``entry`` as the log holds them (RFC 8785).

    Raises:
        ValueError: longer than 65,535 bytes, the most that an entry bundle can carry.
    """
    data = _encoder.encode(entry)
    if len(data) > MAX_ENTRY_BYTES:
        raise ValueError(f"an entry of {len(data)} bytes does not fit the log")
    return data


def frame_head(check: str) -> str:
    """Return how every frame entry under the decision ``check`` begins; for :func:`encode_frame`."""
    return f'{{"check":"{check}","file_sha256":"'


def encode_frame(head: str, row: FrameRow) -> bytes:
    """Return the bytes of the frame entry that ``row`` leaves under a check.

    The same bytes as :func:`encode_entry` writes, in a third of its time: a row that was read holds hex
    digits, numbers, times and a word of ours, so that nothing needs an escape.

    Args:
        head: what :func:`frame_head` says of the check.
        row: a row as :func:`trustcore.receipt.rows.parse_row` returned it.
    """
    mark = f'"mark":"{row.mark}",' if row.mark else ""
    return (
        f'{head}{row.file_sha256}","finished_at":"{row.finished_at}","frame":{row.frame},{mark}'
        f'"outcome":"{row.outcome}","pixel_sha256":"{row.pixel_sha256}","started_at":"{row.started_at}",'
        f'"t":"frame","take":{row.take}}}'
    ).encode()


def parse_entry(data: bytes) -> Entry:
    """Read a log entry; accept only the one spelling :func:`encode_entry` writes.

    Raises:
        InvalidEvidence: ``MALFORMED`` (unknown kind, field or value) or ``NOT_CANONICAL``.
    """
    try:
        entry = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, str(error)) from error
    if _encoder.encode(entry) != data:
        raise InvalidEvidence(InvalidReason.NOT_CANONICAL, "the entry is not in canonical form")
    if isinstance(entry, FrameEntry):
        if entry.check is None and entry.lease is None:
            raise InvalidEvidence(InvalidReason.MALFORMED, "the frame names neither a check nor a lease")
        fault = fault_of_frame(entry)
        if fault is not None:
            raise InvalidEvidence(InvalidReason.MALFORMED, fault.detail)
    return entry


def read_entries(lines: bytes, count: int) -> list[Entry]:
    """Read many entries at once, joined by line feeds; several times faster than one by one.

    A canonical entry holds no line feed, so the joined form has one reading. Kinds, fields and spelling are
    checked as :func:`parse_entry` does; the forms of a frame's values are not.

    Args:
        lines: the entries, a line feed between each two.
        count: how many there are.

    Raises:
        InvalidEvidence: ``MALFORMED`` or ``NOT_CANONICAL``; it does not say which entry.
    """
    try:
        entries = _decoder.decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, str(error)) from error
    written = _encoder.encode_lines(entries)  # ends with a line feed; no copy is made to compare without it
    if len(entries) != count or len(written) != len(lines) + 1 or not written.startswith(lines):
        raise InvalidEvidence(InvalidReason.NOT_CANONICAL, "an entry is not in canonical form")
    return entries
