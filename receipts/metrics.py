"""What operators watch of the logs, read from the database when they are asked for (``/metrics``).

``trustmark_log_unpublished_leaves`` and ``trustmark_log_unpublished_seconds`` stay near 0 and below 1 while a
publisher runs; both grow while none does, or while the store takes no files. ``trustmark_logs_behind`` counts the
logs that this is about. Intake goes on meanwhile: what it acknowledged waits in the database.
"""

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from receipts.selectors.logs import publication_lag


class LogLag(Collector):
    """Reads how far the published checkpoints are behind the logs."""

    def describe(self) -> list[Metric]:
        """Nothing is read when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One sample each; none while the database does not answer."""
        try:
            lag = publication_lag()
        except DatabaseError:
            return
        yield GaugeMetricFamily(
            "trustmark_log_unpublished_leaves", "Leaves that no published checkpoint covers.", lag.leaves
        )
        yield GaugeMetricFamily(
            "trustmark_log_unpublished_seconds", "How long the oldest of them has waited.", lag.seconds
        )
        yield GaugeMetricFamily("trustmark_logs_behind", "Logs that hold such leaves.", lag.logs)


def register() -> None:
    """Offer the figures to the exposition of this process."""
    REGISTRY.register(LogLag())
