"""When a failed delivery is tried again: the example schedule of the Standard Webhooks specification."""

from datetime import timedelta

# before the second attempt, the third ...; the whole takes a little over three days
_DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
ATTEMPTS_MAX = len(_DELAYS) + 1
_JITTER = 0.2
_RETRY_AFTER_MAX = timedelta(hours=24)


def retry_delay(attempts: int, *, luck: float, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after ``attempts`` failures; None: that was the last one.

    Args:
        luck: in [0, 1]; stretches the delay by up to a fifth, so that what failed together does not come
            back together.
        retry_after: what the receiver asked for; a longer wait is granted, up to a day.
    """
    if attempts < 1:
        raise ValueError("there is nothing to try again before a first attempt")
    if attempts > len(_DELAYS):
        return None
    delay = _DELAYS[attempts - 1] * (1 + _JITTER * luck)
    return max(delay, min(retry_after, _RETRY_AFTER_MAX)) if retry_after is not None else delay
