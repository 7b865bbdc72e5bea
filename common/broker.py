"""What the broker holds and who works on it, asked of the broker itself: nothing here is remembered or guessed."""

from dataclasses import dataclass
from typing import Any, Final

from celery import current_app

QUEUES: Final = ("default", "notify", "media.cpu", "media.gpu")
"""Every queue that work of this deployment is sent to."""
_ANSWER_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue: messages that wait, and the workers that take from it.

    Attributes:
        waiting: None: the broker did not say.
        at_work: tasks that its workers have in hand.
    """

    name: str
    waiting: int | None
    workers: tuple[str, ...]
    at_work: int


@dataclass(frozen=True, slots=True)
class BrokerState:
    """The broker as it answered; ``trouble`` is empty where it did. ``unacknowledged``: None: it cannot say."""

    transport: str
    trouble: str
    queues: tuple[QueueState, ...]
    unacknowledged: int | None


def broker_state() -> BrokerState:
    """Ask the broker for the depth of each queue and its workers for what they do; a second at most for each."""
    waiting: dict[str, int | None] = dict.fromkeys(QUEUES)
    unacknowledged: int | None = None
    transport = ""
    try:
        with current_app.connection_for_read(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
            transport = str(connection.transport_cls)
            channel = connection.default_channel
            waiting = {name: _depth(channel, name) for name in QUEUES}
            unacknowledged = _unacknowledged(channel)
            # over this connection, which is closed: one in the pool would go on waiting, and hang whoever forks
            listening, active = _workers(connection, channel)
    except Exception as error:  # noqa: BLE001  (every transport has errors of its own; each means: no answer)
        return BrokerState(transport, type(error).__name__, _queues(waiting, {}, {}), None)
    return BrokerState(transport, "", _queues(waiting, listening, active), unacknowledged)


def _workers(connection: Any, channel: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each worker listens to and has in hand; waits no longer than until all have answered.

    Redis and Valkey say how many workers hear a question. Elsewhere it takes the full time, since one more might answer.
    """
    hear = _hearers(connection, channel)
    if hear == 0:
        return {}, {}
    inspect = current_app.control.inspect(timeout=_ANSWER_SECONDS, connection=connection, limit=hear)
    return inspect.active_queues() or {}, inspect.active() or {}


def _hearers(connection: Any, channel: Any) -> int | None:
    """How many workers are subscribed to questions now; None: this broker cannot say."""
    client: Any = getattr(channel, "client", None)
    if not hasattr(client, "pubsub_numsub"):
        return None
    control: Any = current_app.control
    mailbox = control.mailbox
    topic = channel._get_publish_topic(mailbox.exchange.name, "")
    return sum(int(number) for _, number in client.pubsub_numsub(channel.global_keyprefix + topic))


def _queues(
    waiting: dict[str, int | None], listening: dict[str, Any], active: dict[str, Any]
) -> tuple[QueueState, ...]:
    found = []
    for name in QUEUES:
        workers = sorted(
            worker for worker, queues in listening.items() if any(one["name"] == name for one in queues)
        )
        found.append(
            QueueState(name, waiting[name], tuple(workers), sum(len(active.get(one, ())) for one in workers))
        )
    return tuple(found)


def _depth(channel: Any, name: str) -> int:
    """Messages that wait; a queue that was never declared holds none."""
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except channel.connection.client.channel_errors:
        return 0


def _unacknowledged(channel: Any) -> int | None:
    """Messages that a worker took and has not finished; Redis and Valkey alone say so."""
    client = getattr(channel, "client", None)
    return int(client.hlen(channel.unacked_key)) if client is not None and hasattr(client, "hlen") else None
