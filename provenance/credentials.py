"""Content Credentials for an output: what the manifest says, and the signing of a file with it.

A manifest carries the action ``c2pa.created`` with the derived IPTC class, one ``c2pa.watermarked.bound``
action and one ``c2pa.soft-binding`` per mark layer, ``cawg.training-mining`` that allows nothing, and
our own assertion ``org.trustmark-server.licence``: licence ids, hashes of terms and the origin of the
production's log. Ids and hashes only; never a name. What the provenance graph holds behind the output stands in it
as ingredients (``componentOf`` what became a part, ``inputTo`` what a model or a worker was given) and, with hashes, ways
and runs of models, in ``org.trustmark-server.made-from``: who has nothing but the file can read what it was made from.

c2pa-python traps met here: a ``Builder`` signs once; the library must be told which key usages count
(``trust.trust_config``); nothing may be fetched, neither manifests nor OCSP answers; an error raised while
the key signs is swallowed, so it is kept here and raised again; roots of timestamp authorities stand apart
from the anchors of signers (``trust.user_anchors``), or whoever they certify could sign as we do.

Source: C2PA specification 2.4; CAWG training and data mining assertion 1.1; the soft binding's value is
text in base64 because the builder takes JSON (the form of the Soft Binding Resolution API).
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import c2pa

from provenance.authority import ACCEPTED_USAGES, ClaimSigner
from provenance.cosigning import Actor, joined
from provenance.formats import format_of_media_type
from provenance.source_type import Concept

NAMESPACE = "org.trustmark-server"
LICENCE_ASSERTION = f"{NAMESPACE}.licence"
MADE_FROM_ASSERTION = f"{NAMESPACE}.made-from"
CLAIM_GENERATOR = "Trustmark licence server"
_MINING_USES = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining")
_INGREDIENT_ID = "upload"
_LAYER_WORDS = {"PIXEL": "pictures", "AUDIO": "sound"}


class SigningFailed(Exception):
    """The C2PA library would not sign this file; ``code`` is stable."""

    code = "SIGNING_FAILED"


class TimestampMissing(SigningFailed):
    """The file can be signed, and its signature cannot be stamped now."""

    code = "TIMESTAMP_UNAVAILABLE"


@dataclass(frozen=True)
class LicenceFact:
    """One licence an output was rendered under: ids and hashes only."""

    jti: str
    terms_version: int
    terms_hash: str


@dataclass(frozen=True)
class IngredientFact:
    """Something that an output was made from: ids, kinds and hashes only.

    Attributes:
        version: its id in the graph; ``child``: the id of what was made from it.
        title: what it is in words, without a name.
        way: how it was used, such as ``COMPOSITED_FROM``; ``role``: what a model was given it as, or empty.
        is_input: it steered or fed a process, and is no part of the output.
        sha256: of its bytes, or empty; ``source_type``: address of its IPTC class, or empty.
    """

    version: str
    child: str
    title: str
    way: str
    role: str
    is_input: bool
    sha256: str
    media_type: str
    source_type: str


@dataclass(frozen=True)
class CredentialFacts:
    """What a manifest states about an output.

    Attributes:
        asset_id: our id of the output; it is the title too, since file names may name people.
        mark_id: 16 lower-case hexadecimal digits, the id both mark layers carry.
        mark_algorithms: soft-binding algorithm name by layer, for the layers that were embedded.
        log_origin: origin of the production's log.
        duration_ms: length of the output, for the soft binding's time span; ``None`` for stills.
        mark_tracks: number of the track that carries a layer, by layer, for containers that number them.
        made_from: what the graph holds behind it, nearest first; ``made_from_cut``: there is more.
        runs: runs of models that made it or something behind it, by ids and hashes.
        proxy_of: of a proxy: media type and SHA-256 of the file it shows, and the SHA-256 of that file's manifest.
    """

    asset_id: str
    source_type: Concept
    created_at: datetime
    mark_id: str
    mark_algorithms: dict[str, str]
    licences: tuple[LicenceFact, ...]
    log_origin: str
    duration_ms: int | None = None
    generator_version: str = "0.1.0"
    mark_tracks: dict[str, str] = field(default_factory=dict)
    proxy_of: dict[str, str] = field(default_factory=dict)
    made_from: tuple[IngredientFact, ...] = ()
    made_from_cut: bool = False
    runs: tuple[dict[str, str], ...] = ()


def manifest_definition(
    facts: CredentialFacts, *, media_type: str, with_ingredient: bool = False
) -> dict[str, Any]:
    """Return the manifest as the C2PA builder takes it."""
    return {
        "claim_generator_info": [{"name": CLAIM_GENERATOR, "version": facts.generator_version}],
        "title": facts.asset_id,
        "format": media_type,
        "ingredients": [_ingredient(fact) for fact in facts.made_from],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {"actions": _actions(facts, with_ingredient=with_ingredient)},
            },
            *(_soft_binding(facts, layer, name) for layer, name in facts.mark_algorithms.items()),
            {
                "label": "cawg.training-mining",
                "created": True,
                "data": {"entries": {use: {"use": "notAllowed"} for use in _MINING_USES}},
            },
            {"label": LICENCE_ASSERTION, "created": True, "data": _licence_data(facts)},
            *_made_from(facts),
        ],
    }


def c2pa_settings(anchor_pem: str, *, timestamp_roots_pem: str = "") -> dict[str, Any]:
    """Return the library's settings: our anchors, our key usages, and nothing fetched.

    Args:
        timestamp_roots_pem: roots of timestamp authorities; who reads must not trust a signer by these.
    """
    trust = {"trust_config": "\n".join(usage.dotted_string for usage in ACCEPTED_USAGES)}
    if anchor_pem:  # an empty list is refused by the library as an unreadable one
        trust["trust_anchors"] = anchor_pem
    if timestamp_roots_pem:
        trust["user_anchors"] = timestamp_roots_pem
    return {
        "trust": trust,
        "verify": {
            "verify_trust": True,
            "verify_after_sign": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "builder": {"thumbnail": {"enabled": False}},
    }


def sign_file(
    source: Path,
    target: Path,
    *,
    facts: CredentialFacts,
    identity: ClaimSigner,
    media_type: str,
    ingredient: Path | None = None,
    timestamp_url: str = "",
    actor: Actor | None = None,
) -> bytes:
    """Write ``target``: the media of ``source`` with Content Credentials inside.

    For a format without a place for them (``Format.embeds``) ``target`` is ``source`` as it was, and what is
    returned is the sidecar.

    Args:
        source: the marked media; it is read, not changed.
        target: where the signed media goes; overwritten.
        facts: what the manifest states.
        identity: certificate chain and key; the key signs here and is not handed to the library.
        media_type: such as ``video/mp4``.
        ingredient: the upload, where it came with credentials of its own that must not be lost.
        timestamp_url: the authority that stamps the signature; none without.
        actor: who signs the same manifest beside us, with a key and a certificate of their own.

    Returns:
        The manifest store as bytes, as embedded or as to be laid beside the file.

    Raises:
        TimestampMissing: all is well but for the authority.
        SigningFailed: the library refused the file, the manifest or the certificate.
        Exception: whatever ``identity.sign``, or the actor's, raised.
    """
    definition = manifest_definition(facts, media_type=media_type, with_ingredient=ingredient is not None)
    known = format_of_media_type(media_type)

    def signed(url: str) -> bytes:
        key = _KeptError(identity.sign)
        other = _KeptError(actor.identity.sign) if actor is not None else None
        try:
            with (
                c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
                joined(
                    _signer(key, identity, url),
                    _signer(other, actor.identity, "") if actor is not None and other is not None else None,
                    actor.roles if actor is not None else (),
                ) as signer,
                c2pa.Builder(definition, context=context) as builder,
            ):
                if known is not None and not known.embeds:
                    builder.set_no_embed()
                if ingredient is not None:
                    _add_ingredient(builder, ingredient, media_type)
                with source.open("rb") as reading, target.open("w+b") as writing:
                    return bytes(builder.sign(signer, media_type, reading, writing))
        except c2pa.C2paError as error:
            for one in (key, other):
                if one is not None and one.raised is not None:
                    raise one.raised from error
            raise SigningFailed(str(error)) from error

    try:
        return signed(timestamp_url)
    except SigningFailed as error:
        if not timestamp_url:
            raise
        signed("")  # raises where it was not the authority's fault
        target.unlink()
        raise TimestampMissing(str(error)) from error


def _signer(key: Callable[[bytes], bytes], identity: ClaimSigner, url: str) -> "c2pa.Signer":
    return c2pa.Signer.from_callback(key, c2pa.C2paSigningAlg.ES256, identity.chain_pem, url or None)


class _KeptError:
    """A key's signing that keeps the error which the library drops."""

    def __init__(self, sign: Callable[[bytes], bytes]) -> None:
        self.sign = sign
        self.raised: Exception | None = None

    def __call__(self, data: bytes) -> bytes:
        try:
            return self.sign(data)
        except Exception as error:
            self.raised = error
            raise


