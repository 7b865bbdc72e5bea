"""One kept event as OpenLineage speaks it, and its way to whoever collects them.

Source: OpenLineage 2-0-2, by its own package. People are named by id alone.
"""

from typing import Any, Final

from django.conf import settings
from openlineage.client.generated.base import EventType, InputDataset, Job, OutputDataset, Run, RunEvent
from openlineage.client.generated.tags_job import TagsJobFacet, TagsJobFacetFields
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

PRODUCER: Final = "https://trustmark-server.org/ns/openlineage"
_SECONDS: Final = 5.0


def event_of(told: dict[str, Any]) -> RunEvent:
    """The event that was kept as ``told``: type, time, run, namespace, job, tags, inputs, outputs."""
    space = told["namespace"]
    tags = [
        TagsJobFacetFields(key, value, "TRUSTMARK") for key, value in sorted(told["tags"].items()) if value
    ]
    return RunEvent(
        eventType=EventType[told["type"]],
        eventTime=told["time"],
        producer=PRODUCER,
        run=Run(runId=told["run"]),
        job=Job(space, told["job"], {"tags": TagsJobFacet(tags=tags, producer=PRODUCER)}),
        inputs=[InputDataset(space, name) for name in told["inputs"]],
        outputs=[OutputDataset(space, name) for name in told["outputs"]],
    )


def open_transport() -> HttpTransport:
    """The way to the receiver that the settings name; the caller closes it."""
    key = settings.OPENLINEAGE_KEY
    auth = ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({})
    # tries are counted in the row, so that none blocks a worker
    retry = {"total": 0, "read": 0, "connect": 0, "backoff_factor": 0.0}
    return HttpTransport(HttpConfig(url=settings.OPENLINEAGE_URL, timeout=_SECONDS, auth=auth, retry=retry))
