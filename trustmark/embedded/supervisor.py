"""``make run`` and ``make demo``: start every part in order, play the main job, stop in reverse order.

    python -m trustmark.embedded.supervisor run     # start, play the main job once, keep serving
    python -m trustmark.embedded.supervisor demo    # the same on a scratch var/demo, then stop
    python -m trustmark.embedded.supervisor serve   # start and serve, without demonstration

Whatever ends it (Ctrl-C, TERM, a child that dies, a step that fails), all children are stopped in reverse
order and waited for. If it is killed outright the kernel stops the children, and the next start sweeps what
is left by its register. Only one supervisor works on a folder at a time.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, TypeVar

from trustmark.demo.logins import read_logins, table
from trustmark.embedded import programs
from trustmark.embedded.children import Child, Register, StartFailed, log_tail, start_child
from trustmark.embedded.identity import CannotDropRights
from trustmark.embedded.postgres import Postgres
from trustmark.embedded.programs import ROOT, Places, Started
from trustmark.embedded.valkey import Valkey

T = TypeVar("T")
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


class ChildDied(RuntimeError):
    """A part that should run for ever ended."""


class StepFailed(RuntimeError):
    """A one-shot program (migrate, the cast, the journey) ended with another status than 0."""

    def __init__(self, name: str, status: int, tail: str) -> None:
        super().__init__(f"{name} failed with status {status}\n{tail}".rstrip())


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the folder."""


class House:
    """All parts of one running deployment, in the order they were started."""

    def __init__(self, places: Places, steps: int) -> None:
        self.places = places
        self.children: list[Child] = []
        self.register = Register(places.run / "children.json")
        self._steps = steps
        self._step = 0

    def step(self, title: str, work: Callable[[], T]) -> T:
        """Do one step, printing its number, name and time."""
        self._step += 1
        head = f"[{self._step:>2}/{self._steps}] {title}"
        if sys.stdout.isatty():
            print(f"{head:<46}...", end="\r", flush=True)
        started = time.monotonic()
        result = work()
        print(f"{head:<46}ready {time.monotonic() - started:6.1f} s", flush=True)
        return result

    def start(self, title: str, start: Callable[[], Child]) -> Child:
        """Start a part that shall run until the end; it is on the register before anything else happens."""
        child = self.step(title, start)
        self.children.append(child)
        self.register.write(self.children)
        return child

    def start_together(self, starts: dict[str, Callable[[], Started]]) -> None:
        """Start several parts at once, then wait for each: they load the same code for seconds."""
        started = {}
        for title, start in starts.items():
            started[title] = start()
            self.children.append(started[title].child)
            self.register.write(self.children)
        for title, part in started.items():
            self.step(title, part.wait)

    def run_to_end(self, name: str, command: list[str], env: dict[str, str], *, shown: bool = False) -> None:
        """Run a one-shot program, watching the other parts meanwhile.

        Raises:
            StepFailed: it ended with another status than 0.
            ChildDied: another part ended first.
        """
        log = self.places.log / f"{name}.log"
        child = start_child(name, command, log=log, env=env, cwd=ROOT, inherit_output=shown)
        self.children.append(child)
        self.register.write(self.children)
        try:
            while (status := child.returncode()) is None:
                self.look_after(except_for=child)
                time.sleep(0.05)
        finally:
            child.stop()
            self.children.remove(child)
            self.register.write(self.children)
        if status != 0:
            raise StepFailed(name, status, "" if shown else log_tail(log))

    def look_after(self, except_for: Child | None = None) -> None:
        """Raises ChildDied when a part has ended."""
        for child in self.children:
            if child is not except_for and child.returncode() is not None:
                raise ChildDied(
                    f"{child.name} ended with status {child.returncode()}\n{log_tail(child.log)}".rstrip()
                )

    def stop(self) -> None:
        """Stop everything in reverse order; nothing is left behind."""
        started = time.monotonic()
        while self.children:
            self.children[-1].stop()
            self.children.pop()
        self.register.path.unlink(missing_ok=True)
        print(f"everything stopped in {time.monotonic() - started:.1f} s", flush=True)


