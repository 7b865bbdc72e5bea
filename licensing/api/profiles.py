"""Compliance profiles: what this server knows, counsel's sign-off, and its end."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing import services
from licensing.api.base import LicensingView, PersonView, StrictSerializer
from licensing.models import ProfileAdoption
from licensing.selectors.profiles import signed_off_by
from trustcore.policy.profiles import Profile, catalogue, profile_hash

_SHA256 = r"^[0-9a-f]{64}$"


class AdoptInput(StrictSerializer):
    """Which text, by the hash that was read."""

    profile = serializers.CharField(max_length=60)
    profile_hash = serializers.RegexField(r"^sha256:[0-9a-f]{64}$")


class ProfileRefInput(StrictSerializer):
    """A profile, as ``SAG_TVT_2026@1``."""

    profile = serializers.CharField(max_length=60)


class ProfileOutput(StrictSerializer):
    """A profile of the catalogue, and whether the caller's organisation adopted it."""

    profile = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    begins = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    confidence = serializers.ListField(child=serializers.CharField())
    sources = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    profile_hash = serializers.CharField()
    adopted = serializers.BooleanField()
    signed_off = serializers.BooleanField()


class ProfilesOutput(StrictSerializer):
    """The catalogue."""

    profiles = ProfileOutput(many=True)


class ProfilesApi(LicensingView):
    """The compliance profiles that this server knows, each with its source, dates and confidence."""

    required_scope: ClassVar[str] = "licence:read"

    @extend_schema(operation_id="profiles_list", responses=ProfilesOutput)
    def get(self, request: Request) -> Response:
        own = ProfileAdoption.objects.filter(organisation=self.principal.organisation, ended_at=None)
        adopted = set(own.values_list("profile", flat=True))
        signed = signed_off_by(self.principal)
        return Response({"profiles": [write_profile(one, adopted, signed) for one in catalogue().values()]})


class ProfileSignOffApi(PersonView):
    """Sign a profile's text off, as counsel of one's organisation; an administrator brings it into force."""

    @extend_schema(operation_id="profiles_sign_off", request=AdoptInput, responses={201: ProfileOutput})
    def post(self, request: Request) -> Response:
        fields = self.parsed(AdoptInput)
        row = services.sign_off_profile(
            principal=self.person, profile_hash_read=fields.pop("profile_hash"), **fields
        )
        profile = catalogue()[row.profile]
        return Response(write_profile(profile, set(), {(row.profile, row.profile_hash)}), status=201)


class ProfileAdoptApi(PersonView):
    """Bring a profile that counsel signed off into force: from then on it binds the organisation's requests."""

    @extend_schema(operation_id="profiles_adopt", request=AdoptInput, responses={201: ProfileOutput})
    def post(self, request: Request) -> Response:
        fields = self.parsed(AdoptInput)
        row = services.adopt_profile(
            principal=self.person, profile_hash_read=fields.pop("profile_hash"), **fields
        )
        signed = {(row.profile, row.profile_hash)}
        return Response(write_profile(catalogue()[row.profile], {row.profile}, signed), status=201)


class ProfileEndApi(PersonView):
    """Stop applying a profile to later requests."""

    @extend_schema(operation_id="profiles_end", request=ProfileRefInput, responses={204: None})
    def post(self, request: Request) -> Response:
        services.end_adoption(principal=self.person, **self.parsed(ProfileRefInput))
        return Response(status=204)


def write_profile(profile: Profile, adopted: set[str], signed: set[tuple[str, str]]) -> dict[str, Any]:
    """A profile as the API shows it."""
    begins, until = profile.in_force.begins, profile.in_force.until
    digest = profile_hash(profile)
    return {
        "profile": profile.ref,
        "title": profile.title,
        "kind": str(profile.kind),
        "status": str(profile.status),
        "begins": begins.isoformat() if begins else None,
        "until": until.isoformat() if until else None,
        "confidence": [str(one) for one in profile.confidence],
        "sources": [one.title for one in profile.sources],
        "note": profile.note,
        "profile_hash": digest,
        "adopted": profile.ref in adopted,
        "signed_off": (profile.ref, digest) in signed,
    }
