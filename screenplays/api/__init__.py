"""``/api/v1/screenplays``: works, versions, grants, access and where a text comes from."""

from screenplays.api.accesses import AccessesApi, AccessFileApi, AccessTextApi
from screenplays.api.copies import CopiesApi, CopyFileApi, LeaksApi
from screenplays.api.grants import GrantEndApi, GrantsApi, TrainingGrantsApi
from screenplays.api.scenes import ScenesApi, SceneShotsApi
from screenplays.api.works import MatchesApi, VersionsApi, WorkApi, WorksApi

__all__ = [
    "AccessFileApi",
    "AccessTextApi",
    "AccessesApi",
    "CopiesApi",
    "CopyFileApi",
    "GrantEndApi",
    "GrantsApi",
    "LeaksApi",
    "MatchesApi",
    "SceneShotsApi",
    "ScenesApi",
    "TrainingGrantsApi",
    "VersionsApi",
    "WorkApi",
    "WorksApi",
]
