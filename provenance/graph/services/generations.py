"""Record one run of a model into a batch: the model, the sealed prompts, inputs with roles, outputs."""

from uuid import UUID, uuid5

from accounts.models import User
from common.errors import InvalidInput
from common.ids import new_id
from provenance.graph.classify import Edge
from provenance.graph.cleaning import clean_name, clean_prompt, clean_value
from provenance.graph.models import EventKind, GenerativeModel, InputRole, SealedText
from provenance.graph.models.assets import NOT_MEDIA
from provenance.graph.reading import record_of
from provenance.graph.schema import require_record
from provenance.graph.services.recorder import Recorder
from provenance.graph.services.refs import Known
from provenance.graph.services.subjects import talents_of_licences
from provenance.graph.specs import AssetSpec, GenerationSpec

_INPUTS_MOST, _OUTPUTS_MOST, _EDGES_MOST = 200, 500, 5_000
_PROMPT_BYTES = 200_000


def record_generation(recorder: Recorder, spec: GenerationSpec, *, person: User) -> tuple[UUID, list[Known]]:
    """Record a run; returns its id and its outputs.

    Outputs that were known before are classed again: a model made them, whatever was said of them.

    Raises:
        InvalidInput: ``OUTPUT_MISSING``, ``TOO_MANY_EDGES``, ``ROLE_UNKNOWN``; ``GENERATION_INVALID``: it does
            not fit the published schema; or as specs are read.
        NotFound: ``REFERENCE_UNKNOWN``.
    """
    _require_size(spec)
    require_record(record_of(spec))
    inputs = [(recorder.refs.find(one.asset), one.role) for one in spec.inputs]
    made_by = recorder.refs.find(spec.model_asset) if spec.model_asset else None
    edges = [Edge("GENERATED_FROM", role, known.code) for known, role in inputs]
    outputs = [_output(recorder, one, edges, person=person) for one in spec.outputs]
    recorder.require_licences(spec.token_jtis)
    model = _model(recorder, spec, made_by)
    run, subjects = new_id(), _talents_of(recorder, spec)
    facts = {
        "model": str(model),
        "made_by": str(made_by.version_id) if made_by else None,
        "external_id": clean_name(spec.external_id, most=200, what="external_id") if spec.external_id else "",
        "engine": clean_name(spec.engine, most=120, what="engine") if spec.engine else "",
        "engine_version": (
            clean_name(spec.engine_version, most=80, what="engine version") if spec.engine_version else ""
        ),
        "seed": spec.seed,
        "guidance_scale": spec.guidance_scale,
        "parameters": clean_value(spec.parameters, what="parameters"),
        "prompt": _sealed(recorder, spec.prompt, subjects),
        "negative_prompt": _sealed(recorder, spec.negative_prompt, subjects),
        "token_jtis": [str(jti) for jti in spec.token_jtis],
        "started_at": spec.started_at.isoformat() if spec.started_at else None,
        "finished_at": spec.finished_at.isoformat() if spec.finished_at else None,
        "inputs": [
            {"version": str(known.version_id), "asset": str(known.asset_id), "role": role}
            for known, role in inputs
        ],
        "outputs": [str(known.version_id) for known in outputs],
    }
    recorder.book.say(EventKind.GENERATED, run, facts, person=person)
    for known in outputs:
        recorder.touch(known)
    return run, outputs


def _output(recorder: Recorder, one: str | AssetSpec, edges: list[Edge], *, person: User) -> Known:
    if isinstance(one, str):
        known = recorder.refs.find(one)
        if known.kind in NOT_MEDIA:
            raise InvalidInput("OUTPUT_MISSING", "A run of a model makes media.")
        return known
    asset_id = recorder.record_asset(
        kind=one.kind, name=one.name, external_id=one.external_id, person=person, asset_id=new_id()
    )
    return recorder.record_version(
        one.version, asset_id=asset_id, kind=one.kind, number=1, person=person,
        external_id=one.external_id, is_generated=True, inputs=edges,
    )  # fmt: skip


def _model(recorder: Recorder, spec: GenerationSpec, made_by: Known | None) -> UUID:
    """The production's row for a model: its id follows from its identity, so that it is named once."""
    production = recorder.book.production.pk
    name = clean_name(spec.model_name, most=160, what="model name")
    version = clean_name(spec.model_version, most=80, what="model version") if spec.model_version else ""
    model_id = uuid5(production, f"model\n{name}\n{version}\n{spec.model_sha256}")
    is_known = model_id in recorder.models or GenerativeModel.objects.filter(pk=model_id).exists()
    if not is_known:
        facts = {
            "name": name,
            "version": version,
            "sha256": spec.model_sha256,
            "provider": (
                clean_name(spec.model_provider, most=160, what="model provider")
                if spec.model_provider
                else ""
            ),
            "asset_version": str(made_by.version_id) if made_by else None,
        }
        recorder.book.say(EventKind.MODEL_NAMED, model_id, facts)
    recorder.models.add(model_id)
    return model_id


def _talents_of(recorder: Recorder, spec: GenerationSpec) -> list[UUID]:
    """The talents whose licences the run and its outputs name; where none is named, everybody licensed in the production."""
    if spec.prompt is None and spec.negative_prompt is None:
        return []
    made = [one.version.token_jtis for one in spec.outputs if isinstance(one, AssetSpec)]
    cited = {jti for jtis in (spec.token_jtis, *made) for jti in jtis}
    return talents_of_licences(cited) if cited else recorder.everybody()


def _sealed(recorder: Recorder, text: str | None, subjects: list[UUID]) -> str | None:
    if text is None:
        return None
    row: SealedText = recorder.book.seal(clean_prompt(text, most=_PROMPT_BYTES), subjects=subjects)
    return str(row.pk)


def _require_size(spec: GenerationSpec) -> None:
    if not 0 < len(spec.outputs) <= _OUTPUTS_MOST:
        raise InvalidInput("OUTPUT_MISSING", "A generation names 1 to 500 outputs.")
    edges = len(spec.outputs) * (len(spec.inputs) + bool(spec.model_asset))
    if len(spec.inputs) > _INPUTS_MOST or edges > _EDGES_MOST:
        raise InvalidInput(
            "TOO_MANY_EDGES", "Split this generation: at most 200 inputs, 5,000 pairs of input and output."
        )
    if unknown := {one.role for one in spec.inputs} - set(InputRole.values):
        raise InvalidInput(
            "ROLE_UNKNOWN", "An input has a role that there is not.", ", ".join(sorted(unknown))
        )
