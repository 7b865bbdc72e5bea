"""A verification in words: one sentence first, then each layer with its evidence; never *fake*, never *real*."""

from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, figure
from common.language import later
from verification.models import PublicCheck, Verification

FOUND: Final = Badge("check", later("Found"), "permit")
UNSURE: Final = Badge("circle-question-mark", later("Cannot tell"), "unsure")
ABSENT: Final = Badge("circle-minus", later("Absent"))
CHANGED: Final = Badge("octagon-x", later("Changed"), "deny")
UNCHECKED: Final = Badge("circle-dashed", later("Not checked"))
_HEADLINES: Final = {
    "made_under_a_licence": (
        Badge("shield-check", later("Verdict: made under a licence"), "permit"),
        later("This file was made under a licence."),
        later("What was signed or marked leads to a licence, over the whole file."),
    ),
    "partly_proved": (
        Badge("circle-question-mark", later("Verdict: partly proved"), "unsure"),
        later("Part of where this file comes from is proved."),
        later(
            "A signature or a mark was found. It does not cover everything, or leads to no licence that you may see."
        ),
    ),
    "changed": (
        Badge("shield-x", later("Verdict: changed"), "deny"),
        later("This file is not what was signed."),
        later("It carries credentials, and the file or something in it has changed since."),
    ),
    "nothing_found": (
        Badge("circle-minus", later("Verdict: nothing found")),
        later("Nothing in this file leads anywhere."),
        later(
            "No credentials and no mark of ours. That is usual after posting to a feed, and proves nothing by itself."
        ),
    ),
    "cannot_tell": (
        Badge("circle-question-mark", later("Verdict: cannot tell"), "unsure"),
        later("We cannot tell where this file comes from."),
        later("A layer could not answer. What it was, and why, stands below."),
    ),
}
ACTIONS: Final = {
    "publish": Badge("circle-check", later("Can be published"), "permit"),
    "label": Badge("info", later("Publish with a label")),
    "hold": Badge("circle-pause", later("Hold it back"), "expire"),
    "escalate": Badge("users", later("A person decides"), "yours"),
}
STATES: Final = {
    "QUEUED": Badge("hourglass", later("Waits for its turn")),
    "RUNNING": Badge("circle-dot", later("Being verified"), "yours"),
    "FAILED": Badge("circle-x", later("Given up"), "deny"),
}
STAGES: Final = {
    "ingest": later("Take it in"),
    "canonicalise": later("Bring it to one form"),
    "provenance": later("Read its credentials"),
    "watermark": later("Look for marks"),
    "detection": later("Ask the detectors"),
    "decision": later("Decide"),
}
_STAGE_BADGES: Final = {
    "done": Badge("circle-check", later("Done"), "permit"),
    "failed": Badge("circle-x", later("Failed"), "deny"),
    "timed_out": Badge("timer-off", later("Took too long"), "deny"),
    "skipped": Badge("circle-dashed", later("Left out")),
}
WAITS: Final = Badge("circle-dashed", later("Not yet"))
UNDONE: Final = Badge("circle-dashed", later("Not done"))
_IN_A_LIST: Final = {
    "made_under_a_licence": later("Made under a licence"),
    "partly_proved": later("Partly proved"),
    "changed": later("Changed"),
    "nothing_found": later("Nothing found"),
    "cannot_tell": later("Cannot tell"),
}
_CREDENTIALS: Final = {
    "provenance_trusted": (FOUND, later("Signed by an authority that you trust, and every part of it is whole.")),
    "binding_tolerated": (FOUND, later("The signature is whole. The file is a near copy of what was signed, which your policy accepts.")),
    "missing_provenance": (ABSENT, later("The file carries no credentials. Many services remove them.")),
    "remote_not_fetched": (UNSURE, later("The credentials lie at another address. Nothing is fetched from there.")),
    "provenance_extract_failed": (UNSURE, later("There are credentials, and they could not be read.")),
    "manifest_malformed": (CHANGED, later("The credentials are not well formed.")),
    "binding_mismatch": (CHANGED, later("The credentials are of another file, or this one was changed after it was signed.")),
    "signature_invalid": (CHANGED, later("The signature does not fit what it should sign.")),
    "ingredient_invalid": (CHANGED, later("Something that went into this file had been changed before.")),
    "signer_untrusted": (UNSURE, later("The credentials are whole, and their signer is none that you trust.")),
    "signer_unknown": (UNSURE, later("The credentials are whole. Trust unknown: there is no list of signers.")),
    "signer_revoked": (UNSURE, later("The certificate of the signer was revoked.")),
    "signer_expired": (UNSURE, later("The certificate of the signer has run out, and no time stamp that counts shows that it signed before.")),
    "provenance_not_examined": (UNCHECKED, later("Credentials were not read this time.")),
}  # fmt: skip
_CREDENTIALS_OF_A_CHECK: Final = {
    "provenance_trusted": later(
        "Signed by an authority that this server trusts, and every part of it is whole."
    ),
    "binding_tolerated": later("The signature is whole. The file is a near copy of what was signed."),
    "signer_untrusted": later("The credentials are whole, and their signer is none that this server trusts."),
}
_MARKS: Final = {"present": FOUND, "absent": ABSENT, "uncertain": UNSURE}
_MARK_WORDS: Final = {
    "watermark_extraction_failed": later("The reader broke. Nothing is known of a mark."),
    "watermark_no_key": later("There was no key to look with."),
    "watermark_not_examined": later("Marks were not looked for this time."),
}
_DETECTORS: Final = {
    "detector_not_installed": later("No detector is installed here. Whether a model made it we do not say."),
    "detector_out_of_contract": later("No detector can be used on this file."),
    "detector_failed": later("The detectors broke. No score exists."),
    "detector_skipped": later("Not needed: the credentials are whole and bound to this very file."),
    "detector_disabled": later("Detectors were switched off this time."),
}


