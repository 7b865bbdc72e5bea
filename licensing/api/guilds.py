"""Guilds: member rolls in the background, defaults that only a member loosens for themself."""

import io
from typing import Any, BinaryIO, ClassVar, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound, TooLarge
from licensing import selectors, services, workflows
from licensing.api.base import LicensingView, PersonView, StrictSerializer
from licensing.models import GuildMember, RollImport, Talent
from licensing.services.rolls import ROLL_BYTES_MAX

_FORM_BYTES = 64 * 1024


class RollInput(StrictSerializer):
    """A CSV file with the columns ``member_number``, ``stage_name`` and perhaps ``majority_on``."""

    file = serializers.FileField()
    encoding = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")


class RollRowInput(StrictSerializer):
    """One member."""

    member_number = serializers.CharField(max_length=64)
    stage_name = serializers.CharField(max_length=200)
    majority_on = serializers.DateField(required=False, allow_null=True, default=None)


class RollRowsInput(StrictSerializer):
    """Members, as rows of a roll would have them."""

    rows = serializers.ListField(child=RollRowInput(), allow_empty=False, max_length=5000)


class RollOutput(StrictSerializer):
    """A roll, and how far it has been read."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    failure = serializers.CharField(allow_blank=True)
    file_name = serializers.CharField()
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    rows_read = serializers.IntegerField()
    rows_made = serializers.IntegerField()
    rows_changed = serializers.IntegerField()
    rows_same = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    handed_in_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class LimitsInput(StrictSerializer):
    """Limits, as of a mandate."""

    limits = serializers.DictField()


class VersionInput(StrictSerializer):
    """A version of the guild's defaults."""

    version = serializers.IntegerField(min_value=1)


class GuildDefaultOutput(StrictSerializer):
    """A version of a guild's defaults."""

    version = serializers.IntegerField()
    limits = serializers.DictField()


class MemberOutput(StrictSerializer):
    """What binds a member."""

    accepted_version = serializers.IntegerField()
    own_limits = serializers.DictField()


class RollsApi(LicensingView):
    """List the rolls of the caller's guild; hand one in as a file."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:read", "POST": "licence:request"}
    parser_classes = (MultiPartParser,)
    # a roll read again changes nothing: its repeats need no memory
    idempotent = False

    @extend_schema(operation_id="guild_rolls_list", responses=RollOutput(many=True))
    def get(self, request: Request) -> Response:
        mine = RollImport.objects.filter(guild=self.principal.organisation)
        return self.page(mine.order_by("-created_at"), write_roll)

    @extend_schema(
        operation_id="guild_rolls_hand_in",
        request={"multipart/form-data": RollInput},
        responses={202: RollOutput},
    )
    def post(self, request: Request) -> Response:
        services.require_roll_desk(self.principal)
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if not declared.isdecimal() or int(declared) > ROLL_BYTES_MAX + _FORM_BYTES:
            raise TooLarge(
                "ROLL_TOO_LARGE",
                _("A roll has at most %(roll_bytes_max)s bytes.") % {"roll_bytes_max": ROLL_BYTES_MAX},
            )
        given = self.parsed(RollInput)
        upload: UploadedFile = given["file"]
        roll = workflows.import_roll(
            principal=self.principal,
            stream=cast(BinaryIO, upload.file),
            size=upload.size or 0,
            file_name=upload.name or "roll.csv",
            encoding=given["encoding"],
        )
        return Response(write_roll(roll), status=202)


class RollRowsApi(LicensingView):
    """Hand in up to 5,000 members as JSON; they are read as a file's rows are."""

    required_scope = "licence:request"

    @extend_schema(operation_id="guild_rolls_rows", request=RollRowsInput, responses={202: RollOutput})
    def post(self, request: Request) -> Response:
        rows = self.parsed(RollRowsInput)["rows"]
        sheet = b"".join(
            services.plain_csv(
                ("member_number", "stage_name", "majority_on"),
                ((one["member_number"], one["stage_name"], one["majority_on"] or "") for one in rows),
            )
        )
        roll = workflows.import_roll(
            principal=self.principal, stream=io.BytesIO(sheet), size=len(sheet), file_name="rows.json"
        )
        return Response(write_roll(roll), status=202)


