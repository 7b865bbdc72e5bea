"""``/api/v1/tokens``: licences in force, the heartbeat that mints their short-lived token, revocation."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import CodeField, LicensingView, PersonView, StrictSerializer
from licensing.models import LicenceToken
from licensing.selectors.licences import days_left, renewal_due
from licensing.selectors.status import status_uri
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.vocabulary import Construct, FrameDisposition, RevocationKind, TokenState, UseType


class StatusOutput(StrictSerializer):
    """Where anyone can read whether the token holds."""

    uri = serializers.URLField()
    idx = serializers.IntegerField()


class TokenLineOutput(StrictSerializer):
    """A licence in a list; ``talent`` is the pseudonym in this production."""

    jti = serializers.UUIDField()
    licence = serializers.UUIDField()
    state = CodeField(TokenState)
    terms_version = serializers.IntegerField()
    terms_hash = serializers.CharField()
    project = serializers.UUIDField()
    talent = serializers.CharField()
    licensee = serializers.CharField()
    use_types = serializers.ListField(child=CodeField(UseType))
    constructs = serializers.ListField(child=CodeField(Construct))
    frames_max = serializers.IntegerField()
    lines_max = serializers.IntegerField()
    window_begins_at = serializers.DateTimeField()
    window_ends_at = serializers.DateTimeField()
    days_left = serializers.IntegerField()
    renewal_due = serializers.BooleanField()
    supersedes = serializers.UUIDField(allow_null=True)
    superseded_by = serializers.UUIDField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    revocation_kind = serializers.CharField(allow_null=True)
    frame_disposition = serializers.CharField(allow_null=True)
    holds = serializers.ListField(
        child=serializers.CharField(), help_text="reason codes of the holds in force"
    )


class CheckpointYesOutput(StrictSerializer):
    """One yes: in whose name, and when."""

    side = serializers.CharField()
    at = serializers.DateTimeField()


class CheckpointStateOutput(StrictSerializer):
    """A checkpoint that is not passed yet: the yeses that were said, and ``short_of`` more of the sides ``awaited``."""

    checkpoint = CodeField(Checkpoint)
    agreed = CheckpointYesOutput(many=True)
    awaited = serializers.ListField(child=serializers.CharField())
    short_of = serializers.IntegerField()


class TokenOutput(TokenLineOutput):
    """A licence with its terms as signed and the signed statement of the grant.

    A listed vendor reads the terms that bind its work, and no grant: that names the whole deal.
    """

    terms = serializers.DictField()
    grant = serializers.CharField(allow_null=True)
    status = StatusOutput()
    open_checkpoints = CheckpointStateOutput(many=True)


class HeartbeatOutput(StrictSerializer):
    """How the licence stands; ``token`` is the short-lived one for this API key, null unless active."""

    jti = serializers.UUIDField()
    state = CodeField(TokenState)
    terms_version = serializers.IntegerField()
    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    window_ends_at = serializers.DateTimeField()
    renewal_due = serializers.BooleanField()
    days_left = serializers.IntegerField()
    superseded_by = serializers.UUIDField(allow_null=True)
    reason_codes = serializers.ListField(
        child=serializers.CharField(), help_text="why nothing is permitted now, as a check would say it"
    )
    server_time = serializers.DateTimeField()


class RevokeInput(StrictSerializer):
    """What ends, what happens to frames already rendered, and why."""

    kind = CodeField(RevocationKind, default=str(RevocationKind.PROSPECTIVE))
    disposition = CodeField(FrameDisposition, default=str(FrameDisposition.KEEP))
    reason = serializers.CharField(max_length=2000)


class TokensApi(LicensingView):
    """List the licences that the caller may see."""

    required_scope = "licence:read"

    @extend_schema(operation_id="tokens_list", responses=TokenLineOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.tokens_visible_to(self.principal), write_token)


class TokenApi(LicensingView):
    """Read one licence."""

    required_scope = "licence:read"

    @extend_schema(operation_id="tokens_read", responses=TokenOutput)
    def get(self, request: Request, jti: UUID) -> Response:
        visible = selectors.tokens_visible_to(self.principal).select_related("grant")
        token = visible.filter(pk=jti).first()
        if token is None:
            raise NotFound
        status = {"uri": status_uri(token.status_list), "idx": token.status_index}
        terms: dict[str, Any] = token.terms.terms
        grant: str | None = selectors.current_grant(token).jws
        if selectors.seen_as_vendor(self.principal, [token]):
            terms, grant = selectors.working_document(terms, self.principal.organisation_id), None
        waits = [_write_checkpoint(one) for one in selectors.open_checkpoints(self.principal, token)]
        return Response(
            write_token(token) | {"terms": terms, "grant": grant, "status": status, "open_checkpoints": waits}
        )


class HeartbeatApi(LicensingView):
    """Say that the client is alive; fetch its token; learn how long the licence lasts."""

    required_scope = "licence:heartbeat"
    # each answer carries a fresh token: a repeated one would be older than need be
    idempotent = False

    @extend_schema(
        operation_id="tokens_heartbeat",
        request=None,
        responses=HeartbeatOutput,
        description="404 unless the API key is of the licensee or a listed vendor; 409 without a proof key or certificate.",
    )
    def post(self, request: Request, jti: UUID) -> Response:
        beat = services.heartbeat_token(principal=self.principal, jti=jti)
        body = {
            "jti": str(beat.token.pk),
            "state": str(beat.state),
            "terms_version": beat.token.terms.version,
            "token": beat.jws,
            "expires_at": rfc3339(beat.expires_at) if beat.expires_at else None,
            "window_ends_at": rfc3339(beat.token.not_after),
            "renewal_due": beat.renewal_due,
            "days_left": beat.days_left,
            "superseded_by": str(beat.superseded_by) if beat.superseded_by else None,
            "reason_codes": list(beat.reasons),
            "server_time": rfc3339(beat.server_time),
        }
        return Response(body, headers={"Cache-Control": "no-store"})


class RevokeApi(LicensingView):
    """Revoke a licence: the talent, or an agent under mandate."""

    required_scope = "licence:revoke"

    @extend_schema(operation_id="tokens_revoke", request=RevokeInput, responses=TokenLineOutput)
    def post(self, request: Request, jti: UUID) -> Response:
        token = services.revoke_token(principal=self.principal, jti=jti, **self.parsed(RevokeInput))
        return Response(write_token(token))


class CheckpointInput(StrictSerializer):
    """Which checkpoint the work passed."""

    checkpoint = CodeField(Checkpoint)


class CheckpointOutput(CheckpointStateOutput):
    """How a checkpoint stands after this yes; ``passed_at`` is null while another is awaited."""

    passed_at = serializers.DateTimeField(allow_null=True)


class CheckpointsApi(PersonView):
    """Let the work pass a checkpoint of a licence: the talent's side, in person."""

    @extend_schema(
        operation_id="tokens_pass_checkpoint", request=CheckpointInput, responses={201: CheckpointOutput}
    )
    def post(self, request: Request, jti: UUID) -> Response:
        sent = self.parsed(CheckpointInput)
        checkpoint = str(sent["checkpoint"])
        row = services.pass_checkpoint(principal=self.person, jti=jti, checkpoint=checkpoint)
        token = selectors.tokens_visible_to(self.person).get(pk=jti)
        (state,) = selectors.checkpoint_states(self.person, token, [checkpoint], selectors.yeses_of(token))
        passed_at = rfc3339(row.created_at) if row else None
        return Response(_write_checkpoint(state) | {"passed_at": passed_at}, status=201)


