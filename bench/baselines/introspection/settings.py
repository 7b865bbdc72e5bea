"""An authorisation server and nothing else."""

from bench.baselines.common import *  # noqa: F403
from bench.baselines.common import APPS

INSTALLED_APPS = [*APPS, "oauth2_provider"]
ROOT_URLCONF = "bench.baselines.introspection.urls"
OAUTH2_PROVIDER = {"SCOPES": {"render": "render", "introspection": "ask about tokens"}}
