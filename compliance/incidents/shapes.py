"""What the HTTP face of incident files reads and writes."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compliance.incidents.models import Evidence, EvidenceKind, Incident, IncidentPackage, PackageState
from compliance.incidents.selectors import EntryLine


class IncidentInput(serializers.Serializer[Any]):
    """What was seen."""

    talent = serializers.CharField(max_length=80, help_text="the talent's handle")
    platform = serializers.CharField(max_length=200)
    url = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    seen_at = serializers.DateTimeField()
    constructs = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, max_length=40
    )
    use_types = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=40, required=False, default=list
    )
    description = serializers.CharField(max_length=10_000)


class IncidentFileOutput(serializers.ModelSerializer[Evidence]):
    """A file of evidence; ``media_type`` is what its bytes say."""

    entry = serializers.IntegerField(source="entry.number")
    kind = serializers.CharField(help_text="FOUND, CAPTURE or DOCUMENT")
    content = serializers.SerializerMethodField()

    class Meta:
        model = Evidence
        fields = (
            "id",
            "entry",
            "kind",
            "file_name",
            "media_type",
            "sha256",
            "size_bytes",
            "captured_at",
            "source_url",
            "content",
            "created_at",
        )

    def get_content(self, row: Evidence) -> str:
        """Where the file is."""
        return f"/api/v1/incidents/{row.incident_id}/evidence/{row.pk}/content"


class IncidentEntryOutput(serializers.Serializer[Any]):
    """One entry: its body as it was hashed, and what of its details the caller may be told."""

    number = serializers.IntegerField(source="entry.number")
    kind = serializers.CharField(source="entry.kind")
    at = serializers.DateTimeField(source="entry.at")
    person = serializers.SerializerMethodField()
    organisation = serializers.SerializerMethodField()
    body = serializers.DictField(source="told")
    details = serializers.DictField(allow_null=True)
    withheld = serializers.BooleanField(source="is_withheld")
    hash = serializers.CharField(source="entry.hash")

    def get_person(self, line: EntryLine) -> str | None:
        """Who wrote it; null: the server."""
        return line.entry.person.full_name if line.entry.person else None

    def get_organisation(self, line: EntryLine) -> str | None:
        """For whom."""
        return line.entry.organisation.name if line.entry.organisation else None


class IncidentOutput(serializers.ModelSerializer[Incident]):
    """An incident as it stands."""

    talent = serializers.CharField(source="talent.handle")
    recorded_by = serializers.CharField(source="organisation.name")
    constructs = serializers.ListField(child=serializers.CharField())
    use_types = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(help_text="OPEN, NOTICE_SENT, ANSWERED, RESOLVED or DISMISSED")

    class Meta:
        model = Incident
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "talent",
            "recorded_by",
            "platform",
            "url",
            "seen_at",
            "constructs",
            "use_types",
            "description",
            "state",
            "created_at",
            "changed_at",
        )


class IncidentWhole(IncidentOutput):
    """An incident with its entries and files."""

    entries = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField()

    class Meta(IncidentOutput.Meta):
        fields: ClassVar[tuple[str, ...]] = (*IncidentOutput.Meta.fields, "entries", "evidence")

    @extend_schema_field(IncidentEntryOutput(many=True))
    def get_entries(self, incident: Incident) -> list[dict[str, Any]]:
        """Every entry, oldest first."""
        return list(IncidentEntryOutput(self.context["lines"], many=True).data)

    @extend_schema_field(IncidentFileOutput(many=True))
    def get_evidence(self, incident: Incident) -> list[dict[str, Any]]:
        """Every file."""
        rows = [line.evidence for line in self.context["lines"] if line.evidence is not None]
        return list(IncidentFileOutput(rows, many=True).data)


class IncidentNoteInput(serializers.Serializer[Any]):
    """A remark."""

    text = serializers.CharField(max_length=10_000)


class IncidentNoticeInput(serializers.Serializer[Any]):
    """A notice that was sent."""

    sent_to = serializers.CharField(max_length=400)
    sent_at = serializers.DateTimeField()
    law = serializers.CharField(max_length=400, help_text="what it relies on, as the sender wrote it")
    sent_by = serializers.CharField(max_length=400, required=False, default="", allow_blank=True)
    text = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    evidence = serializers.ListField(
        child=serializers.UUIDField(), max_length=100, required=False, default=list
    )


class IncidentAnswerInput(serializers.Serializer[Any]):
    """An answer that came."""

    received_from = serializers.CharField(max_length=400)
    received_at = serializers.DateTimeField()
    text = serializers.CharField(max_length=10_000)
    evidence = serializers.ListField(
        child=serializers.UUIDField(), max_length=100, required=False, default=list
    )


class IncidentStateInput(serializers.Serializer[Any]):
    """How it stands from now on, and why."""

    state = serializers.CharField(max_length=12, help_text="RESOLVED, DISMISSED or OPEN")
    reason = serializers.CharField(max_length=10_000)


class IncidentFileInput(serializers.Serializer[Any]):
    """The parts of an upload."""

    file = serializers.FileField(allow_empty_file=True, max_length=1_000)
    kind = serializers.CharField(
        max_length=8, default=EvidenceKind.FOUND.value, help_text="FOUND, CAPTURE or DOCUMENT"
    )
    captured_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    source_url = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class IncidentPackageOutput(serializers.ModelSerializer[IncidentPackage]):
    """A package: how far it is, and where the file is."""

    state = serializers.CharField(help_text="QUEUED, READY or FAILED")
    content = serializers.SerializerMethodField()

    class Meta:
        model = IncidentPackage
        fields = (
            "id",
            "incident",
            "state",
            "failure_code",
            "entries",
            "sha256",
            "size_bytes",
            "key_id",
            "content",
            "created_at",
            "built_at",
        )

    def get_content(self, row: IncidentPackage) -> str | None:
        """Where the file is, once it is ready."""
        return f"/api/v1/incident-packages/{row.pk}/content" if row.state == PackageState.READY else None
