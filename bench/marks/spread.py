"""The rooms of films, stills and sounds on many cores: every cell a job of its own, what the bars judge first.

    python -m bench.marks --spread 15 --seconds 480      # a rented machine, for eight minutes

Each material is cut and marked once, by whichever process is free; its cells follow as jobs, the worthiest first, so that
a run which is cut short has measured what matters most. Rows are written as they come, and a later run goes on. Rooms that
measure time (costs, growth) want a quiet machine and stay out.
"""

from __future__ import annotations

import heapq
import os
import shutil
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from bench.marks.films import FILMS
from bench.marks.material import Kind, Material
from bench.marks.run import Room, Run, say
from bench.marks.sounds import SOUNDS
from bench.marks.stills import STILLS

ROOMS: dict[Kind, Room] = {"film": FILMS, "still": STILLS, "sound": SOUNDS}
# of equals what takes longest begins first, lest the last of them run alone
_SLOW = ("quality", "AV1", "VP9", "H.265", "unmarked", "another key")
_Job = tuple[Material, str]
_PREPARE = ""


def spread(run: Run, rooms: set[str], *, processes: int, seconds: float) -> tuple[int, int]:
    """Measure what is wanted of ``rooms`` for ``seconds``; what has begun then is still ended.

    Returns:
        how many cells were begun, and how many are left.
    """
    until = time.time() + seconds
    home = run.work / "spread"
    waiting: list[tuple[int, int, int, _Job]] = []
    order = 0

    def put(worth: int, item: Material, name: str) -> None:
        nonlocal order
        order += 1
        heapq.heappush(waiting, (-worth, -any(word in name for word in _SLOW), order, (item, name)))

    cells: dict[str, list[tuple[int, str]]] = {}
    for item in run.material:
        room = ROOMS[item.kind]
        if room.name not in rooms or (run.ci and not item.ci):
            continue
        found = [(one.worth, one.name) for one in room.cells(run, item, home)]
        cells[item.name] = [(worth, name) for worth, name in found if run.wants(room.name, item.name, name)]
        if cells[item.name]:
            put(max(worth for worth, _ in cells[item.name]), item, _PREPARE)
    flying: dict[Future[bool], _Job] = {}
    begun = 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        while flying or (waiting and time.time() < until):
            while waiting and len(flying) < processes and time.time() < until:
                job = heapq.heappop(waiting)[3]
                begun += job[1] != _PREPARE
                flying[pool.submit(_work, run, home, *job)] = job
            for one in wait(flying, return_when=FIRST_COMPLETED).done:
                item, name = flying.pop(one)
                if name == _PREPARE and one.result():
                    for worth, cell in cells[item.name]:
                        put(worth, item, cell)
    shutil.rmtree(home, ignore_errors=True)
    left = sum(job[1] != _PREPARE or len(cells[job[0].name]) for *_, job in waiting)
    say(f"{begun} cells; {left} are left")
    return begun, left


def _work(run: Run, home: Path, item: Material, name: str) -> bool:
    """Mark a material, or measure one cell of it; False if it could not be marked."""
    torch.set_num_threads(1)
    room = ROOMS[item.kind]
    folder = home / f"{item.kind}-{''.join(letter if letter.isalnum() else '-' for letter in item.name)}"
    if name == _PREPARE:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            room.prepare(item, folder)
        except (ValueError, OSError, RuntimeError) as error:
            say(f"{item.name}: {error}"[-400:])
            return False
        return True
    mine = replace(run, part=(os.getpid(), 0))
    with mine.folder("cell") as scratch:
        cell = next(one for one in room.cells(run, item, folder) if one.name == name)
        run.measure(room.name, item.name, name, lambda: cell.work(scratch))
    return True
