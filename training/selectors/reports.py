"""What a run rested on, told the same way for every run that rested on the same."""

import json
from collections.abc import Mapping
from typing import Any

from training.models import TrainingRun
from trustcore.encoding import canonical_json, sha256_hex


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """A run's parameters as one text, whatever order they came in: JSON with sorted names, ASCII, no NaN.

    They hold floats, which canonical JSON here does not; so a report is hashed over this text.

    Raises:
        ValueError: NaN or an infinity. TypeError: not JSON.
    """
    return json.dumps(parameters, sort_keys=True, separators=(",", ":"), allow_nan=False)


def provenance_of_run(run: TrainingRun) -> dict[str, Any]:
    """The provenance report of a run: material, rights, policy, code, container, parameters, models (TP-165).

    It holds nothing of the run's own name or moment: of two identical runs it is the same, to the byte, and so is its
    ``report_sha256``.
    """
    manifest = run.manifest
    report = {
        "manifest": manifest.content_id if manifest else None,
        "rows": manifest.rows if manifest else 0,
        "rows_root": manifest.rows_root if manifest else None,
        "policy": manifest.policy_id if manifest else None,
        "sources": manifest.head["sources"] if manifest else [],
        "rights": manifest.head["rights"] if manifest else [],
        "code_commit": run.code_commit,
        "container_image": run.container_image,
        "parameters": parameters_text(run.parameters),
        "models": sorted(
            ({"name": row.name, "sha256": row.sha256} for row in run.models.all()),
            key=lambda row: (row["name"], row["sha256"]),
        ),
    }
    return {**report, "parameters": run.parameters, "report_sha256": sha256_hex(canonical_json(report))}
