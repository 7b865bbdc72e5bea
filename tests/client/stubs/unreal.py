"""A stub of Unreal's Python API that we wrote for the tests: only what ``trustmark_unreal`` uses, and a pretend engine.

Unreal is not here. What is real in these tests is the executor, the client, the pictures and the served deployment; what
pretends is this file: :func:`play` ticks as ``-game`` does, and a pipeline writes one picture after another. Names and
arguments are those of the engine's published Python reference: of 5.4 where ``STUB_ENGINE`` says so, else of 5.7, which
writes the bounds of a graph's range in another way. A graph is a chain of nodes here, of which the one nearest to the
outputs counts, unless a variable says otherwise.
"""

from __future__ import annotations

import enum
import os
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
    handle_frame_count: int = 0
    frame_number_offset: int = 0
    use_custom_frame_rate: bool = False


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


class MovieGraphSequenceRangeType(enum.Enum):
    """Where a bound of a graph's range comes from."""

    SEQUENCE_DEFAULT = 0
    CUSTOM = 1


@dataclass
class MovieGraphSequencePlaybackRangeBound:
    """A bound of a graph's range, since 5.6."""

    type: MovieGraphSequenceRangeType = MovieGraphSequenceRangeType.SEQUENCE_DEFAULT
    value: int = 0


if os.environ.get("STUB_ENGINE") == "5.4":
    globals().pop("MovieGraphSequencePlaybackRangeBound")
    globals().pop("MovieGraphSequenceRangeType")


class MovieGraphPin:
    """What stands before a node in a graph."""

    def __init__(self, nodes: list[MovieGraphNode]) -> None:
        self._nodes = nodes

    def get_connected_nodes(self) -> list[MovieGraphNode]:
        """All of them."""
        return self._nodes


class MovieGraphNode:
    """A node of a graph; ``stub_before`` is what its one input is connected with."""

    def __init__(self, label: str = "") -> None:
        self.stub_label, self.stub_before = label, list[MovieGraphNode]()

    def get_input_pin(self, pin_label: str) -> MovieGraphPin | None:
        """The input of that name."""
        return MovieGraphPin(self.stub_before) if pin_label == self.stub_label else None


class MovieGraphSettingNode(MovieGraphNode):
    """A node with settings, each of which counts where it is overridden."""


class MovieGraphSamplingMethodNode(MovieGraphSettingNode):
    """A node that says nothing of frames."""


class MovieGraphGlobalOutputSettingNode(MovieGraphSettingNode):
    """The output settings of a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.override_handle_frame_count = self.override_frame_number_offset = False
        self.handle_frame_count = self.frame_number_offset = 0
        self.override_output_frame_rate = False
        self._told: dict[str, Any] = {}

    def get_editor_property(self, name: str) -> Any:
        """A property, by the name that it has in the editor."""
        if "MovieGraphSequencePlaybackRangeBound" not in globals():
            assert name.endswith("_frame"), f"5.4 has no {name}"
            return self._told.get(name, False if name.startswith("override_") else 0)
        assert not name.endswith("_frame"), f"{name} is no longer to be used"
        none = False if name.startswith("override_") else MovieGraphSequencePlaybackRangeBound()
        return self._told.get(name, none)

    def set_editor_property(self, name: str, value: Any) -> None:
        """Set it, as the editor would."""
        self.get_editor_property(name)
        self._told[name] = value


class MovieGraphEvaluatedConfig:
    """What the engine makes of a graph."""

    def __init__(self, settings: MovieGraphGlobalOutputSettingNode) -> None:
        self._settings = settings

    def get_setting_for_branch(
        self, kind: type[MovieGraphSettingNode], branch_name: str, include_cd_os: bool, exact_match: bool
    ) -> MovieGraphSettingNode | None:
        """The one kind there is here."""
        assert (kind, branch_name) == (MovieGraphGlobalOutputSettingNode, "Globals")
        del include_cd_os, exact_match
        return self._settings


@dataclass
class MovieGraphTraversalContext:
    """For what a graph is evaluated."""

    shot_index: int = 0
    shot_count: int = 0
    job: MoviePipelineExecutorJob | None = None
    root_graph: MovieGraphConfig | None = None


@dataclass
class MovieGraphInitConfig:
    """How a graph's pipeline begins."""


