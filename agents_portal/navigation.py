"""Which sections each seat sees, in the side and in the phone's tab bar."""

from typing import Final, NamedTuple

from agents_portal.access import AGENT, AUDITOR, STUDIO, TALENT, VENDOR


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


_AUDIT = Entry("portal-audit", "scroll-text", "Audit trail")
_INCIDENTS = Entry("portal-incidents", "triangle-alert", "Incidents")
_ROLLOUTS = Entry("portal-rollouts", "git-compare-arrows", "Rollouts")
SECTIONS: Final[dict[str, tuple[Group, ...]]] = {
    AGENT: (
        Group(
            "",
            (
                Entry("portal-inbox", "inbox", "Inbox", "Inbox"),
                Entry("portal-roster", "users", "Roster", "Roster"),
                Entry("portal-licences", "file-check", "Licences", "Licences"),
                Entry("portal-receipts", "film", "Receipts", "Receipts"),
                Entry("portal-alerts", "bell", "Alerts", "Alerts"),
            ),
        ),
        Group(
            "Rules and records",
            (Entry("portal-mandates", "signature", "Mandates"), _INCIDENTS, _AUDIT),
        ),
    ),
    TALENT: (
        Group(
            "",
            (
                Entry("portal-home", "house", "Home", "Home"),
                Entry("portal-decide", "file-pen-line", "To decide", "To decide"),
                Entry("portal-licences", "file-check", "My licences", "Licences"),
                Entry("portal-visibility", "eye", "Who can see me", "Visibility"),
                Entry("portal-audit", "history", "Everything that happened"),
            ),
        ),
        Group(
            "Rules and records",
            (
                Entry("portal-mandates", "signature", "My agent’s mandate"),
                Entry("portal-incidents", "triangle-alert", "Used without my yes"),
            ),
        ),
    ),
    STUDIO: (
        Group(
            "",
            (
                Entry("portal-productions", "clapperboard", "Productions", "Productions"),
                Entry("portal-requests", "file-pen-line", "Requests", "Requests"),
                Entry("portal-licences", "file-check", "Licences", "Licences"),
                Entry("portal-alerts", "bell", "Alerts", "Alerts"),
                Entry("portal-receipts", "film", "Receipts"),
                Entry("portal-markings", "fingerprint", "Marking"),
                Entry("portal-bundles", "package-check", "Bundles", "Bundles"),
            ),
        ),
        Group("Setup", (Entry("portal-keys", "key-round", "API keys"), _ROLLOUTS, _AUDIT)),
    ),
    AUDITOR: (
        Group(
            "",
            (
                Entry("portal-productions", "clapperboard", "Productions", "Productions"),
                Entry("portal-licences", "file-check", "Licences", "Licences"),
                Entry("portal-bundles", "package-check", "Bundles", "Bundles"),
            ),
        ),
        Group(
            "Rules and records",
            (_INCIDENTS, _ROLLOUTS, Entry("portal-audit", "scroll-text", "Audit trail", "Audit")),
        ),
    ),
    VENDOR: (
        Group(
            "",
            (
                Entry("portal-licences", "file-check", "Licences", "Licences"),
                Entry("portal-markings", "fingerprint", "Marking", "Marking"),
                Entry("portal-keys", "key-round", "API keys", "Keys"),
                Entry("portal-audit", "scroll-text", "Audit trail", "Audit"),
            ),
        ),
    ),
}
# Pages that belong to a section without being its own address.
BELONGS: Final = {
    "portal-request": {AGENT: "portal-inbox", TALENT: "portal-decide", STUDIO: "portal-requests"},
    "portal-licence": dict.fromkeys(SECTIONS, "portal-licences"),
    "portal-production": dict.fromkeys(SECTIONS, "portal-productions"),
    "portal-key": dict.fromkeys(SECTIONS, "portal-keys"),
    "portal-marking": dict.fromkeys(SECTIONS, "portal-markings"),
    "portal-rollout": dict.fromkeys(SECTIONS, "portal-rollouts"),
    "portal-incident": dict.fromkeys(SECTIONS, "portal-incidents"),
    "portal-bundle": dict.fromkeys(SECTIONS, "portal-bundles"),
}


def section_of(url_name: str, seat: str) -> str:
    """The section that a page belongs to: ``portal-licence-revoke`` is under ``portal-licences``."""
    for prefix, by_seat in BELONGS.items():
        if url_name == prefix or url_name.startswith(f"{prefix}-"):
            return by_seat.get(seat, "")
    return url_name