def _add_ingredient(builder: "c2pa.Builder", ingredient: Path, media_type: str) -> None:
    described = {"title": "upload", "relationship": "componentOf", "label": _INGREDIENT_ID}
    with ingredient.open("rb") as reading:
        builder.add_ingredient(described, media_type, reading)


def _actions(facts: CredentialFacts, *, with_ingredient: bool) -> list[dict[str, Any]]:
    when = facts.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    created: dict[str, Any] = {
        "action": "c2pa.created", "when": when, "digitalSourceType": facts.source_type.uri,
    }  # fmt: skip
    if given := [fact.version for fact in facts.made_from if fact.is_input]:
        created["parameters"] = {"ingredientIds": given}
    parts = [fact.version for fact in facts.made_from if not fact.is_input]
    parts += [_INGREDIENT_ID] if with_ingredient else []
    placed = {"action": "c2pa.placed", "when": when, "parameters": {"ingredientIds": parts}}
    marked = [
        {"action": "c2pa.watermarked.bound", "when": when, "parameters": {f"{NAMESPACE}.layer": layer}}
        for layer in facts.mark_algorithms
    ]
    return [created, *([placed] if parts else []), *marked]


def _ingredient(fact: IngredientFact) -> dict[str, Any]:
    told = {
        "title": fact.title,
        "format": fact.media_type,
        "description": f"sha256:{fact.sha256}" if fact.sha256 else "",
    }
    return {
        **{name: value for name, value in told.items() if value},
        "instance_id": f"urn:uuid:{fact.version}",
        "relationship": "inputTo" if fact.is_input else "componentOf",
        "label": fact.version,
    }


