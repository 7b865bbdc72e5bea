"""Routes of this floor."""

from django.urls import path

from screenplays import api

_ONE = "api/v1/screenplays/<uuid:work_id>"
urlpatterns = [
    path("api/v1/screenplays", api.WorksApi.as_view(), name="api-screenplays"),
    path("api/v1/screenplays/matches", api.MatchesApi.as_view(), name="api-screenplay-matches"),
    path(_ONE, api.WorkApi.as_view(), name="api-screenplay"),
    path(f"{_ONE}/versions", api.VersionsApi.as_view(), name="api-screenplay-versions"),
    path(f"{_ONE}/versions/<uuid:version_id>/scenes", api.ScenesApi.as_view(), name="api-screenplay-scenes"),
    path(
        f"{_ONE}/versions/<uuid:version_id>/scenes/<int:ordinal>/shots",
        api.SceneShotsApi.as_view(),
        name="api-screenplay-shots",
    ),
    path(f"{_ONE}/grants", api.GrantsApi.as_view(), name="api-screenplay-grants"),
    path(f"{_ONE}/training-grants", api.TrainingGrantsApi.as_view(), name="api-screenplay-training"),
    path(f"{_ONE}/accesses", api.AccessesApi.as_view(), name="api-screenplay-accesses"),
    path(f"{_ONE}/copies", api.CopiesApi.as_view(), name="api-screenplay-copies"),
    path(f"{_ONE}/leaks", api.LeaksApi.as_view(), name="api-screenplay-leaks"),
    path(
        "api/v1/screenplay-copies/<uuid:copy_id>/file",
        api.CopyFileApi.as_view(),
        name="api-script-copy-file",
    ),
    path(
        "api/v1/screenplay-grants/<uuid:grant_id>/end", api.GrantEndApi.as_view(), name="api-script-grant-end"
    ),
    path(
        "api/v1/screenplay-accesses/<uuid:access_id>/text",
        api.AccessTextApi.as_view(),
        name="api-script-text",
    ),
    path(
        "api/v1/screenplay-accesses/<uuid:access_id>/file",
        api.AccessFileApi.as_view(),
        name="api-script-file",
    ),
]
