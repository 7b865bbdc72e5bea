"""DRF with its own token authentication, and history on what matters."""

from bench.baselines.common import *  # noqa: F403
from bench.baselines.common import APPS
from bench.baselines.common import MIDDLEWARE as COMMON

INSTALLED_APPS = [
    *APPS,
    "rest_framework",
    "rest_framework.authtoken",
    "simple_history",
    "bench.baselines.plain",
]
MIDDLEWARE = [*COMMON, "simple_history.middleware.HistoryRequestMiddleware"]
ROOT_URLCONF = "bench.baselines.plain.urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
