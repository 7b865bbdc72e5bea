"""What answers look like; the graph's selectors fill them."""

from typing import Any

from rest_framework import serializers

from provenance.graph.gaps import Gap

Fields = serializers.Serializer[Any]


class PersonOutput(Fields):
    """Who did it."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ModelOutput(Fields):
    """A generative model by what identifies it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField(allow_blank=True)
    provider = serializers.CharField(allow_blank=True)


class VersionNamed(Fields):
    """A version by what it is called."""

    asset = serializers.UUIDField()
    version = serializers.UUIDField()
    number = serializers.IntegerField()
    kind = serializers.CharField()
    name = serializers.CharField()
    content_sha256 = serializers.CharField(allow_blank=True)


class InputOutput(VersionNamed):
    """An input of a run, and what it was used as."""

    role = serializers.CharField()


class GenerationOutput(Fields):
    """One run of a model; licences, people, inputs and outputs as far as the caller may know of them."""

    id = serializers.UUIDField()
    project = serializers.UUIDField()
    model = ModelOutput()
    external_id = serializers.CharField(allow_blank=True)
    engine = serializers.CharField(allow_blank=True)
    engine_version = serializers.CharField(allow_blank=True)
    seed = serializers.CharField(allow_blank=True)
    guidance_scale = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    prompt_commitment = serializers.CharField(
        allow_null=True, help_text="SHA-256 over salt and prompt: the prompt itself is sealed"
    )
    negative_prompt_commitment = serializers.CharField(allow_null=True)
    tokens = serializers.ListField(child=serializers.UUIDField())
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    recorded_by = PersonOutput(allow_null=True)
    inputs = InputOutput(many=True)
    outputs = VersionNamed(many=True)


class GenerationsInput(Fields):
    """Runs to record, all of them or none."""

    project = serializers.UUIDField(help_text="id of the production")
    generations = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=1000,
        help_text="each as /schemas/generation-record-1.json describes it",
    )


class RecordedOutput(Fields):
    """What became of one record."""

    id = serializers.UUIDField()
    is_new = serializers.BooleanField(help_text="false: a run of this external_id was there")
    outputs = serializers.ListField(child=serializers.UUIDField(), help_text="versions that it made")


class RecordedOutputs(Fields):
    """What became of each record, in their order."""

    generations = RecordedOutput(many=True)


class GraphVersionOutput(VersionNamed):
    """A version with what is recorded of it; licences and people as far as the caller may know of them."""

    external_id = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    project = serializers.UUIDField()
    media_type = serializers.CharField(allow_blank=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    frame_first = serializers.IntegerField(allow_null=True)
    frame_last = serializers.IntegerField(allow_null=True)
    digital_source_type = serializers.CharField(allow_null=True, help_text="IPTC; derived, never typed in")
    tokens = serializers.ListField(child=serializers.UUIDField())
    mark_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField()
    made_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    recorded_by = PersonOutput(allow_null=True)
    through = serializers.CharField(allow_null=True, help_text="the service account that acted")


class VersionsOutput(Fields):
    """Versions, newest first."""

    versions = GraphVersionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ReachedOutput(GraphVersionOutput):
    """A version that was reached; ``frame``: which one of it, where that is known."""

    frame = serializers.IntegerField(allow_null=True)


class EdgeOutput(Fields):
    """The child came from the parent."""

    child = serializers.UUIDField()
    parent = serializers.UUIDField()  # type: ignore[assignment]
    kind = serializers.CharField()
    role = serializers.CharField(allow_blank=True)
    tool = serializers.CharField(allow_blank=True)
    frame_first = serializers.IntegerField(allow_null=True)
    frame_last = serializers.IntegerField(allow_null=True)
    parent_first = serializers.IntegerField(allow_null=True)
    region = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    mask = serializers.UUIDField(allow_null=True)
    generation = serializers.UUIDField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    recorded_by = PersonOutput(allow_null=True)
    through = serializers.CharField(allow_null=True)


class LineageOutput(Fields):
    """A part of the graph, from one version."""

    start = serializers.UUIDField()
    versions = ReachedOutput(many=True)
    relations = EdgeOutput(many=True)
    is_cut = serializers.BooleanField(help_text="there is more than is told here")


class GapsOutput(Fields):
    """What the record of a version lacks, and the fields of a generation record that would close it."""

    version = serializers.UUIDField()
    gaps = serializers.ListField(child=serializers.ChoiceField(choices=[str(gap) for gap in Gap]))
    missing = serializers.ListField(child=serializers.CharField(), help_text="as the schema names them")


class GenerationRunOutput(Fields):
    """A run of a model; the prompt for the production and for who recorded it."""

    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_blank=True)
    model = ModelOutput()
    engine = serializers.CharField(allow_blank=True)
    engine_version = serializers.CharField(allow_blank=True)
    seed = serializers.CharField(allow_blank=True)
    guidance_scale = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    prompt = serializers.CharField(allow_null=True)
    prompt_commitment = serializers.CharField(allow_null=True)
    tokens = serializers.ListField(child=serializers.UUIDField())
    inputs = InputOutput(many=True)
    outputs = serializers.ListField(child=serializers.UUIDField())
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()
    recorded_by = PersonOutput(allow_null=True)
    through = serializers.CharField(allow_null=True)


