"""A second opinion on Content Credentials: another implementation of C2PA 2.4 reads the same file, and where it
disagrees the report says so. It decides nothing.

One thing is its alone: whether the authority of a named actor (CAWG identity) is one that we list. The first library calls
every such certificate untrusted through the face that we use, whatever lists it is given. An actor's certificate must be
for signing documents (RFC 9336), as the CAWG specification has it; whether it was revoked is not looked up.

Source: ``encypher-c2pa`` (Apache-2.0, Rust). It is told to ask no network and to tell nobody. It knows none of our
revocation lists: of a revoked signer it says *trusted*, and that disagreement stands in the report.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import encypher_c2pa

from provenance.formats import format_of
from trustcore.verification.report import Provenance, SecondOpinion
from trustcore.verification.words import OpinionState, ProvenanceReason, ProvenanceStatus

_LIBRARY = "encypher-c2pa"
_SAID = {"Trusted": OpinionState.TRUSTED, "Valid": OpinionState.VALID, "Invalid": OpinionState.INVALID}
_UNTRUSTED = frozenset(
    {ProvenanceReason.SIGNER_UNKNOWN, ProvenanceReason.SIGNER_UNTRUSTED, ProvenanceReason.SIGNER_EXPIRED}
)
_CODES_MOST = 20
_JUMBF, _ASSERTIONS = "self#jumbf=", "c2pa.assertions"
_VOUCHED = frozenset({"cawg.x509.signature.validated", "cawg.x509.credential.trusted"})


def second_opinion(
    path: Path,
    sidecar: Path | None,
    anchors: str,
    first: Provenance,
    *,
    roots: str = "",
    actor_anchors: str = "",
) -> tuple[SecondOpinion, frozenset[str]]:
    """Ask the other implementation; whatever it does, the first opinion stands.

    Args:
        roots: of timestamp authorities, as PEM.
        actor_anchors: of the authorities of named actors, as PEM.

    Returns:
        what it says, and the identity assertions of the active manifest that are whole and of a listed authority.
    """
    known = format_of(path)
    store = sidecar if first.source == "sidecar" else None
    try:
        said = dict(
            encypher_c2pa.verify(
                path,
                known.media_type if known else None,
                manifest_store=store.read_bytes() if store else None,
                trust_pem=anchors or None,
                tsa_trust_pem=roots or None,
                cawg_trust_pem=actor_anchors or None,
                no_default_trust=True,
                telemetry=False,
                online=False,
            )
        )
    except Exception as error:  # noqa: BLE001 (each is an answer: it must not cost the first opinion)
        return _failed(error), frozenset()
    state = _SAID.get(str(said.get("validation_state")), OpinionState.FAILED)
    if not said.get("present"):
        state = OpinionState.ABSENT
    opinion = SecondOpinion(
        library=_LIBRARY,
        version=version(_LIBRARY),
        state=state,
        agrees=state is _expected(first),
        codes=tuple(sorted(_failures(said.get("validation_results"))))[:_CODES_MOST],
    )
    active = first.manifests[0].label if first.manifests else ""
    return opinion, _actors_vouched_for(said, active) if actor_anchors else frozenset()


def _failed(error: Exception) -> SecondOpinion:
    unsupported = str(error).startswith(("unsupported_mime", "mime_type is required"))
    return SecondOpinion(
        library=_LIBRARY,
        version=version(_LIBRARY),
        state=OpinionState.UNSUPPORTED if unsupported else OpinionState.FAILED,
        error=None if unsupported else type(error).__name__,
    )


def _actors_vouched_for(said: dict[str, Any], first_active: str) -> frozenset[str]:
    """Labels of identity assertions in the manifest that both call the active one; another's of the same label is none."""
    report = said.get("manifest_report")
    if not isinstance(report, dict) or not first_active or report.get("active_manifest") != first_active:
        return frozenset()
    results = report.get("validation_results")
    active = results.get("activeManifest") if isinstance(results, dict) else None
    entries = active.get("success") if isinstance(active, dict) else None
    told: dict[str, set[str]] = {}
    for one in entries if isinstance(entries, list) else []:
        if isinstance(one, dict):
            told.setdefault(_label_in(first_active, str(one.get("url"))), set()).add(str(one.get("code")))
    return frozenset(label for label, codes in told.items() if label and codes >= _VOUCHED)


def _label_in(manifest: str, url: str) -> str:
    """The label of an assertion of ``manifest`` from its URL, relative or whole, or as it is; of anything else nothing."""
    place, _, label = url.rpartition("/")
    own = {"", f"{_JUMBF}{_ASSERTIONS}", f"{_JUMBF}/c2pa/{manifest}/{_ASSERTIONS}"}
    return label if place in own else ""


def _expected(first: Provenance) -> OpinionState:
    """What it would say if it saw what we saw."""
    if first.status is ProvenanceStatus.MISSING:
        return OpinionState.ABSENT
    if first.status is ProvenanceStatus.VALID:
        return OpinionState.TRUSTED
    return OpinionState.VALID if first.reason in _UNTRUSTED else OpinionState.INVALID


def _failures(said: Any) -> set[str]:
    """Every status code that stands in a list of failures."""
    if isinstance(said, dict):
        own = {str(one.get("code")) for one in said.get("failure") or [] if isinstance(one, dict)}
        return own.union(*(_failures(one) for name, one in said.items() if name != "failure"))
    return set().union(*map(_failures, said)) if isinstance(said, list) else set()