class RollApi(LicensingView):
    """How far a roll has been read."""

    required_scope = "licence:read"

    @extend_schema(operation_id="guild_rolls_read", responses=RollOutput)
    def get(self, request: Request, roll_id: UUID) -> Response:
        return Response(write_roll(self.roll(roll_id)))

    def roll(self, roll_id: UUID) -> RollImport:
        """A roll of the caller's guild.

        Raises:
            NotFound: none, or another guild's.
        """
        found = RollImport.objects.filter(pk=roll_id, guild=self.principal.organisation).first()
        if found is None:
            raise NotFound
        return found


class RollRefusalsApi(RollApi):
    """Every row that was refused, as CSV in which no cell is a formula."""

    @extend_schema(operation_id="guild_rolls_refusals", responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request, roll_id: UUID) -> StreamingHttpResponse:  # type: ignore[override]
        rows = services.refusals_of(self.roll(roll_id))
        return StreamingHttpResponse(
            services.write_csv(("row", "column", "code", "cell"), rows),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="refused.csv"',
                "X-Content-Type-Options": "nosniff",
            },
        )


class GuildDefaultsApi(PersonView):
    """Set what binds a guild's members by default."""

    @extend_schema(
        operation_id="guild_defaults_set", request=LimitsInput, responses={201: GuildDefaultOutput}
    )
    def post(self, request: Request) -> Response:
        row = services.set_guild_defaults(principal=self.person, **self.parsed(LimitsInput))
        return Response({"version": row.version, "limits": row.limits}, status=201)


class _MemberView(PersonView):
    def talent(self, talent_id: UUID) -> Talent:
        """The talent, if the caller may know of them.

        Raises:
            NotFound: nobody there, or nobody for this caller.
        """
        found = selectors.talents_on_roster(self.principal).filter(pk=talent_id).first()
        if found is None:
            raise NotFound
        return found


class TightenApi(_MemberView):
    """Tighten what the guild sets: the talent alone."""

    @extend_schema(operation_id="talents_tighten_guild_defaults", request=LimitsInput, responses=MemberOutput)
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent = self.talent(talent_id)
        member = services.tighten_own(principal=self.person, talent=talent, **self.parsed(LimitsInput))
        return Response(write_member(member))


class AcceptDefaultsApi(_MemberView):
    """Let a later version of the guild's defaults count, looser where it is: the talent alone."""

    @extend_schema(operation_id="talents_accept_guild_defaults", request=VersionInput, responses=MemberOutput)
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent = self.talent(talent_id)
        member = services.accept_guild_defaults(
            principal=self.person, talent=talent, **self.parsed(VersionInput)
        )
        return Response(write_member(member))


def write_member(member: GuildMember) -> dict[str, Any]:
    """What binds a member, as the API shows it."""
    return {"accepted_version": member.accepted_version, "own_limits": member.own_limits}


def write_roll(roll: RollImport) -> dict[str, Any]:
    """A roll as the API shows it."""
    return {
        "id": str(roll.pk),
        "state": roll.state,
        "failure": roll.failure,
        "file_name": roll.file_name,
        "sha256": roll.sha256,
        "size_bytes": roll.size_bytes,
        "rows_read": roll.rows_read,
        "rows_made": roll.rows_made,
        "rows_changed": roll.rows_changed,
        "rows_same": roll.rows_same,
        "rows_refused": roll.rows_refused,
        "handed_in_at": rfc3339(roll.created_at),
        "finished_at": rfc3339(roll.finished_at) if roll.finished_at else None,
    }
