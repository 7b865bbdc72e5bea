"""Routes of licensing."""

from django.urls import path

from licensing import api

urlpatterns = [
    path("api/v1/productions", api.ProductionsApi.as_view(), name="api-productions"),
    path("api/v1/productions/<uuid:production_id>", api.ProductionApi.as_view(), name="api-production"),
    path("api/v1/visibility/check", api.VisibilityApi.as_view(), name="api-visibility-check"),
    path("api/v1/license-requests", api.RequestsApi.as_view(), name="api-requests"),
    path("api/v1/license-requests/<uuid:request_id>", api.RequestApi.as_view(), name="api-request"),
    path(
        "api/v1/license-requests/<uuid:request_id>/accept", api.AcceptApi.as_view(), name="api-request-accept"
    ),
    path(
        "api/v1/license-requests/<uuid:request_id>/withdraw",
        api.WithdrawApi.as_view(),
        name="api-request-withdraw",
    ),
    *(
        path(f"api/v1/license-requests/<uuid:request_id>/{verb}", view.as_view(), name=f"api-request-{verb}")
        for verb, view in (
            ("approve", api.ApproveApi),
            ("counter", api.CounterApi),
            ("decline", api.DeclineApi),
            ("block-studio", api.StudioBlockApi),
            ("escalate", api.EscalateApi),
            ("revise", api.ReviseApi),
            ("question", api.QuestionApi),
            ("answer", api.AnswerApi),
        )
    ),
    path(
        "api/v1/license-requests/<uuid:request_id>/difference/<int:older>/<int:newer>",
        api.DifferenceApi.as_view(),
        name="api-request-difference",
    ),
    path("api/v1/request-drafts", api.DraftsApi.as_view(), name="api-request-drafts"),
    path("api/v1/request-drafts/<uuid:draft_id>", api.DraftApi.as_view(), name="api-request-draft"),
    path(
        "api/v1/request-drafts/<uuid:draft_id>/submit",
        api.DraftSubmitApi.as_view(),
        name="api-request-draft-submit",
    ),
    *(
        path(f"api/v1/talents/<uuid:talent_id>/{what}", view.as_view(), name=f"api-talent-{name}")
        for what, name, view in (
            ("mandate", "mandate", api.MandateApi),
            ("mandate/preview", "mandate-preview", api.MandatePreviewApi),
            ("mandate/end", "mandate-end", api.MandateEndApi),
            ("visibility", "visibility", api.TalentVisibilityApi),
            ("rules", "rules", api.RulesApi),
            ("instructions", "instructions", api.InstructionsApi),
            ("authorities", "authorities", api.AuthoritiesApi),
        )
    ),
    path("api/v1/rules/<uuid:rule_id>/end", api.RuleEndApi.as_view(), name="api-rule-end"),
    path(
        "api/v1/authorities/<uuid:authority_id>/end", api.AuthorityEndApi.as_view(), name="api-authority-end"
    ),
    path(
        "api/v1/mandates/<uuid:mandate_id>/delegations",
        api.DelegationsApi.as_view(),
        name="api-mandate-delegations",
    ),
    path(
        "api/v1/delegations/<uuid:delegation_id>/end",
        api.DelegationEndApi.as_view(),
        name="api-delegation-end",
    ),
    path("api/v1/absences", api.AbsencesApi.as_view(), name="api-absences"),
    path("api/v1/absences/<uuid:absence_id>/end", api.AbsenceEndApi.as_view(), name="api-absence-end"),
    path("api/v1/studio-blocks", api.StudioBlocksApi.as_view(), name="api-studio-blocks"),
    path(
        "api/v1/studio-blocks/<uuid:block_id>/end",
        api.StudioBlockEndApi.as_view(),
        name="api-studio-block-end",
    ),
    path("api/v1/frame-releases", api.FrameReleasesApi.as_view(), name="api-frame-releases"),
    path(
        "api/v1/frame-releases/<uuid:release_id>/decide",
        api.FrameReleaseDecideApi.as_view(),
        name="api-frame-release-decide",
    ),
    path(
        "api/v1/tokens/<uuid:jti>/ask-release", api.FrameReleaseAskApi.as_view(), name="api-token-ask-release"
    ),
    path("api/v1/profiles", api.ProfilesApi.as_view(), name="api-profiles"),
    path("api/v1/profiles/sign-off", api.ProfileSignOffApi.as_view(), name="api-profile-sign-off"),
    path("api/v1/profiles/adopt", api.ProfileAdoptApi.as_view(), name="api-profile-adopt"),
    path("api/v1/profiles/end", api.ProfileEndApi.as_view(), name="api-profile-end"),
    path("api/v1/policy-rollouts", api.RolloutsApi.as_view(), name="api-policy-rollouts"),
    path("api/v1/policy-rollouts/report", api.PolicyReportApi.as_view(), name="api-policy-report"),
    path("api/v1/policy-rollouts/<uuid:rollout_id>", api.RolloutApi.as_view(), name="api-policy-rollout"),
    *(
        path(
            f"api/v1/policy-rollouts/<uuid:rollout_id>/{verb}",
            view.as_view(),
            name=f"api-policy-rollout-{verb}",
        )
        for verb, view in (
            ("report", api.RolloutReportApi),
            ("outcomes", api.RolloutOutcomesApi),
            ("canary", api.RolloutCanaryApi),
            ("promote", api.RolloutPromoteApi),
            ("end", api.RolloutEndApi),
        )
    ),
    path("api/v1/training-requests", api.TrainingRequestsApi.as_view(), name="api-training-requests"),
    path(
        "api/v1/training-requests/<uuid:request_id>",
        api.TrainingRequestApi.as_view(),
        name="api-training-request",
    ),
    *(
        path(
            f"api/v1/training-requests/<uuid:request_id>/{verb}", view.as_view(), name=f"api-training-{verb}"
        )
        for verb, view in (
            ("approve", api.TrainingApproveApi),
            ("decline", api.TrainingDeclineApi),
            ("withdraw", api.TrainingWithdrawApi),
        )
    ),
    path("api/v1/training-tokens", api.TrainingTokensApi.as_view(), name="api-training-tokens"),
    path(
        "api/v1/training-tokens/<uuid:jti>/heartbeat",
        api.TrainingBeatApi.as_view(),
        name="api-training-heartbeat",
    ),
    path(
        "api/v1/training-tokens/<uuid:jti>/revoke",
        api.TrainingRevokeApi.as_view(),
        name="api-training-revoke",
    ),
    path("api/v1/events/preview", api.EventPreviewApi.as_view(), name="api-event-preview"),
    path("api/v1/events/declare", api.EventDeclareApi.as_view(), name="api-event-declare"),
    path("api/v1/revocation-duties", api.DutiesApi.as_view(), name="api-revocation-duties"),
    path(
        "api/v1/revocation-duties/<uuid:duty_id>/acknowledge",
        api.DutyApi.as_view(),
        name="api-revocation-duty",
    ),
    path("api/v1/guild-rolls", api.RollsApi.as_view(), name="api-guild-rolls"),
    path("api/v1/guild-rolls/rows", api.RollRowsApi.as_view(), name="api-guild-rolls-rows"),
    path("api/v1/guild-rolls/<uuid:roll_id>", api.RollApi.as_view(), name="api-guild-roll"),
    path(
        "api/v1/guild-rolls/<uuid:roll_id>/refusals",
        api.RollRefusalsApi.as_view(),
        name="api-guild-roll-refusals",
    ),
    path("api/v1/guild-defaults", api.GuildDefaultsApi.as_view(), name="api-guild-defaults"),
    path(
        "api/v1/talents/<uuid:talent_id>/guild-defaults/tighten",
        api.TightenApi.as_view(),
        name="api-talent-tighten",
    ),
    path(
        "api/v1/talents/<uuid:talent_id>/guild-defaults/accept",
        api.AcceptDefaultsApi.as_view(),
        name="api-talent-accept-defaults",
    ),
    path("api/v1/tokens", api.TokensApi.as_view(), name="api-tokens"),
    path("api/v1/tokens/<uuid:jti>", api.TokenApi.as_view(), name="api-token"),
    path("api/v1/tokens/<uuid:jti>/heartbeat", api.HeartbeatApi.as_view(), name="api-token-heartbeat"),
    path("api/v1/tokens/<uuid:jti>/revoke", api.RevokeApi.as_view(), name="api-token-revoke"),
    path("api/v1/tokens/<uuid:jti>/checkpoints", api.CheckpointsApi.as_view(), name="api-token-checkpoints"),
    path("api/v1/tokens/<uuid:jti>/suspend", api.SuspendApi.as_view(), name="api-token-suspend"),
    path("api/v1/tokens/<uuid:jti>/resume", api.ResumeApi.as_view(), name="api-token-resume"),
    path("api/v1/holds", api.HoldsApi.as_view(), name="api-holds"),
    path("api/v1/holds/<uuid:hold_id>/lift", api.HoldLiftApi.as_view(), name="api-hold-lift"),
    path("api/v1/talents/<uuid:talent_id>/emergency-stop", api.StopApi.as_view(), name="api-talent-stop"),
    path(
        "api/v1/talents/<uuid:talent_id>/emergency-stop/lift",
        api.LiftStopApi.as_view(),
        name="api-talent-stop-lift",
    ),
    path("api/v1/introspect", api.IntrospectionApi.as_view(), name="api-introspect"),
    path("api/v1/alerts", api.AlertsApi.as_view(), name="api-alerts"),
    path(".well-known/jwks.json", api.JwksView.as_view(), name="jwks"),
    path(".well-known/oauth-authorization-server", api.IssuerView.as_view(), name="issuer"),
    path("status-lists", api.StatusListsView.as_view(), name="status-lists"),
    path("status-lists/<int:number>", api.StatusListView.as_view(), name="status-list"),
]