@contextmanager
def only_one(places: Places) -> Iterator[IO[str]]:
    """Hold the folder's lock; the kernel lets go of it however we end.

    Raises:
        AlreadyRunning: another supervisor holds it.
    """
    with (places.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another supervisor runs on {places.var}") from None
        yield lock


def bring_up(house: House) -> dict[str, str]:
    """Start all parts up to beat; the environment they run in."""
    places = house.places
    database_url, broker_url = _servers(house)
    port, events_port = programs.kept_port(places, "web"), programs.kept_port(places, "events")
    env = programs.environment(
        places, port=port, events_port=events_port, database_url=database_url, broker_url=broker_url
    )
    manage = [sys.executable, "manage.py"]
    house.step(
        "database tables", lambda: house.run_to_end("migrate", [*manage, "migrate", "--no-input", "-v0"], env)
    )
    house.step(
        "static files",
        lambda: house.run_to_end("collectstatic", [*manage, "collectstatic", "--no-input", "-v0"], env),
    )
    starts: dict[str, Callable[[], Started]] = {
        "web server": partial(programs.start_web, places, env, port),
        "event stream": partial(programs.start_events, places, env, events_port),
        "publisher": partial(programs.start_publisher, places, env),
    }
    for queue in programs.queues():
        starts[f"worker {queue}"] = partial(programs.start_worker, places, env, queue)
    starts["beat"] = partial(programs.start_beat, places, env)
    house.start_together(starts)
    ports = {"web": port, "url": env["TRUSTMARK_BASE_URL"], "events": events_port}
    (places.run / "ports.json").write_text(json.dumps(ports))
    return env


def _servers(house: House) -> tuple[str, str]:
    """The URLs of database and broker: the embedded ones unless the environment names others."""
    places = house.places
    database_url = os.environ.get("DATABASE_URL")
    if database_url is None:
        postgres = Postgres(
            places.var / "postgres", places.log / "postgres.log", password=places.secret("postgres")
        )
        house.start("PostgreSQL", postgres.start)
        database_url = postgres.url()
    broker_url = os.environ.get("BROKER_URL")
    if broker_url is None:
        valkey = Valkey(places.var / "valkey", places.log / "valkey.log", password=places.secret("valkey"))
        house.start("Valkey", valkey.start)
        broker_url = valkey.url()
    return database_url, broker_url


def play(house: House, env: dict[str, str], *, out: Path) -> None:
    """Create the cast and play the main job, with its progress on the terminal."""
    manage = [sys.executable, "manage.py"]
    house.step("demonstration cast", lambda: house.run_to_end("democast", [*manage, "democast"], env))
    print(f"\n{table(read_logins(house.places.run / 'logins.json'))}\n", flush=True)
    house.run_to_end("journey", [sys.executable, "-m", "trustmark.demo", "--out", str(out)], env, shown=True)


def keep_serving(house: House, url: str) -> None:
    """Watch the parts until one ends or we are told to stop."""
    print(f"serving; Ctrl-C stops everything: {url}", flush=True)
    while True:
        house.look_after()
        time.sleep(0.2)


def supervise(mode: str, var: Path) -> int:
    """Run one of the three modes to its end; the exit status."""
    started = time.monotonic()
    places = Places(var)
    places.make()
    with only_one(places):
        house = House(places, steps=_count_steps(mode))
        ended = house.register.sweep()
        if ended:
            print(f"a former run was cut off; ended what it left: {', '.join(ended)}", flush=True)
        if mode == "demo":
            _scratch(places)
        try:
            env = bring_up(house)
            print(f"ready after {time.monotonic() - started:.1f} s: {env['TRUSTMARK_BASE_URL']}", flush=True)
            _do(mode, house, env)
        except (StartFailed, StepFailed, ChildDied, CannotDropRights) as failure:
            print(f"\nstopping: {failure}\nlogs: {places.log}", file=sys.stderr, flush=True)
            return EXIT_FAILED
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
            return 0 if mode != "demo" else EXIT_INTERRUPTED
        finally:
            _ignore_signals()
            house.stop()
    return 0


def _do(mode: str, house: House, env: dict[str, str]) -> None:
    played = house.places.run / "played"
    if mode == "demo" or (mode == "run" and not played.exists()):
        play(house, env, out=house.places.var)
        played.touch()
    elif mode == "run":
        print(f"\n{table(read_logins(house.places.run / 'logins.json'))}\n", flush=True)
    if mode != "demo":
        keep_serving(house, env["TRUSTMARK_BASE_URL"])


def _count_steps(mode: str) -> int:
    given = sum(name in os.environ for name in ("DATABASE_URL", "BROKER_URL"))
    return 2 - given + 5 + len(programs.queues()) + 1 + (mode != "serve")


def _scratch(places: Places) -> None:
    """Empty a demonstration's folder, its lock excepted."""
    for entry in places.var.iterdir():
        if entry != places.run:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    for entry in places.run.iterdir():
        if entry.name != "lock":
            entry.unlink()
    places.make()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """From here on we stop the children; a second Ctrl-C must not leave half of them behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m trustmark.embedded.supervisor", description=__doc__)
    parser.add_argument("mode", choices=["run", "demo", "serve"])
    parser.add_argument("--var", type=Path, help="where data lives (default: var, or var/demo for demo)")
    options = parser.parse_args(argv)
    base = Path(os.environ.get("TRUSTMARK_VAR", ROOT / "var"))
    var = options.var or (base / "demo" if options.mode == "demo" else base)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return supervise(options.mode, var.absolute())
    except AlreadyRunning as refusal:
        print(refusal, file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