class MovieGraphConfig:
    """A graph, told by its nodes from the outputs back.

    Args:
        stub_variable: says where a range begins, whatever the nodes say.
        stub_error: why it cannot be evaluated.
    """

    def __init__(
        self, *nodes: MovieGraphNode, stub_variable: int | None = None, stub_error: str = ""
    ) -> None:
        self._output = MovieGraphNode("Globals")
        self._nodes, self._variable, self._error = nodes, stub_variable, stub_error
        last = self._output
        for node in nodes:
            last.stub_before.append(node)
            last = node

    def get_output_node(self) -> MovieGraphNode:
        """The outputs."""
        return self._output

    def create_flattened_graph(
        self, context: MovieGraphTraversalContext
    ) -> tuple[MovieGraphEvaluatedConfig | None, str]:
        """What counts of all nodes."""
        assert context.root_graph is self
        assert context.job is not None
        if self._error:
            return None, self._error
        settings = [node for node in self._nodes if isinstance(node, MovieGraphGlobalOutputSettingNode)]
        flat = MovieGraphGlobalOutputSettingNode()
        for node in reversed(settings):
            flat._told |= {name: value for name, value in node._told.items() if value}
            for name in ("handle_frame_count", "frame_number_offset", "output_frame_rate"):
                if getattr(node, f"override_{name}"):
                    setattr(flat, f"override_{name}", True)
                    setattr(flat, name, getattr(node, name, None))
        if self._variable is not None:
            stub_bind(flat, "start", self._variable)
        return MovieGraphEvaluatedConfig(flat), ""


def stub_bind(node: MovieGraphGlobalOutputSettingNode, side: str, value: int) -> None:
    """Write a bound as the editor of that engine does."""
    name = f"custom_playback_range_{side}"
    if os.environ.get("STUB_ENGINE") == "5.4":
        node._told |= {f"override_{name}_frame": True, f"{name}_frame": value}
    else:
        kind = MovieGraphSequenceRangeType.CUSTOM
        node._told |= {f"override_{name}": True, name: MovieGraphSequencePlaybackRangeBound(kind, value)}


def stub_range(node: MovieGraphSettingNode | None) -> tuple[int, int]:
    """What a node says."""
    assert isinstance(node, MovieGraphGlobalOutputSettingNode)
    names = [f"custom_playback_range_{side}" for side in ("start", "end")]
    if os.environ.get("STUB_ENGINE") == "5.4":
        first, end = (int(node._told[f"{name}_frame"]) for name in names)
    else:
        first, end = (int(node._told[name].value) for name in names)
    return first, end


@dataclass
class MoviePipelineExecutorShot:
    """A shot of a job."""

    stub_graph: MovieGraphConfig | None = None

    def get_graph_preset(self) -> MovieGraphConfig | None:
        """A graph of its own."""
        return self.stub_graph


@dataclass
class MoviePipelineExecutorJob:
    """A job: a sequence with its preset or graph; ``stub_*`` is the pretended scene."""

    stub_folder: Path = Path()
    stub_seconds: float = 0.0
    stub_layers: tuple[str, ...] = ("frame",)
    stub_lost: int | None = None
    stub_graph: MovieGraphConfig | None = None
    shot_info: list[MoviePipelineExecutorShot] = field(default_factory=list)
    config: MoviePipelinePrimaryConfig = field(default_factory=MoviePipelinePrimaryConfig)

    def get_configuration(self) -> MoviePipelinePrimaryConfig:
        """The preset."""
        return self.config

    def is_using_graph_configuration(self) -> bool:
        """Whether a render graph is in its place."""
        return self.stub_graph is not None

    def get_graph_preset(self) -> MovieGraphConfig | None:
        """The graph."""
        return self.stub_graph


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
class MovieGraphRenderLayerOutputData:
    """The files of one layer of a graph."""

    file_paths: list[str] = field(default_factory=list)


