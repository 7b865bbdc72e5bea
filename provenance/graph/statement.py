"""What of a deliverable was generated, what was licensed, what was made by hand: the statement that buyers and insurers ask for.

Told from a version's recorded origin alone. A thing is *generated* where its source type says that a model had a part in
it, *licensed* where it cites a licence (it may be both), *by hand* where people or cameras made it without generative AI.
Whatever lacks its record is *unknown* and makes the statement incomplete; it is never counted as made by hand.
"""

from typing import Any

from provenance.graph.classify import GENERATIVE
from provenance.graph.gaps import missing_fields
from provenance.graph.models.assets import NOT_MEDIA
from provenance.graph.selectors.generations import model_told, version_named
from provenance.graph.selectors.origin import Origin
from provenance.source_type import vocabulary

Told = dict[str, Any]


def statement_of(origin: Origin) -> Told:
    """The statement for the version that ``origin`` tells of."""
    parts: dict[str, list[Told]] = {"generated": [], "licensed": [], "by_hand": [], "unknown": []}
    readable = {one.jti for one in origin.licences}
    for key, version in origin.lineage.versions.items():
        code = vars(version)["code"] or ""
        told = {
            **version_named(version),
            "recorded_for": version.asset.organisation.name,
            "digital_source_type": vocabulary()[code].uri if code else None,
            "tokens": [str(jti) for jti in version.token_jtis if jti in readable],
        }
        if key in origin.gaps:
            gaps = origin.gaps[key]
            lacks = {"gaps": [str(gap) for gap in gaps], "missing": list(missing_fields(gaps))}
            parts["unknown"].append({**told, **lacks})
        if code in GENERATIVE:
            parts["generated"].append(told)
        if told["tokens"]:
            parts["licensed"].append(told)
        elif code not in GENERATIVE and version.asset.kind not in NOT_MEDIA and key not in origin.gaps:
            parts["by_hand"].append(told)
    film = origin.lineage.start.production
    return {
        "version": version_named(origin.lineage.start),
        "production": {"id": str(film.pk), "title": film.title, "studio": film.organisation.name},
        "is_complete": origin.is_complete,
        "is_cut": origin.is_cut,
        **parts,
        "models": [*{one.run.model_id: model_told(one.run.model) for one in origin.runs}.values()],
        "licences": [
            {
                "jti": str(one.jti),
                "talent": one.line.talent_name if one.line else None,
                "licensee": one.line.licensee_name if one.line else None,
                "state": one.line.state if one.line else None,
            }
            for one in origin.licences
        ],
        "approvals": [
            {"outcome": one.outcome, "stage": one.stage, "organisation": one.organisation.name, "at": one.at}
            for one in origin.own_decisions
        ],
    }