class DecisionOutput(Fields):
    """Who decided what, and when."""

    version = serializers.UUIDField()
    outcome = serializers.CharField()
    stage = serializers.CharField()
    organisation = serializers.CharField()
    decided_at = serializers.DateTimeField()
    recorded_by = PersonOutput(allow_null=True)
    through = serializers.CharField(allow_null=True)


class LicenceOutput(Fields):
    """A licence it was made under; what the licence says, for who may read it."""

    jti = serializers.UUIDField()
    talent = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_null=True)
    terms_version = serializers.IntegerField(allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    not_after = serializers.DateTimeField(allow_null=True)
    frames_rendered = serializers.IntegerField()


class DocumentOutput(Fields):
    """A paper of the shoot."""

    version = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    sha256 = serializers.CharField()


class CredentialsOutput(Fields):
    """The Content Credentials of the file."""

    verdict = serializers.CharField()
    manifest_sha256 = serializers.CharField()
    signed_at = serializers.DateTimeField()


class MarkOutput(Fields):
    """The mark in the file."""

    id = serializers.CharField()
    layers = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(allow_null=True)


class OriginOutput(LineageOutput):
    """Where a version came from."""

    is_complete = serializers.BooleanField(help_text="false: something behind it keeps no sufficient record")
    incomplete = GapsOutput(many=True)
    models = ModelOutput(many=True)
    references = InputOutput(many=True)
    generations = GenerationRunOutput(many=True)
    approvals = DecisionOutput(many=True)
    decisions_upstream = DecisionOutput(many=True)
    licences = LicenceOutput(many=True)
    receipts = serializers.IntegerField(help_text="frames with receipts under these licences")
    documents = DocumentOutput(many=True)
    credentials = CredentialsOutput(allow_null=True)
    mark = MarkOutput(allow_null=True)
    seconds = serializers.DictField(child=serializers.FloatField(), help_text="how long each answer took")


class FoundRun(Fields):
    """The run that made an asset."""

    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_blank=True)
    model = ModelOutput()
    at = serializers.DateTimeField()


class FoundOutput(GraphVersionOutput):
    """A version that a model made."""

    generation = FoundRun()


class FoundPageOutput(Fields):
    """A page of what was found; ``next_cursor`` goes on, null at the end."""

    results = FoundOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RecordedVersion(Fields):
    """A version that was recorded."""

    asset = serializers.UUIDField()
    version = serializers.UUIDField()


class RecordedAsset(RecordedVersion):
    """What became of one asset."""

    is_new = serializers.BooleanField(help_text="false: this version was there")


class RecordedAssets(Fields):
    """What became of each, in their order."""

    assets = RecordedAsset(many=True)


class DecidedOutput(Fields):
    """A decision that was recorded."""

    id = serializers.UUIDField()
    version = serializers.UUIDField()


class CompletenessOutput(Fields):
    """How much of a production's media is recorded well enough."""

    score = serializers.FloatField(allow_null=True, help_text="share of versions that lack nothing, 0 to 1")
    versions = serializers.IntegerField()
    versions_incomplete = serializers.IntegerField()
    gaps = serializers.DictField(child=serializers.IntegerField(), help_text="versions by what they lack")
    deliverables = serializers.IntegerField()
    deliverables_incomplete = serializers.IntegerField()
    incomplete = GapsOutput(many=True, help_text="the newest hundred")


class PartOutput(VersionNamed):
    """A thing that went into a deliverable."""

    recorded_for = serializers.CharField(help_text="the organisation that recorded it")
    digital_source_type = serializers.CharField(allow_null=True)
    tokens = serializers.ListField(child=serializers.UUIDField())


class UnknownPartOutput(PartOutput):
    """A thing whose record is not sufficient."""

    gaps = serializers.ListField(child=serializers.ChoiceField(choices=[str(gap) for gap in Gap]))
    missing = serializers.ListField(child=serializers.CharField())


class StatementProduction(Fields):
    """Whose production it is."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    studio = serializers.CharField()


class StatementLicence(Fields):
    """A licence behind it; what it says, for who may read it."""

    jti = serializers.UUIDField()
    talent = serializers.CharField(allow_null=True)
    licensee = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_null=True)


class StatementApproval(Fields):
    """A decision on the version itself."""

    outcome = serializers.CharField()
    stage = serializers.CharField()
    organisation = serializers.CharField()
    at = serializers.DateTimeField()


class StatementOutput(Fields):
    """What was generated, what was licensed, what was made by hand."""

    version = VersionNamed()
    production = StatementProduction()
    is_complete = serializers.BooleanField(help_text="false: something unknown is behind it")
    is_cut = serializers.BooleanField()
    generated = PartOutput(many=True)
    licensed = PartOutput(many=True)
    by_hand = PartOutput(many=True)
    unknown = UnknownPartOutput(many=True)
    models = ModelOutput(many=True)
    licences = StatementLicence(many=True)
    approvals = StatementApproval(many=True)
