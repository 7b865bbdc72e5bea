"""A lineage as an indented list: the version first, below it what it came from, each thing once.

Runs of models stand between what they made and what they were given. Above fifty parents a count stands for the rest;
what was told before is named again and not repeated.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.provenance_words import GAPS, ICON_OF, kind_words, role_words, way_words
from agents_portal.words import figure
from provenance.graph.models import AssetVersion, GenerationRecord, Relation
from provenance.graph.selectors.origin import Origin, RunFacts

FAN_MOST: Final = 50
DEPTH_MOST: Final = 12
ROWS_MOST: Final = 250


@dataclass
class Item:
    """One line of the list and, as ``key``, one box of the picture. ``unsure``: it keeps no record, or not enough."""

    key: str
    icon: str
    kind: str
    title: str
    words: str = ""
    by: str = ""
    through: str = ""
    at: datetime | None = None
    facts: list[str] = field(default_factory=list)
    sha256: str = ""
    href: str = ""
    is_start: bool = False
    unsure: bool = False
    is_told: bool = False
    children: list["Item"] = field(default_factory=list)


class _Teller:
    """Builds the list of one origin."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.runs: dict[UUID, RunFacts] = {one.run.pk: one for one in origin.runs}
        self.edges: dict[UUID, list[Relation]] = {}
        for edge in origin.lineage.edges:
            self.edges.setdefault(edge.child_id, []).append(edge)
        self.told: set[str] = set()
        self.rows = 0

    def version(self, version: AssetVersion, words: str, depth: int) -> Item:
        origin = self.origin
        gaps = origin.gaps.get(version.pk, ())
        item = Item(
            key=f"v{version.pk.hex}",
            icon=ICON_OF[version.asset.kind],
            kind=kind_words(version.asset.kind),
            title=version.asset.name,
            words=words,
            at=version.at,
            facts=[*_frames_of(version, origin), *(str(GAPS[gap]) for gap in gaps)],
            sha256=version.content_sha256,
            href=reverse("portal-asset", args=[version.pk]),
            is_start=version.pk == origin.lineage.start.pk,
            unsure=bool(gaps),
        )
        self._sign(item, version, version.event.organisation_id)
        return self._with_parents(item, version.pk, depth)

    def _with_parents(self, item: Item, key: UUID, depth: int) -> Item:
        if item.key in self.told:
            item.is_told = True
            return item
        self.told.add(item.key)
        self.rows += 1
        edges = self.edges.get(key, [])
        if edges and (depth >= DEPTH_MOST or self.rows > ROWS_MOST):
            item.facts.append(_("It goes on: open it to read further."))
            return item
        runs = list(dict.fromkeys(edge.generation_id for edge in edges if edge.generation_id))
        others = [edge for edge in edges if not edge.generation_id]
        made = [key for key in self.runs if item.key[1:] in {one.hex for one in self.runs[key].made}]
        for run in dict.fromkeys([*runs, *made]):
            if run in self.runs:
                item.children.append(self._run(self.runs[run], edges, depth + 1))
        for edge in others[:FAN_MOST]:
            item.children.append(self._edge(edge, depth + 1))
        self._rest(item, len(others) - FAN_MOST)
        return item

    def _edge(self, edge: Relation, depth: int) -> Item:
        words = way_words(edge.kind)
        if edge.frame_first is not None:
            words = _("%(way)s, frames %(first)s to %(last)s") % {
                "way": words, "first": edge.frame_first, "last": edge.frame_last,
            }  # fmt: skip
        if edge.region:
            words = _("%(way)s, in a part of the picture") % {"way": words}
        parent = self.version(self.origin.lineage.versions[edge.parent_id], words, depth)
        if not edge.tool:
            return parent
        tool = Item(
            key=f"t{edge.pk.hex}", icon="circle-question-mark", kind=_("Tool"), title=edge.tool,
            words=_("a tool without a record"), at=edge.at, unsure=True,
            facts=[_("It says nothing of how it works. Reported as incomplete.")], children=[parent],
        )  # fmt: skip
        self._sign(tool, edge, edge.event.organisation_id)
        return tool

    def _run(self, facts: RunFacts, edges: list[Relation], depth: int) -> Item:
        run = facts.run
        model = f"{run.model.name} {run.model.version}".strip()
        said = [_("Seed %(seed)s") % {"seed": run.seed}] if run.seed else []
        if run.guidance_scale:
            said.append(_("Guidance scale %(scale)s") % {"scale": run.guidance_scale})
        if run.engine:
            said.append(_("Engine %(engine)s") % {"engine": f"{run.engine} {run.engine_version}".strip()})
        if run.prompt_id:
            said.append(_("The prompt is kept, sealed with the production’s key"))
        item = Item(
            key=f"r{run.pk.hex}", icon="sparkles", kind=_("Run of a model"), title=model,
            words=_("generated, run %(name)s") % {"name": run.external_id} if run.external_id else _("generated"),
            at=run.at, facts=said, sha256=run.model.sha256,
        )  # fmt: skip
        self._sign(item, run, run.organisation_id)
        if item.key in self.told:
            item.is_told = True
            return item
        self.told.add(item.key)
        self.rows += 1
        mine = [edge for edge in edges if edge.generation_id == run.pk]
        for edge in mine[:FAN_MOST]:
            words = role_words(edge.role) or (_("the model") if edge.role == "MODEL" else "")
            item.children.append(self.version(self.origin.lineage.versions[edge.parent_id], words, depth + 1))
        self._rest(item, len(mine) - FAN_MOST)
        return item

    def _rest(self, item: Item, number: int) -> None:
        if number > 0:
            words = ngettext("%(n)s more", "%(n)s more", number) % {"n": figure(number)}
            item.children.append(Item(key=f"{item.key}-rest", icon="layers", kind=_("Others"), title=words))

    def _sign(self, item: Item, row: AssetVersion | Relation | GenerationRecord, organisation: UUID) -> None:
        """Say who did it, where the reader may know."""
        who = self.origin.sight.person(row.person, self.origin.lineage.start.production, organisation)
        item.by = who["name"] if who else ""
        item.through = row.credential.name if who and row.credential else ""


def listed(origin: Origin) -> Item:
    """The list, from the version that was asked of."""
    return _Teller(origin).version(origin.lineage.start, "", 0)


def _frames_of(version: AssetVersion, origin: Origin) -> list[str]:
    facts = []
    if version.frame_first is not None:
        facts.append(
            _("Frames %(first)s to %(last)s") % {"first": version.frame_first, "last": version.frame_last}
        )
    if (frame := origin.lineage.frames.get(version.pk)) is not None:
        facts.append(_("Of these, frame %(frame)s") % {"frame": frame})
    found = version.metadata.get("receipts")
    if isinstance(found, dict) and isinstance(found.get("frames"), int):
        facts.append(
            ngettext("%(n)s receipt, log entries %(first)s to %(last)s",
                     "%(n)s receipts, log entries %(first)s to %(last)s", found["frames"])
            % {"n": figure(found["frames"]), "first": found.get("first_leaf"), "last": found.get("last_leaf")}
        )  # fmt: skip
    return facts
