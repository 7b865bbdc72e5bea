"""A stub of Unreal's Python API that we wrote for the tests: only what ``trustmark_unreal`` uses, and a pretend engine.

Unreal is not here. What is real in these tests is the executor, the client, the pictures and the served deployment; what
pretends is this file: :func:`play` ticks as ``-game`` does, and a pipeline writes one picture after another. Names and
arguments are those of the engine's published Python reference (5.4).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

_Kind = TypeVar("_Kind", bound=type)
_Function = TypeVar("_Function", bound=Callable[..., Any])


def uclass() -> Callable[[_Kind], _Kind]:
    """Make a Python class known to the engine."""
    return lambda kind: kind


def ufunction(
    *, override: bool = False, ret: Any = None, params: Iterable[type] = ()
) -> Callable[[_Function], _Function]:
    """Make a method known to the engine."""
    del override, ret, params
    return lambda function: function


def uproperty(kind: type) -> Any:
    """Keep an engine's object alive as long as its owner."""
    del kind


def log_error(text: str) -> None:
    """Write to the engine's log."""
    print(f"LogPython: Error: {text}", flush=True)


class SystemLibrary:
    """What of ``unreal.SystemLibrary`` is used."""

    @staticmethod
    def get_engine_version() -> str:
        """Version, changelist and branch."""
        return "5.4.4-0+++stub"


@dataclass
class MoviePipelineOutputSetting:
    """The output settings of a preset."""

    use_custom_playback_range: bool = False
    custom_start_frame: int = 0
    custom_end_frame: int = 0  # exclusive


@dataclass
class MoviePipelinePrimaryConfig:
    """A preset."""

    output: MoviePipelineOutputSetting = field(default_factory=MoviePipelineOutputSetting)

    def find_or_add_setting_by_class(
        self, kind: type[MoviePipelineOutputSetting]
    ) -> MoviePipelineOutputSetting:
        """The one setting there is here."""
        assert kind is MoviePipelineOutputSetting
        return self.output

    def initialize_transient_settings(self) -> None:
        """Add what a render needs."""


@dataclass
class MoviePipelineExecutorJob:
    """A job: a sequence with its preset; ``stub_*`` is the pretended scene."""

    stub_folder: Path = Path()
    stub_seconds: float = 0.0
    stub_layers: tuple[str, ...] = ("frame",)
    stub_lost: int | None = None
    stub_is_graph: bool = False
    config: MoviePipelinePrimaryConfig = field(default_factory=MoviePipelinePrimaryConfig)

    def get_configuration(self) -> MoviePipelinePrimaryConfig:
        """The preset."""
        return self.config

    def is_using_graph_configuration(self) -> bool:
        """Whether a render graph is in its place."""
        return self.stub_is_graph


@dataclass
class MoviePipelineQueue:
    """A queue of jobs."""

    jobs: list[MoviePipelineExecutorJob] = field(default_factory=list)

    def get_jobs(self) -> list[MoviePipelineExecutorJob]:
        """All of them."""
        return self.jobs


@dataclass
class MoviePipelineRenderPassOutputData:
    """The files of one pass."""

    file_paths: list[str] = field(default_factory=list)


@dataclass
class MoviePipelineShotOutputData:
    """The passes of one shot."""

    render_pass_data: dict[str, MoviePipelineRenderPassOutputData] = field(default_factory=dict)


@dataclass
class MoviePipelineOutputData:
    """What a pipeline wrote."""

    success: bool
    shot_data: list[MoviePipelineShotOutputData]


class MoviePipelineWorkFinished:
    """A delegate: who listens, by name."""

    def __init__(self) -> None:
        self.stub_heard_by: list[tuple[Any, str]] = []

    def add_function_unique(self, owner: Any, name: str) -> None:
        """Call ``owner.name`` when it happens."""
        self.stub_heard_by.append((owner, name))


class MoviePipeline:
    """Renders one job; here it paints."""

    stub_running: MoviePipeline | None = None

    def __init__(self) -> None:
        self.on_movie_pipeline_work_finished_delegate = MoviePipelineWorkFinished()
        self._files: dict[str, list[str]] = {}
        self._is_over = self._is_error = False

    def initialize(self, job: MoviePipelineExecutorJob) -> None:
        """Start."""
        setting = job.get_configuration().output
        assert setting.use_custom_playback_range
        self._job, self._next, self._end = job, setting.custom_start_frame, setting.custom_end_frame
        self._begun = time.monotonic()
        MoviePipeline.stub_running = self

    def request_shutdown(self, is_error: bool = False) -> None:
        """End as soon as may be; what was rendered is still written."""
        self._is_over, self._is_error = True, is_error

    def stub_tick(self) -> None:
        """One frame of the engine: a picture when its time has come; the end when all are there."""
        if self._is_over or self._next >= self._end:
            self._finish()
        elif time.monotonic() - self._begun >= self._job.stub_seconds:
            self._paint(self._next)
            self._next += 1
            self._begun = time.monotonic()

    def _paint(self, frame: int) -> None:
        from PIL import Image

        if frame == self._job.stub_lost:
            return
        self._job.stub_folder.mkdir(parents=True, exist_ok=True)
        for layer in self._job.stub_layers:
            path = self._job.stub_folder / f"{layer}.{frame:04d}.png"
            Image.new("RGB", (32, 18), (frame % 256, 90, 120)).save(path)
            self._files.setdefault(layer, []).append(str(path))

    def _finish(self) -> None:
        MoviePipeline.stub_running = None
        passes = {name: MoviePipelineRenderPassOutputData(paths) for name, paths in self._files.items()}
        told = MoviePipelineOutputData(not self._is_error, [MoviePipelineShotOutputData(passes)])
        for owner, name in self.on_movie_pipeline_work_finished_delegate.stub_heard_by:
            getattr(owner, name)(told)


class MoviePipelinePythonHostExecutor:
    """What an executor in Python is made of."""

    def __init__(self) -> None:
        self.stub_is_over = False
        self.stub_errors: list[str] = []
        self._post_init()

    def _post_init(self) -> None:
        """The engine made the object."""

    def execute_delayed(self, pipeline_queue: MoviePipelineQueue | None) -> None:
        """Render the queue."""

    def is_rendering(self) -> bool:
        """Whether something is being rendered."""
        return False

    def on_begin_frame(self) -> None:
        """Once in each frame of the engine."""

    def get_last_loaded_world(self) -> object:
        """The map."""
        return self

    def on_executor_errored_impl(
        self, errored_pipeline: MoviePipeline | None, fatal: bool, error_reason: str
    ) -> None:
        """Say that it went wrong."""
        del errored_pipeline, fatal
        self.stub_errors.append(error_reason)

    def on_executor_finished_impl(self) -> None:
        """Say that all is done, well or not."""
        self.stub_is_over = True


def new_object(kind: type[MoviePipeline], *, outer: object, base_type: type[MoviePipeline]) -> MoviePipeline:
    """Make an engine's object."""
    del outer, base_type
    return kind()


def play(kind: type[MoviePipelinePythonHostExecutor], queue: MoviePipelineQueue | None) -> int:
    """Run the engine as ``-game`` with that executor; the exit status that the engine ends with, 0 or 1."""
    executor = kind()
    executor.execute_delayed(queue)
    while not executor.stub_is_over:
        time.sleep(0.01)
        executor.on_begin_frame()
        if MoviePipeline.stub_running is not None:
            MoviePipeline.stub_running.stub_tick()
    sys.stdout.flush()
    return 1 if executor.stub_errors else 0
