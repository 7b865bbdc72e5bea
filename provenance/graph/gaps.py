"""What the record of a version lacks: a model's work whose model, prompt or seed nobody recorded is a black box.

Pure. Completeness is never claimed for a whole that has such a part: whoever adds up asks every version behind it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provenance.graph.classify import GENERATIVE


class Gap(StrEnum):
    """What is missing; codes are public and stable."""

    BLACK_BOX = "BLACK_BOX"  # a model had a part in it, and no run of a model is recorded
    MODEL_NOT_IDENTIFIED = "MODEL_NOT_IDENTIFIED"  # neither version nor hash of the model
    PROMPT_OR_INPUTS_MISSING = "PROMPT_OR_INPUTS_MISSING"
    SEED_MISSING = "SEED_MISSING"
    SETTINGS_MISSING = "SETTINGS_MISSING"  # neither guidance scale nor parameters
    TOOL_WITHOUT_RECORD = "TOOL_WITHOUT_RECORD"


_FIELDS: Final[dict[Gap, tuple[str, ...]]] = {
    Gap.BLACK_BOX: (
        "model.name", "model.version", "model.sha256", "prompt", "inputs", "seed", "guidance_scale", "parameters",
    ),
    Gap.MODEL_NOT_IDENTIFIED: ("model.version", "model.sha256"),
    Gap.PROMPT_OR_INPUTS_MISSING: ("prompt", "inputs"),
    Gap.SEED_MISSING: ("seed",),
    Gap.SETTINGS_MISSING: ("guidance_scale", "parameters"),
    Gap.TOOL_WITHOUT_RECORD: ("tool.record",),
}  # fmt: skip


def missing_fields(gaps: Iterable[Gap]) -> tuple[str, ...]:
    """The fields of a generation record that would close these gaps, each once, by the names of its schema.

    >>> missing_fields([Gap.SEED_MISSING])
    ('seed',)
    """
    return tuple(dict.fromkeys(name for gap in gaps for name in _FIELDS[gap]))


@dataclass(frozen=True, slots=True)
class Run:
    """What was recorded of one run of a model."""

    is_model_identified: bool
    has_prompt_or_inputs: bool
    has_seed: bool
    has_settings: bool


def gaps_of(
    code: str, runs: tuple[Run, ...], *, generative_parents: bool = False, tools: bool = False
) -> tuple[Gap, ...]:
    """Return what one version's own record lacks.

    >>> gaps_of("trainedAlgorithmicMedia", ())
    (<Gap.BLACK_BOX: 'BLACK_BOX'>,)
    >>> gaps_of("digitalCapture", ())
    ()

    Args:
        code: its source type.
        runs: runs of models that made it.
        generative_parents: it came from something that a model had a part in, which answers for itself.
        tools: an edge to it names a tool that keeps no record.
    """
    gaps = [Gap.TOOL_WITHOUT_RECORD] if tools else []
    if code in GENERATIVE and not runs and not generative_parents:
        gaps.append(Gap.BLACK_BOX)
    for holds, gap in (
        (all(run.is_model_identified for run in runs), Gap.MODEL_NOT_IDENTIFIED),
        (all(run.has_prompt_or_inputs for run in runs), Gap.PROMPT_OR_INPUTS_MISSING),
        (all(run.has_seed for run in runs), Gap.SEED_MISSING),
        (all(run.has_settings for run in runs), Gap.SETTINGS_MISSING),
    ):
        if not holds:
            gaps.append(gap)
    return tuple(gaps)
