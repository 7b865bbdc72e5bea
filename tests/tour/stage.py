"""The demonstration's cast with something to do: what the tour of the pages looks at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.permissions.addresses import Address, addresses
from tests.permissions.asks import BODIES, things_of
from tests.permissions.crowd import grow
from tests.permissions.table import read_table
from tests.permissions.worlds import GROUPS, Names, World, make_world

# one reader of each seat; the others of an organisation see the same pages with fewer acts
READERS = ("agent", "talent", "producer", "vendor", "auditor", "legal", "operator")
NAMES = Names(
    organisations={
        "studio": "Lanternfish Pictures",
        "agency": "Harrow & Vane",
        "vendor": "Pale Orbit VFX",
        "guild": "Screen Players’ Guild",
    },
    people={
        "agent": "Maren Oduya",
        "colleague": "Caspian Thewlis",
        "producer": "Odile Marchetti",
        "engineer": "Tomas Brandvold",
        "vendor": "Sunniva Raske",
        "auditor": "Ruth Okonjo-Bell",
    },
    talent="Ilse Varga-Thorne",
    title="The Glass Meridian",
    file="Glass Meridian reel 1.mov",
)
TALENTS = ("Teodor Quill", "Wren Abernathy-Sole", "Bastien Okafor-Lunde", "Mirela Santangelo")
TITLES = ("Saltwater Parliament", "The Orchard Wars", "Nine Winters in Tromsø", "A Cartographer’s Daughter")


@dataclass(frozen=True)
class Page:
    """One page as one reader opens it; the reader of a page before sign-in is empty."""

    name: str
    path: str
    reader: str


def make_stage(folder: Path) -> World:
    """The cast in the middle of its work."""
    world = make_world(folder, NAMES)
    grow(world, len(TALENTS), talents=TALENTS, titles=TITLES)
    return world


def pages_of(world: World) -> list[Page]:
    """Every page that the table of permissions lets a reader into, and those before sign-in."""
    found, known = [Page("sign-in", "/sign-in/", "")], addresses()
    for line in read_table():
        if "GET" not in line.methods or not line.let_in & set(READERS):
            continue
        if line.let_in & {"anonymous", *GROUPS["keys"]} or line.address in _NO_PAGES:
            continue
        address = known[line.address]
        things = things_of(address.text, address.parameters, line.variant)
        path = address.filled({name: world.ids[thing] for name, thing in things.items()})
        body = BODIES.get(f"GET {line.address}")
        query = body(world).query if body else ""
        found += [
            Page(_name(address, line.variant), path + query, reader)
            for reader in (READERS[:1] if line.address.startswith(_SAME_FOR_ALL) else READERS)
            if reader in line.let_in
        ]
    return found


# pages on which the seat changes nothing
_SAME_FOR_ALL = ("/organisation/", "/settings/", "/security/", "/accounts/")
# a redirect, files, a stream
_NO_PAGES = frozenset(
    {
        "/",
        "/bundles/{bundle_id}/download/",
        "/incidents/{incident_id}/evidence/{evidence_id}/",
        "/incidents/packages/{package_id}/",
        "/live/",
        "/material/readiness.json",
        "/material/manifests/{manifest_id}/file/",
        "/material/takedowns/{takedown_id}/certificate.json",
        "/material/takedowns/{takedown_id}/reach.txt",
        "/assets/{version_id}/trail.csv",
        "/erasures/{erasure_id}/certificate.json",
        "/audit/export.csv",
        "/audit/export.jsonl",
        "/members/rolls/{roll_id}/refused.csv",
        "/usage/{production_id}/report.csv",
        "/usage/{production_id}/report.jsonl",
        "/usage/{production_id}/report.pdf",
    }
)


def _name(address: Address, variant: str) -> str:
    words = [word for word in address.text.split("/") if word and not word.startswith("{")]
    is_one = address.text.rstrip("/").endswith("}")
    first = words[0].removesuffix("s") if is_one or len(words) > 1 else words[0]
    # the list and the page of one thing never share a name: /roster/ and /roster/{talent_id}/
    name = "-".join([first, *words[1:]] if first != words[0] or not is_one else [first, *words[1:], "one"])
    return f"{name}-{variant}" if variant else name