_SUPERSCRIPTS: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_ERRORS: Final = {
    "ingestion_failed": later("The file could not be taken in as a film, a picture or a sound."),
    "canonicalisation_failed": later("Its pictures and its sound could not be brought to one form."),
    "stream_corrupted": later("Its stream is damaged, or breaks off."),
    "provenance_extract_failed": later("Its credentials could not be read."),
    "watermark_extraction_failed": later("The reader of the marks broke."),
    "detector_failed": later("The detectors broke."),
}


@dataclass(frozen=True)
class Layer:
    """What one layer says: a badge, a sentence, and its evidence in figures."""

    title: str
    badge: Badge
    words: str
    facts: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class StageLine:
    """One stage as it stands."""

    name: str
    badge: Badge
    seconds: str
    reason: str = ""


def headline_words(code: str) -> tuple[Badge, str, str]:
    """The badge, the sentence and what follows it."""
    badge, sentence, lead = _HEADLINES[code]
    return badge, str(sentence), str(lead)


def listed_badge(code: str) -> Badge:
    """The badge under a heading that says *Verdict* already."""
    return _HEADLINES[code][0]._replace(words=_IN_A_LIST[code])


def layers_of(report: dict[str, Any]) -> list[Layer]:
    """The three layers of a report."""
    return [_credentials(report["provenance"]), _mark(report["watermark"]), _risk(report["deepfake"])]


def layers_of_check(report: dict[str, Any]) -> list[Layer]:
    """The layers as a stranger reads them: those that were asked, and trust is this server's, not the reader's."""
    layers = layers_of(report)
    told = _CREDENTIALS_OF_A_CHECK.get(report["provenance"]["reason"])
    if told is not None:
        layers[0] = replace(layers[0], words=str(told))
    return layers if report["deepfake"]["state"] != "detector_disabled" else layers[:2]


def stages_of(row: Verification | PublicCheck) -> list[StageLine]:
    """Every stage, those to come too."""
    ran = row.record.report["audit"]["stages"] if hasattr(row, "record") else row.stages
    by_name = {one["name"]: one for one in ran}
    lines = []
    for name, words in STAGES.items():
        one = by_name.get(name)
        if one is None:
            lines.append(StageLine(str(words), UNDONE if row.state == "FAILED" else WAITS, ""))
            continue
        seconds = _("%(seconds)s s") % {"seconds": figure(round(one["milliseconds"] / 1000, 1))}
        lines.append(StageLine(str(words), _STAGE_BADGES[one["state"]], seconds, one.get("reason", "")))
    return lines


def chance_words(p_value: float) -> str:
    """A chance as a person reads it: ``1 in 240``, ``3 in 10¹⁹``.

    >>> chance_words(0.004)
    '1 in 250'
    """
    if p_value >= 1e-4:
        return _("1 in %(number)s") % {"number": figure(max(1, round(1 / p_value)))}
    if p_value <= 0.0:
        return _("less than can be written")
    digit, _e, power = f"{p_value:.0e}".partition("e-")
    raised = "".join(_SUPERSCRIPTS[int(one)] for one in str(int(power)))
    return _("%(digit)s in 10%(power)s") % {"digit": digit, "power": raised}


