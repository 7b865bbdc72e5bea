"""``trustmark verify FILE``: what is this file, and how do we know? Needs no server.

    trustmark verify clip.mp4 --json --trust-anchors authority.pem
    trustmark verify clip.mp4 --trust-anchors authority.pem --timestamp-roots tsa.pem
    trustmark verify clip.mp4 --policy trust.json --audience guild --no-detect
    trustmark verify clip.mp4 --key mark.key --candidates ids.txt

With ``--json`` one JSON object is printed, the report (docs/verification.md); errors too are one object there. Marks
are looked for where a key is given (``--key``, or ``TRUSTMARK_MARK_KEY``); without one the report says so.

Exit codes: 0 authenticated (valid credentials, or a confident mark, and nothing that contradicts them), 1 failed (no
such file, a list that cannot be relied on), 2 misuse, 4 not verified.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from provenance.revocation import revoked_serials
from provenance.trust import TrustList, load_trust_list
from trustcore.errors import TrustError
from trustcore.verification.policy import DEFAULT, Policy, parse_policy, policy_named
from trustcore.verification.report import Deepfake, Report
from trustcore.verification.words import Action, Conclusion, DetectionState, Headline, Impact, Stage
from verification.pipeline.case import LAYERS, Case
from verification.pipeline.run import verify
from watermarking.candidates import read_candidates
from watermarking.keys import DEFAULT_KEY_ID, ENVIRONMENT, KeyUnusable, read_keys

_DONE, _FAILED, _MISUSE, _NOT_VERIFIED = 0, 1, 2, 4
_AUTHENTICATED = frozenset({Conclusion.WITH_PROVENANCE, Conclusion.WITH_WATERMARK})
_HEADLINES = {
    Headline.MADE_UNDER_LICENCE: "made under a licence",
    Headline.PARTLY_PROVED: "partly proved",
    Headline.CHANGED: "changed since it was signed",
    Headline.NOTHING_FOUND: "nothing found",
    Headline.CANNOT_TELL: "cannot tell",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Read the arguments, verify the file, say so."""
    parser = _parser()
    given = parser.parse_args(argv)
    if (given.policy is None) != (given.audience is None):
        parser.error("--policy and --audience come together")
    try:
        report = verify(_case(given), _policy(given.decide_by), at=datetime.now(UTC))
    except KeyUnusable as error:
        return _failed(given, "KEY_UNUSABLE", str(error), _MISUSE)
    except TrustError as error:
        return _failed(given, error.code, error.detail, _MISUSE)
    except (OSError, ValueError) as error:
        return _failed(given, str(getattr(error, "code", "INPUT_UNUSABLE")), str(error), _FAILED)
    print(json.dumps(report.to_dict()) if given.json else _in_words(report))
    return _DONE if is_verified(report) else _NOT_VERIFIED


def is_verified(report: Report) -> bool:
    """Whether a layer authenticates the file and nothing speaks against it."""
    if report.decision.headline is Headline.CHANGED or report.decision.action in {
        Action.HOLD,
        Action.ESCALATE,
    }:
        return False
    return report.decision.conclusion in _AUTHENTICATED


def _case(given: argparse.Namespace) -> Case:
    path: Path = given.file
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    trust = _trust(given)
    layers = {stage for stage in LAYERS if stage is not Stage.DETECTION or not given.no_detect}
    keys = read_keys(given.key or (), (DEFAULT_KEY_ID,)) if given.key or os.environ.get(ENVIRONMENT) else ()
    if given.candidates is not None:
        read_candidates(given.candidates)
    sidecar = given.sidecar or next((one for one in _sidecars(path) if one.is_file()), None)
    return Case(
        path=path,
        name=path.name,
        asset_id=given.asset_id or path.name,
        pointer=path.name,
        anchors=trust.anchor_pem,
        crls=trust.crl_pem,
        timestamp_roots=_certificates(given.timestamp_roots),
        actor_anchors=trust.actor_pem,
        actor_crls=trust.actor_crl_pem,
        sidecar=sidecar,
        keys={one.key_id: one.key.hex() for one in keys},
        candidates={one.key_id: str(given.candidates) for one in keys} if given.candidates else {},
        layers=frozenset(layers),
        impact=Impact(given.impact),
    )


def _of(risk: Deepfake) -> str:
    shadow = risk.state is DetectionState.SCORED and not risk.acting
    return f"{risk.state}, in shadow: nothing follows from it" if shadow else str(risk.state)


def _sidecars(path: Path) -> tuple[Path, Path]:
    return path.with_suffix(".c2pa"), path.with_name(f"{path.name}.c2pa")


