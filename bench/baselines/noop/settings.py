"""The deployment's settings with one more route."""

from trustmark.settings import *  # noqa: F403

ROOT_URLCONF = "bench.baselines.noop.urls"