def errors_of(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What went wrong on the way, as sentence and code; a file without credentials is no error to a reader."""
    return [(str(_ERRORS[code]), code) for code in report["audit"]["errors"] if code in _ERRORS]


def not_meant(headline: str) -> list[str]:
    """What the verdict does not mean; as long as what it means."""
    told = {
        "made_under_a_licence": [_("That this use of it is allowed"), _("Who posted it")],
        "partly_proved": [_("That the rest came from elsewhere"), _("That this use of it is allowed")],
        "changed": [_("Who changed it, or why"), _("That what it shows did not happen")],
        "nothing_found": [
            _("That it was made without a licence"),
            _("That it is what it seems, or that it is not"),
        ],
        "cannot_tell": [_("That something is wrong with it"), _("That nothing is wrong with it")],
    }
    return [*told[headline], _("That a person or a model made it")]


def meant(headline: str) -> list[str]:
    """What the verdict means."""
    told = {
        "made_under_a_licence": [
            _("What was found leads to a licence"),
            _("It was registered or signed before it came here"),
        ],
        "partly_proved": [_("What was found stands here, each with its chance of error")],
        "changed": [
            _("A signature no longer fits this very file"),
            _("Every re-encoding does that, and so does an edit"),
        ],
        "nothing_found": [
            _("Every layer that was asked answered"),
            _("Neither credentials nor a mark were found"),
        ],
        "cannot_tell": [_("At least one layer could not answer"), _("What the others say stands here")],
    }
    return told[headline]


_ACTORS = {
    "trusted": later("Also signed by %(signer)s"),
    "untrusted": later("Also signed by %(signer)s, whom this list does not know"),
    "broken": later("A second signature does not hold"),
}


def _credentials(said: dict[str, Any]) -> Layer:
    badge, words = _CREDENTIALS[said["reason"]]
    facts = []
    if said["asserted_by"]:
        # anybody can make a certificate of any name: it is a signer's where a list vouches for it and the signature holds
        told = (
            _("Signed by %(signer)s")
            if said["signer_trust"] == "trusted"
            else _("Its certificate names %(signer)s")
        )
        facts.append(told % {"signer": said["asserted_by"]})
    # reports of before this was read have no such list
    facts += [
        str(_ACTORS[actor["state"]]) % {"signer": actor["name"] or "?"}
        for made in said["manifests"][:1]
        for actor in made.get("actors", [])
    ]
    if said["signer_trust"] == "unknown":
        facts.append(_("Trust unknown"))
    if said["binding_score"] is not None:
        facts.append(
            _("Like what was signed: %(share)s %%") % {"share": figure(round(100 * said["binding_score"]))}
        )
    return Layer(_("Content Credentials"), badge, str(words), tuple(facts), said["reason"])


def _mark(said: dict[str, Any]) -> Layer:
    words = _MARK_WORDS.get(said["reason"])
    if words is None:
        words = {
            "present": later("A mark of this server was read."),
            "absent": later("No mark of this server was read. It may never have had one, or have lost it."),
            "uncertain": later(
                "Something may be there. What is left could be chance, so nothing is claimed."
            ),
        }[said["status"]]
    facts = []
    # of what is absent nothing is claimed that could be in error
    if said["p_value"] is not None and said["p_value"] < 1 and said["status"] != "absent":
        facts.append(_("Chance of error: %(chance)s") % {"chance": chance_words(said["p_value"])})
    if said["payload"]:
        facts.append(_("Mark %(mark)s") % {"mark": said["payload"].upper()})
    if said["cards"]:
        facts.append(_("Method %(cards)s") % {"cards": ", ".join(said["cards"])})
    if said.get("seal"):
        facts.append(_seal(said["seal"]))
    badge = (
        UNCHECKED
        if said["reason"] in {"watermark_no_key", "watermark_not_examined"}
        else _MARKS[said["status"]]
    )
    return Layer(_("Marks in picture and sound"), badge, str(words), tuple(facts), said["reason"])


def _seal(said: dict[str, Any]) -> str:
    if said["status"] == "intact":
        return _("Seal: every block is as it was sealed.")
    if said["status"] == "foreign":
        return _("Seal: there is one, and none of our keys made it.")
    many = len(said["regions"]) + said["regions_left_out"]
    places = ", ".join(f"{one['frame']}: {one['x']}, {one['y']}" for one in said["regions"][:3])
    told = ngettext("Seal: edited in %(many)s place", "Seal: edited in %(many)s places", many) % {
        "many": many
    }
    return f"{told} ({places})" if places else told


def _risk(said: dict[str, Any]) -> Layer:
    words = _DETECTORS.get(said["state"])
    if words is not None:
        badge = UNSURE if said["state"] == "detector_failed" else UNCHECKED
        return Layer(_("Detectors"), badge, str(words), code=said["state"])
    facts = [_("Score %(score)s") % {"score": figure(round(said["risk_score"] or 0, 2))}]
    facts += [
        _("Decisive from %(start)s to %(end)s seconds: %(score)s")
        % {name: figure(round(one[name], 2)) for name in ("start", "end", "score")}
        for one in said["windows"]
    ]
    if said["model_versions"]:
        facts.append(
            _("Detectors %(versions)s")
            % {
                "versions": ", ".join(
                    said["model_versions"][name] for name in ("spatial", "temporal", "ensemble")
                )
            }
        )
    words = (
        _("Detectors gave a score. It is no proof.")
        if said["acting"]
        else _("Detectors gave a score in shadow: nothing follows from it, and it is no proof.")
    )
    return Layer(_("Detectors"), UNSURE, words, tuple(facts), said["status"])
