"""Read the body of a render check, strictly: plain text for codes, so that ``decide`` denies unknown ones.

What cannot be read at all (not JSON, a repeated name, a field of the wrong type, an unknown field) is
refused with 422; what can be read and is not granted is a decision.

Source: TAXONOMY section 14.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from common.errors import InvalidInput
from trustcore.encoding import canonical_json, parse_json_strict, prepare_readers
from trustcore.errors import TrustError
from trustcore.policy.decide import CheckRequest
from trustcore.receipt import MAX_FRAME

_PLAIN = r"\A[^\x00-\x1f\x7f]*\Z"
Code = Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
Name = Annotated[str, Meta(max_length=120, pattern=_PLAIN)]
Count = Annotated[int, Meta(ge=0, le=MAX_FRAME)]
Sha256 = Annotated[str, Meta(pattern=r"\A(sha256:)?[0-9a-f]{64}\Z")]
ContentList = Annotated[tuple[Code, ...], Meta(max_length=60)]
ContentLevels = dict[Code, Annotated[int, Meta(ge=0, le=5)] | None]
INPUTS_MAX = 500
MAX_BODY_BYTES = 64 * 1024
MAX_TOKEN_BYTES = 16 * 1024


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class FrameRange(_Strict, frozen=True):
    """Frames asked for, both ends included."""

    first: Count
    last: Count


class Units(_Strict, frozen=True):
    """What is asked for where the use is not counted in frames; ``words`` are those of the ``lines``."""

    lines: Count = 0
    seconds: Count = 0
    runs: Count = 0
    words: Count = 0


class Tool(_Strict, frozen=True):
    """A rendering engine."""

    name: Name
    version: Name | None = None


class Model(_Strict, frozen=True):
    """A model: its id, version, and the SHA-256 of its weights."""

    id: Name | None = None
    name: Name | None = None
    version: Name | None = None
    hash: Sha256 | None = None


class Input(_Strict, frozen=True):
    """A file that the render reads, and as what."""

    hash: Sha256
    role: Code


class Script(_Strict, frozen=True):
    """The script that is worked from."""

    sha256: Sha256
    ref: Name | None = None
    version: Name | None = None


class CheckBody(_Strict, frozen=True):
    """The fields of a render check."""

    token: Annotated[str, Meta(max_length=MAX_TOKEN_BYTES)]
    project: Name
    use_type: Code
    construct: Code
    render_territory: Code
    requested_at: datetime
    shot: Name = ""
    sequence: Name | None = None
    task: Name = ""
    frame_range: FrameRange | None = None
    units: Units | None = None
    engine: Tool | None = None
    model: Model | None = None
    worker: Name = ""
    operator: Name = ""
    purpose: Name = ""
    resolution: Code | None = None
    channel: Code | None = None
    distribution_territory: Code | None = None
    inputs: Annotated[tuple[Input, ...], Meta(max_length=INPUTS_MAX)] = ()
    script: Script | None = None
    content: ContentList | ContentLevels = ()
    rating: dict[Code, Code] = {}


prepare_readers(CheckBody)
_decoder = msgspec.json.Decoder(CheckBody)
_anything = msgspec.json.Decoder()
_canonical = msgspec.json.Encoder(order="sorted").encode  # RFC 8785 for what these fields may hold


class CheckAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it was asked.

    Attributes:
        body_sha256: hash of the bytes as sent, to recognise a repeated question.
        input_sha256: hash of the canonical question with the token replaced by its hash: what the log keeps.
    """

    body: CheckBody
    body_sha256: bytes
    input_sha256: bytes


def parse_check(data: bytes) -> CheckAsked:
    """Read a check's body.

    Raises:
        InvalidInput: ``MALFORMED`` (not one JSON object), ``FIELDS_INVALID`` (names the field).
    """
    body, document = _read_plain(data) or _read_strictly(data)
    return CheckAsked(
        body=body,
        body_sha256=hashlib.sha256(data).digest(),
        input_sha256=hashlib.sha256(_canonical(_without_token(document, body.token))).digest(),
    )


def _read_plain(data: bytes) -> tuple[CheckBody, dict[str, Any]] | None:
    """Read an ordinary body at once; None for one that must be looked at strictly.

    The decoder takes a repeated name in silence. Without a backslash every string stands between two quotation
    marks, so a name that was dropped is missed when they are counted.
    """
    if len(data) > MAX_BODY_BYTES or b"\\" in data:
        return None
    try:
        body, document = _decoder.decode(data), _anything.decode(data)
        return (body, document) if data.count(b'"') == 2 * _strings(document) else None
    except (msgspec.MsgspecError, _NotPlain):
        return None


class _NotPlain(Exception):
    """A number that integers alone would have said."""


def _strings(value: Any) -> int:
    """How many strings a document holds, names included."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict:
        return len(value) + sum(map(_strings, value.values()))
    if kind is list:
        return sum(map(_strings, value))
    if kind is float:
        raise _NotPlain
    return 0


def _read_strictly(data: bytes) -> tuple[CheckBody, dict[str, Any]]:
    try:
        document = parse_json_strict(data, max_bytes=MAX_BODY_BYTES, max_depth=8)
        canonical_json(document)
    except (TrustError, ValueError) as error:
        detail = error.detail if isinstance(error, TrustError) else str(error)
        raise InvalidInput("MALFORMED", "The body is not one JSON object.", detail) from error
    try:
        return msgspec.convert(document, CheckBody), document
    except msgspec.ValidationError as error:
        detail, _, where = str(error).partition(" - at ")
        field = where.strip("`").removeprefix("$.")
        raise InvalidInput(
            "FIELDS_INVALID",
            "Some fields are not valid.",
            extra={"errors": [{"field": field, "message": detail, "code": "invalid"}]},
        ) from error


def core_request(body: CheckBody) -> CheckRequest:
    """The question in the core's words."""
    frames, units = body.frame_range, body.units or Units()
    model = body.model or Model()
    return CheckRequest(
        project=body.project,
        use_type=body.use_type,
        construct=body.construct,
        render_territory=body.render_territory,
        requested_at=body.requested_at,
        shot=body.shot or None,
        sequence=body.sequence,
        frame_first=frames.first if frames else None,
        frame_last=frames.last if frames else None,
        lines=units.lines,
        seconds=units.seconds,
        runs=units.runs,
        words=units.words,
        engine=body.engine.name if body.engine else None,
        engine_version=body.engine.version if body.engine else None,
        model=model.id or model.name,
        model_version=model.version,
        resolution=body.resolution,
        channel=body.channel,
        distribution_territory=body.distribution_territory,
        model_hash=model.hash,
        purpose=body.purpose or None,
        inputs=tuple((one.role, one.hash) for one in body.inputs),
        script=(body.script.sha256, body.script.ref, body.script.version) if body.script else None,
        content=_content(body.content),
        ratings=tuple(body.rating.items()),
    )


def _content(named: tuple[str, ...] | dict[str, int | None]) -> tuple[tuple[str, int | None], ...]:
    """Switches with their levels; a list names switches alone."""
    return tuple(named.items()) if isinstance(named, dict) else tuple((name, None) for name in named)


def _without_token(document: dict[str, Any], token: str) -> dict[str, Any]:
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    return {**document, "token": f"sha256:{digest}"}
