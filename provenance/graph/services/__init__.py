"""Writes of the graph: batches, single decisions and labels, outputs that enter by themselves."""

from provenance.graph.services.recording import (
    BATCH_MOST,
    Recorded,
    decide_version,
    propose_source_type,
    record_batch,
)

__all__ = ["BATCH_MOST", "Recorded", "decide_version", "propose_source_type", "record_batch"]