def _trust(given: argparse.Namespace) -> TrustList:
    anchors = "".join(path.read_text(encoding="ascii") for path in given.anchors)
    crls = "".join(path.read_text(encoding="ascii") for path in given.crl)
    actors = _certificates(given.actor_anchors)
    actor_crls = "".join(path.read_text(encoding="ascii") for path in given.actor_crl)
    if given.policy is not None:
        listed = load_trust_list(given.policy, given.audience)
        anchors, crls = listed.anchor_pem + anchors, listed.crl_pem + crls
        actors, actor_crls = listed.actor_pem + actors, listed.actor_crl_pem + actor_crls
    if anchors:
        load_pem_x509_certificates(anchors.encode("ascii"))
    for lists, trusted in ((crls, anchors), (actor_crls, actors)):
        if lists:
            revoked_serials(lists, anchor_pem=trusted, now=datetime.now(UTC))
    return TrustList(anchors, crls, actors, actor_crls)


def _certificates(paths: list[Path]) -> str:
    found = "".join(path.read_text(encoding="ascii") for path in paths)
    if found:
        load_pem_x509_certificates(found.encode("ascii"))
    return found


def _policy(text: str) -> Policy:
    return parse_policy(Path(text).read_bytes()) if text.endswith(".json") else policy_named(text)


def _failed(given: argparse.Namespace, code: str, detail: str, exit_code: int) -> int:
    print(f"trustmark verify: {detail}", file=sys.stderr)
    if given.json:
        print(json.dumps({"error": code, "code": code, "detail": detail}))
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark verify",
        description="What is this file, and how do we know? Credentials, marks, detectors.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="the whole report as one JSON object")
    parser.add_argument(
        "--trust-anchors", "--anchors", dest="anchors", type=Path, action="append", default=[], metavar="PEM",
        help="certificates to trust; without any, nobody is trusted",
    )  # fmt: skip
    parser.add_argument(
        "--crl", type=Path, action="append", default=[], metavar="PEM", help="their revocation lists"
    )
    parser.add_argument(
        "--timestamp-roots", type=Path, action="append", default=[], metavar="PEM",
        help="roots of timestamp authorities; signers are not trusted by these",
    )  # fmt: skip
    parser.add_argument(
        "--actor-anchors", type=Path, action="append", default=[], metavar="PEM",
        help="authorities of named actors, who sign beside the claim's signer; signers are not trusted by these",
    )  # fmt: skip
    parser.add_argument(
        "--actor-crl", type=Path, action="append", default=[], metavar="PEM", help="their revocation lists"
    )
    parser.add_argument("--policy", type=Path, metavar="JSON", help="trust lists by audience")
    parser.add_argument("--audience", metavar="NAME", help="whose trust list of the policy to use")
    parser.add_argument("--sidecar", type=Path, metavar="C2PA", help="a manifest store beside the file")
    parser.add_argument("--no-detect", action="store_true", help="leave the detectors out")
    parser.add_argument("--key", type=Path, action="append", metavar="FILE", help="file with a mark secret")
    parser.add_argument("--candidates", type=Path, metavar="FILE", help="registered mark ids")
    parser.add_argument(
        "--decide-by", default=DEFAULT, metavar="POLICY", help="decision policy, or its .json file"
    )
    parser.add_argument("--impact", choices=[one.value for one in Impact], default=Impact.LOW.value)
    parser.add_argument("--asset-id", default="", help="what the report calls the file; its name by default")
    return parser


def _in_words(report: Report) -> str:
    provenance, mark, risk = report.provenance, report.watermark, report.deepfake
    signer = provenance.asserted_by or "nobody"
    trust = f", signer {signer}: {provenance.signer_trust}" if provenance.signer_trust else ""
    stamped = f", time stamp: {provenance.asserted_time}" if provenance.asserted_time else ""
    lines = [
        f"{report.media.name}: {_HEADLINES[report.decision.headline]}",
        f"  Content Credentials: {provenance.status} ({provenance.reason}{trust}{stamped})",
        f"  mark: {mark.status} ({mark.reason}"
        + (f", p {mark.p_value:.1e})" if mark.p_value is not None else ")"),
        f"  detectors: {risk.status or 'no score'} ({_of(risk)})",
        f"  advice: {report.decision.action}: {', '.join(report.decision.rationale_codes)}",
    ]
    for one in provenance.manifests:
        against = ", ".join(one.failures) or "nothing against it"
        lines.append(
            f"    {'  ' * one.depth}{one.label or 'manifest store'} by {one.signer or '?'}: {against}"
        )
        lines += [
            f"    {'  ' * one.depth}  also signed by {actor.name or '?'} ({', '.join(actor.roles)}): {actor.state}"
            for actor in one.actors
        ]
    failed = [run for run in report.audit.stages if run.reason and run.state != "skipped"]
    lines += [f"  stage {run.name} {run.state}: {run.reason}" for run in failed]
    if risk.state is DetectionState.NOT_INSTALLED:
        lines.append("  No detector is installed: nothing is said of whether a model made it.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