@dataclass
class MovieGraphRenderOutputData:
    """The layers of one shot of a graph."""

    render_layer_data: dict[str, MovieGraphRenderLayerOutputData] = field(default_factory=dict)


@dataclass
class MoviePipelineOutputData:
    """What a pipeline wrote: a preset's in ``shot_data``, a graph's in ``graph_data``."""

    success: bool
    shot_data: list[MoviePipelineShotOutputData] = field(default_factory=list)
    graph_data: list[MovieGraphRenderOutputData] = field(default_factory=list)


class MoviePipelineWorkFinished:
    """A delegate: who listens, by name."""

    def __init__(self) -> None:
        self.stub_heard_by: list[tuple[Any, str]] = []

    def add_function_unique(self, owner: Any, name: str) -> None:
        """Call ``owner.name`` when it happens."""
        self.stub_heard_by.append((owner, name))


class MoviePipelineBase:
    """Renders one job; here it paints."""

    stub_running: MoviePipelineBase | None = None

    def __init__(self) -> None:
        self.on_movie_pipeline_work_finished_delegate = MoviePipelineWorkFinished()
        self._files: dict[str, list[str]] = {}
        self._is_over = self._is_error = False

    def _start(self, job: MoviePipelineExecutorJob, first: int, end: int) -> None:
        self._job, self._next, self._end = job, first, end
        self._begun = time.monotonic()
        MoviePipelineBase.stub_running = self

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
        MoviePipelineBase.stub_running = None
        told = self._told()
        for owner, name in self.on_movie_pipeline_work_finished_delegate.stub_heard_by:
            getattr(owner, name)(told)

    def _told(self) -> MoviePipelineOutputData:
        raise NotImplementedError


class MoviePipeline(MoviePipelineBase):
    """Renders a job with a preset."""

    def initialize(self, job: MoviePipelineExecutorJob) -> None:
        """Start."""
        setting = job.get_configuration().output
        assert setting.use_custom_playback_range
        self._start(job, setting.custom_start_frame, setting.custom_end_frame)

    def _told(self) -> MoviePipelineOutputData:
        passes = {name: MoviePipelineRenderPassOutputData(paths) for name, paths in self._files.items()}
        return MoviePipelineOutputData(not self._is_error, shot_data=[MoviePipelineShotOutputData(passes)])


class MovieGraphPipeline(MoviePipelineBase):
    """Renders a job with a graph."""

    def initialize(self, job: MoviePipelineExecutorJob, config: MovieGraphInitConfig) -> None:
        """Start."""
        del config
        graph = job.get_graph_preset()
        assert graph is not None
        flat, _ = graph.create_flattened_graph(MovieGraphTraversalContext(job=job, root_graph=graph))
        assert flat is not None
        kind = MovieGraphGlobalOutputSettingNode
        self._start(job, *stub_range(flat.get_setting_for_branch(kind, "Globals", True, True)))

    def _told(self) -> MoviePipelineOutputData:
        layers = {name: MovieGraphRenderLayerOutputData(paths) for name, paths in self._files.items()}
        return MoviePipelineOutputData(not self._is_error, graph_data=[MovieGraphRenderOutputData(layers)])


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
        self, errored_pipeline: MoviePipelineBase | None, fatal: bool, error_reason: str
    ) -> None:
        """Say that it went wrong."""
        del errored_pipeline, fatal
        self.stub_errors.append(error_reason)

    def on_executor_finished_impl(self) -> None:
        """Say that all is done, well or not."""
        self.stub_is_over = True


def new_object(
    kind: type[MoviePipelineBase], *, outer: object, base_type: type[MoviePipelineBase]
) -> MoviePipelineBase:
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
        if MoviePipelineBase.stub_running is not None:
            MoviePipelineBase.stub_running.stub_tick()
    sys.stdout.flush()
    return 1 if executor.stub_errors else 0
