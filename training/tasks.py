"""Periodic work of the rights gate: what must go goes without anybody having to think of it."""

from uuid import UUID

from celery import shared_task

from training.services.automatic import open_due_takedowns, open_for_policy, organisations_to_judge
from training.services.retention import remove_what_was_kept_long_enough
from training.services.takedown_acts import finish_removals

# what judges again after a change of policy need not run every few seconds
BEAT: tuple[str | tuple[str, int], ...] = (
    "training.tasks.take_down_what_is_over",
    ("training.tasks.judge_again", 300),
    ("training.tasks.delete_what_was_removed", 60),
    ("training.tasks.end_retention", 300),
)


@shared_task(ignore_result=True)
def take_down_what_is_over() -> int:
    """Open and contain cases for rights that have ended; how many."""
    return len(open_due_takedowns())


@shared_task(ignore_result=True)
def judge_again() -> int:
    """Judge what another policy admitted by the policy of now; how many houses had something to take down."""
    opened: list[UUID] = [
        case
        for house in organisations_to_judge()
        if (case := open_for_policy(organisation_id=house)) is not None
    ]
    return len(opened)


@shared_task(ignore_result=True)
def delete_what_was_removed() -> int:
    """Delete bytes of removed material that are still there, as after a crash; how many files."""
    return finish_removals()


@shared_task(ignore_result=True)
def end_retention() -> int:
    """Remove what was kept as long after the end of its rights as they allow; of how many cases."""
    return len(remove_what_was_kept_long_enough())