def _write_checkpoint(state: selectors.CheckpointState) -> dict[str, Any]:
    return {
        "checkpoint": state.checkpoint,
        "agreed": [{"side": one.side, "at": rfc3339(one.at)} for one in state.agreed],
        "awaited": list(state.awaited),
        "short_of": state.short_of,
    }


def write_token(token: LicenceToken) -> dict[str, Any]:
    """A licence as the API shows it; the talent by the pseudonym that its log uses."""
    at = clock.now()
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    return {
        "jti": str(token.pk),
        "licence": str(token.licence_id),
        "state": str(selectors.effective_state(token, at)),
        "terms_version": token.terms.version,
        "terms_hash": token.terms.terms_hash,
        "project": str(token.production_id),
        "talent": selectors.pairwise_pseudonym(token.talent_id, token.production_id),
        "licensee": token.licensee.slug,
        "use_types": list(token.use_types),
        "constructs": list(token.constructs),
        "frames_max": token.frames_max,
        "lines_max": token.lines_max,
        "window_begins_at": rfc3339(token.not_before),
        "window_ends_at": rfc3339(token.not_after),
        "days_left": days_left(token, at),
        "renewal_due": renewal_due(token, at),
        "supersedes": str(token.supersedes_id) if token.supersedes_id else None,
        "superseded_by": str(successor.pk) if successor else None,
        "revoked_at": rfc3339(token.revoked_at) if token.revoked_at else None,
        "revocation_kind": token.revocation_kind or None,
        "frame_disposition": token.frame_disposition or None,
        "holds": list(selectors.hold_reasons_on(token)),
    }
