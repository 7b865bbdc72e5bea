"""Which sections each seat sees, in the side and in the phone's tab bar."""

from typing import Final, NamedTuple

from agents_portal.access import AGENT, AUDITOR, LEGAL, OPERATOR, STUDIO, TALENT, VENDOR
from common.language import later


class Entry(NamedTuple):
    """One section: its url name, icon and label; ``tab`` is its shorter label in the tab bar, if it is there."""

    name: str
    icon: str
    label: str
    tab: str = ""


class Group(NamedTuple):
    """Sections under one title."""

    title: str
    entries: tuple[Entry, ...]


_AUDIT = Entry("portal-audit", "scroll-text", later("Audit trail"))
_INCIDENTS = Entry("portal-incidents", "triangle-alert", later("Incidents"))
_VERIFY = Entry("portal-verifications", "search-check", later("Verify"))
_ASSETS = Entry("portal-assets", "workflow", later("Assets"))
_SCRIPTS = Entry("portal-scripts", "file-text", later("Scripts"))
_MATERIAL = Entry("portal-material", "layers", later("Training material"))
_ROLLOUTS = Entry("portal-rollouts", "git-compare-arrows", later("Rollouts"))
SECTIONS: Final[dict[str, tuple[Group, ...]]] = {
    AGENT: (
        Group(
            "",
            (
                Entry("portal-inbox", "inbox", later("Inbox"), later("Inbox")),
                Entry("portal-roster", "users", later("Roster"), later("Roster")),
                Entry("portal-licences", "file-check", later("Licences"), later("Licences")),
                Entry("portal-receipts", "film", later("Receipts"), later("Receipts")),
                Entry("portal-alerts", "bell", later("Alerts"), later("Alerts")),
                _VERIFY,
            ),
        ),
        Group(
            later("Rules and records"),
            (
                Entry("portal-mandates", "signature", later("Mandates")),
                Entry("portal-bundles", "package-check", later("Bundles")),
                Entry("portal-training", "book-open", later("Training")),
                _SCRIPTS,
                _ROLLOUTS,
                Entry("portal-events", "circle-pause", later("Holds and events")),
                _ASSETS,
                _INCIDENTS,
                _AUDIT,
            ),
        ),
    ),
    TALENT: (
        Group(
            "",
            (
                Entry("portal-home", "house", later("Home"), later("Home")),
                Entry("portal-decide", "file-pen-line", later("To decide"), later("To decide")),
                Entry("portal-licences", "file-check", later("My licences"), later("Licences")),
                Entry("portal-visibility", "eye", later("Who can see me"), later("Visibility")),
                Entry("portal-audit", "history", later("Everything that happened")),
            ),
        ),
        Group(
            later("Rules and records"),
            (
                Entry("portal-mandates", "signature", later("My agent’s mandate")),
                Entry("portal-rules", "list", later("Said in advance")),
                Entry("portal-training", "book-open", later("Training")),
                _SCRIPTS,
                Entry("portal-incidents", "triangle-alert", later("Used without my yes")),
                _VERIFY,
                Entry("portal-events", "circle-pause", later("Holds and events")),
            ),
        ),
    ),
    STUDIO: (
        Group(
            "",
            (
                Entry("portal-productions", "clapperboard", later("Productions"), later("Productions")),
                Entry("portal-requests", "file-pen-line", later("Requests"), later("Requests")),
                Entry("portal-training", "book-open", later("Training")),
                _MATERIAL,
                Entry("portal-licences", "file-check", later("Licences"), later("Licences")),
                Entry("portal-calendar", "calendar-clock", later("Expiry calendar"), later("Calendar")),
                Entry("portal-receipts", "film", later("Receipts")),
                _ASSETS,
                Entry("portal-markings", "fingerprint", later("Marking")),
                _SCRIPTS,
                Entry("portal-bundles", "package-check", later("Bundles"), later("Bundles")),
                _VERIFY,
            ),
        ),
        Group(
            later("Setup"),
            (
                Entry("portal-keys", "key-round", later("API keys")),
                Entry("portal-webhooks", "webhook", later("Webhooks")),
                Entry("portal-team", "users", later("Team")),
                _ROLLOUTS,
                _AUDIT,
            ),
        ),
    ),
    AUDITOR: (
        Group(
            "",
            (
                Entry("portal-members", "users", later("Members"), later("Members")),
                Entry("portal-productions", "clapperboard", later("Productions"), later("Productions")),
                Entry("portal-bundles", "package-check", later("Bundles"), later("Bundles")),
                Entry("portal-usage", "file-text", later("Usage reports"), later("Usage")),
                Entry("portal-witness", "shield-check", later("Witness"), later("Witness")),
                Entry("portal-licences", "file-check", later("Licences")),
                _ASSETS,
                _VERIFY,
            ),
        ),
        Group(
            later("Rules and records"),
            (
                Entry("portal-profiles", "scale", later("Profiles")),
                _ROLLOUTS,
                Entry("portal-events", "circle-pause", later("Holds and events")),
                _INCIDENTS,
                _AUDIT,
            ),
        ),
    ),
    LEGAL: (
        Group(
            "",
            (
                Entry("portal-verifications", "search-check", later("Verify"), later("Verify")),
                Entry("portal-productions", "clapperboard", later("Productions"), later("Productions")),
                Entry("portal-licences", "file-check", later("Licences"), later("Licences")),
                Entry("portal-bundles", "package-check", later("Bundles"), later("Bundles")),
                Entry("portal-profiles", "scale", later("Profiles"), later("Profiles")),
                _ASSETS,
                _MATERIAL,
                _SCRIPTS,
            ),
        ),
        Group(
            later("Rules and records"),
            (Entry("portal-audit", "scroll-text", later("Audit trail")),),
        ),
    ),
    OPERATOR: (
        Group(
            "",
            (
                Entry("portal-organisations", "building-2", later("Organisations"), later("Organisations")),
                Entry("portal-signing-keys", "key-round", later("Keys"), later("Keys")),
                Entry("portal-queues", "list", later("Queues"), later("Queues")),
                Entry("portal-health", "search-check", later("Health"), later("Health")),
                Entry("portal-public-page", "users", later("Public page")),
            ),
        ),
        Group(
            later("Rules and records"),
            (
                Entry("portal-audit", "scroll-text", later("Audit trail"), later("Audit")),
                Entry("portal-erasures", "user-round-pen", later("Erasures")),
            ),
        ),
    ),
    VENDOR: (
        Group(
            "",
            (
                Entry("portal-licences", "file-check", later("Licences"), later("Licences")),
                Entry("portal-markings", "fingerprint", later("Marking"), later("Marking")),
                Entry("portal-duties", "hourglass", later("Acknowledgements"), later("Due")),
                Entry("portal-keys", "key-round", later("API keys"), later("Keys")),
                _MATERIAL,
                _SCRIPTS,
                Entry("portal-webhooks", "webhook", later("Webhooks")),
                Entry("portal-team", "users", later("Team")),
                _ASSETS,
                _VERIFY,
                Entry("portal-audit", "scroll-text", later("Audit trail"), later("Audit")),
            ),
        ),
    ),
}
# Pages that belong to a section without being its own address.
BELONGS: Final = {
    "portal-request": {AGENT: "portal-inbox", TALENT: "portal-decide", STUDIO: "portal-requests"},
    "portal-request-new": {STUDIO: "portal-requests"},
    "portal-draft": {STUDIO: "portal-requests"},
    "portal-drafts": {STUDIO: "portal-requests"},
    "portal-webhook": dict.fromkeys(SECTIONS, "portal-webhooks"),
    "portal-own-sign-in": dict.fromkeys(SECTIONS, "portal-team"),
    "portal-teammate": dict.fromkeys(SECTIONS, "portal-team"),
    "portal-duty": {STUDIO: "portal-calendar", VENDOR: "portal-duties"},
    "portal-duties": {STUDIO: "portal-calendar", VENDOR: "portal-duties"},
    "portal-material": dict.fromkeys(SECTIONS, "portal-material"),
    "portal-notice": dict.fromkeys(SECTIONS, "portal-notices"),
    "portal-licence": dict.fromkeys(SECTIONS, "portal-licences"),
    "portal-asset": dict.fromkeys(SECTIONS, "portal-assets"),
    "portal-asset-questions": dict.fromkeys(SECTIONS, "portal-assets"),
    "portal-completeness": dict.fromkeys(SECTIONS, "portal-assets"),
    "portal-production": dict.fromkeys(SECTIONS, "portal-productions"),
    "portal-incident": dict.fromkeys(SECTIONS, "portal-incidents"),
    "portal-verification": dict.fromkeys(SECTIONS, "portal-verifications"),
    "portal-key": dict.fromkeys(SECTIONS, "portal-keys"),
    "portal-marking": dict.fromkeys(SECTIONS, "portal-markings"),
    "portal-inbox": dict.fromkeys(SECTIONS, "portal-inbox"),
    "portal-person": dict.fromkeys(SECTIONS, "portal-roster"),
    "portal-mandate": dict.fromkeys(SECTIONS, "portal-mandates"),
    "portal-block": {**dict.fromkeys(SECTIONS, "portal-visibility"), AGENT: "portal-roster"},
    "portal-visibility": dict.fromkeys(SECTIONS, "portal-visibility"),
    "portal-rules": dict.fromkeys(SECTIONS, "portal-rules"),
    "portal-training": dict.fromkeys(SECTIONS, "portal-training"),
    "portal-alerts": dict.fromkeys(SECTIONS, "portal-alerts"),
    "portal-audit": dict.fromkeys(SECTIONS, "portal-audit"),
    "portal-bundle": dict.fromkeys(SECTIONS, "portal-bundles"),
    "portal-member": dict.fromkeys(SECTIONS, "portal-members"),
    "portal-rollout": dict.fromkeys(SECTIONS, "portal-rollouts"),
    "portal-profile": dict.fromkeys(SECTIONS, "portal-profiles"),
    "portal-script": dict.fromkeys(SECTIONS, "portal-scripts"),
    "portal-usage": dict.fromkeys(SECTIONS, "portal-usage"),
    "portal-event": dict.fromkeys(SECTIONS, "portal-events"),
    "portal-organisation": {OPERATOR: "portal-organisations"},
    "portal-erasure": {OPERATOR: "portal-erasures"},
    "portal-signing-key": dict.fromkeys(SECTIONS, "portal-signing-keys"),
}


def section_of(url_name: str, seat: str) -> str:
    """The section that a page belongs to: ``portal-licence-revoke`` is under ``portal-licences``."""
    for prefix, by_seat in BELONGS.items():
        if url_name == prefix or url_name.startswith(f"{prefix}-"):
            return by_seat.get(seat, "")
    return url_name
