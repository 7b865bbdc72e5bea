"""The nine acts in order, with a progress bar; the first that fails ends the play."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trustmark.demo.acts import auditing, delivery, denials, licence, rendering
from trustmark.demo.stage import Outcome, Stage


@dataclass(frozen=True, slots=True)
class Act:
    """One act of the main job."""

    title: str
    perform: Callable[[Stage], Outcome]


@dataclass(frozen=True, slots=True)
class Result:
    """How an act went."""

    number: int
    title: str
    passed: bool
    seconds: float
    outcome: Outcome


ACTS = (
    Act("ask for a licence", licence.ask),
    Act("narrow, accept, approve", licence.agree),
    Act("render 2,847 frames", rendering.render),
    Act("refuse what is not granted", denials.deny),
    Act("renew with changed terms", licence.renew),
    Act("mark, sign, verify, release", delivery.deliver),
    Act("revoke", denials.revoke),
    Act("audit offline", auditing.audit),
    Act("find the mark in a stripped copy", delivery.find_again),
)


def play(stage: Stage, console: Console) -> list[Result]:
    """Perform the acts until one fails; the results so far."""
    results: list[Result] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        whole = progress.add_task("the main job", total=len(ACTS), note="")
        for number, act in enumerate(ACTS, 1):
            task = progress.add_task(f"{number}. {act.title}", total=None, note="")
            _connect(stage, progress, task)
            result = _perform(number, act, stage, console)
            results.append(result)
            progress.update(task, total=1, completed=1, note="done" if result.passed else "failed")
            progress.stop_task(task)
            progress.advance(whole)
            if not console.is_terminal:  # a log file sees no bars: one line an act
                word = "done" if result.passed else "failed"
                console.print(f"{number}. {act.title}: {word} after {result.seconds:.1f} s", highlight=False)
            if not result.passed:
                break
    return results


def _connect(stage: Stage, progress: Progress, task: TaskID) -> None:
    stage.tell = lambda note: progress.update(task, note=note)
    stage.advance = lambda done, total: progress.update(
        task, completed=done, total=total, note=f"{done:,} of {total:,}"
    )


def _perform(number: int, act: Act, stage: Stage, console: Console) -> Result:
    started = time.monotonic()
    try:
        outcome = act.perform(stage)
    except Exception as failure:  # noqa: BLE001 - whatever went wrong, the act failed and the table says so
        console.print(f"[red]{number}. {act.title}: {failure}[/red]", highlight=False, markup=True)
        trace = traceback.format_exc()
        return Result(
            number, act.title, False, time.monotonic() - started, {"failure": str(failure), "trace": trace}
        )
    return Result(number, act.title, True, time.monotonic() - started, outcome)
