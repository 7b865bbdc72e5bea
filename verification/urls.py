"""Routes of this floor."""

from django.urls import path

from verification import api

_PROMOTION = "api/v1/detectors/promotions/<uuid:promotion_id>"
_ONE = "api/v1/verifications/<uuid:verification_id>"
urlpatterns = [
    path("api/v1/verifications", api.VerificationsApi.as_view(), name="api-verifications"),
    path("api/v1/verifications/schema", api.VerificationSchemaApi.as_view(), name="api-verification-schema"),
    path("api/v1/verifications/rates", api.VerificationRatesApi.as_view(), name="api-verification-rates"),
    path(_ONE, api.VerificationApi.as_view(), name="api-verification"),
    path("api/v1/detectors/promotions", api.PromotionsApi.as_view(), name="api-promotions"),
    path(f"{_PROMOTION}/confirmation", api.PromotionConfirmApi.as_view(), name="api-promotion-confirm"),
    path(f"{_PROMOTION}/withdrawal", api.PromotionWithdrawApi.as_view(), name="api-promotion-withdraw"),
    path(f"{_ONE}/replays", api.VerificationReplayApi.as_view(), name="api-verification-replays"),
    path(f"{_ONE}/reviews", api.VerificationReviewApi.as_view(), name="api-verification-reviews"),
]