def _made_from(facts: CredentialFacts) -> list[dict[str, Any]]:
    if not facts.made_from and not facts.runs:
        return []
    rows = [
        {
            "version": fact.version, "child": fact.child, "way": fact.way, "role": fact.role,
            "sha256": fact.sha256, "digital_source_type": fact.source_type,
        }
        for fact in facts.made_from
    ]  # fmt: skip
    data = {
        "made_from": [{name: value for name, value in row.items() if value} for row in rows],
        "runs": list(facts.runs),
        "is_cut": facts.made_from_cut,
    }
    return [{"label": MADE_FROM_ASSERTION, "created": True, "data": data}]


def _soft_binding(facts: CredentialFacts, layer: str, algorithm: str) -> dict[str, Any]:
    """One layer's binding: the mark id, over the whole time and the one track that carries it."""
    scope: dict[str, Any] = {}
    if facts.duration_ms is not None:
        scope["timespan"] = {"start": 0, "end": facts.duration_ms}
    if track := facts.mark_tracks.get(layer):
        item = {"identifier": "track_id", "value": track}
        scope["region"] = {"region": [{"type": "identified", "item": item}], "name": _LAYER_WORDS[layer]}
    value = base64.b64encode(bytes.fromhex(facts.mark_id)).decode("ascii")
    return {
        "label": "c2pa.soft-binding",
        "created": True,
        "data": {
            "alg": algorithm,
            "name": f"imperceptible mark in the {_LAYER_WORDS[layer]}",
            "blocks": [{"scope": scope, "value": value}],
            "pad": [],
        },
    }


def _licence_data(facts: CredentialFacts) -> dict[str, Any]:
    proxy = {"proxy_of": facts.proxy_of} if facts.proxy_of else {}
    return {
        "asset": facts.asset_id,
        "mark_id": facts.mark_id,
        "log_origin": facts.log_origin,
        "licences": [
            {"jti": fact.jti, "terms_version": fact.terms_version, "terms_hash": fact.terms_hash}
            for fact in facts.licences
        ],
        **proxy,
    }
