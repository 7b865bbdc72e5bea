"""What configures a job: a preset of the render queue or a Movie Render Graph; which frames, and a block of them.

Both say their frames in a range of their own whose end is exclusive. A preset has one place for it. In a graph the place is
the Global Output Settings before the Globals of its outputs, and what counts is what the engine makes of the whole graph:
subgraphs, branches and the job's variables may say otherwise. So a graph is evaluated before its frames are believed, and
again when a block was written into it: a graph that would render anything but the block renders nothing.
"""

from __future__ import annotations

from typing import Protocol

import unreal

GLOBALS = "Globals"


class Config(Protocol):
    """One job's frames."""

    def frames(self) -> tuple[int, int]:
        """First and last frame of the job.

        Raises:
            ValueError: it has no range of its own, or none that can be counted.
        """

    def ask_for(self, block: range) -> None:
        """Write down that these frames are to be rendered.

        Raises:
            ValueError: others would be.
        """

    def pipeline(self, outer: object) -> unreal.MoviePipelineBase:
        """What renders the job, not yet started."""

    def start(self, pipeline: unreal.MoviePipelineBase) -> None:
        """Render what was asked for."""

    def restore(self) -> None:
        """Put the range back as it was: jobs of a queue may share a graph."""


def config_of(job: unreal.MoviePipelineExecutorJob) -> Config:
    """The configuration that the engine uses for a job."""
    return GraphConfig(job) if job.is_using_graph_configuration() else PresetConfig(job)


class PresetConfig:
    """A preset of the render queue."""

    def __init__(self, job: unreal.MoviePipelineExecutorJob) -> None:
        """Look at nothing yet."""
        self._job = job
        self._before: tuple[int, int] | None = None

    @property
    def _settings(self) -> unreal.MoviePipelineOutputSetting:
        return self._job.get_configuration().find_or_add_setting_by_class(unreal.MoviePipelineOutputSetting)

    def frames(self) -> tuple[int, int]:
        """See :class:`Config`."""
        settings = self._settings
        if not settings.use_custom_playback_range:
            raise ValueError(
                "the job names no frames: set Use Custom Playback Range, a licence counts frames"
            )
        _refuse_uncounted(
            settings.handle_frame_count,
            settings.frame_number_offset,
            is_rate_own=settings.use_custom_frame_rate,
        )
        return _range(settings.custom_start_frame, settings.custom_end_frame)

    def ask_for(self, block: range) -> None:
        """See :class:`Config`."""
        settings = self._settings
        self._before = self._before or (settings.custom_start_frame, settings.custom_end_frame)
        settings.custom_start_frame, settings.custom_end_frame = block[0], block[-1] + 1
        self._job.get_configuration().initialize_transient_settings()

    def pipeline(self, outer: object) -> unreal.MoviePipelineBase:
        """See :class:`Config`."""
        return unreal.new_object(unreal.MoviePipeline, outer=outer, base_type=unreal.MoviePipelineBase)

    def start(self, pipeline: unreal.MoviePipelineBase) -> None:
        """See :class:`Config`."""
        assert isinstance(pipeline, unreal.MoviePipeline)
        pipeline.initialize(self._job)

    def restore(self) -> None:
        """See :class:`Config`."""
        if self._before is not None:
            self._settings.custom_start_frame, self._settings.custom_end_frame = self._before


class GraphConfig:
    """A Movie Render Graph."""

    def __init__(self, job: unreal.MoviePipelineExecutorJob) -> None:
        """Look at nothing yet."""
        self._job = job
        self._before: dict[str, int | None] | None = None

    def frames(self) -> tuple[int, int]:
        """See :class:`Config`."""
        if any(shot.get_graph_preset() is not None for shot in self._job.shot_info):
            raise ValueError("a shot of the job has a graph of its own: give the job one graph for all")
        settings = self._evaluated()
        start, end = (_bound_of(settings, side) for side in ("start", "end"))
        if start is None or end is None:
            raise ValueError(
                "the job names no frames: set Custom Playback Range Start and End in the graph's Global Output"
                " Settings, a licence counts frames"
            )
        _refuse_uncounted(
            settings.handle_frame_count if settings.override_handle_frame_count else 0,
            settings.frame_number_offset if settings.override_frame_number_offset else 0,
            is_rate_own=settings.override_output_frame_rate,
        )
        return _range(start, end)

    def ask_for(self, block: range) -> None:
        """See :class:`Config`."""
        node = self._node()
        self._before = self._before or {side: _bound_of(node, side) for side in ("start", "end")}
        _bind(node, "start", block[0])
        _bind(node, "end", block[-1] + 1)
        if self.frames() != (block[0], block[-1]):
            raise ValueError(
                "the graph's frames are not those of its Global Output Settings: a subgraph, a branch or a variable"
                " says otherwise"
            )

    def pipeline(self, outer: object) -> unreal.MoviePipelineBase:
        """See :class:`Config`."""
        return unreal.new_object(unreal.MovieGraphPipeline, outer=outer, base_type=unreal.MoviePipelineBase)

    def start(self, pipeline: unreal.MoviePipelineBase) -> None:
        """See :class:`Config`."""
        assert isinstance(pipeline, unreal.MovieGraphPipeline)
        pipeline.initialize(self._job, unreal.MovieGraphInitConfig())

    def restore(self) -> None:
        """See :class:`Config`."""
        for side, value in (self._before or {}).items():
            _bind(self._node(), side, value)

    def _node(self) -> unreal.MovieGraphGlobalOutputSettingNode:
        """The Global Output Settings that stand next to the graph's outputs."""
        node: unreal.MovieGraphNode | None = self._graph.get_output_node()
        label = GLOBALS
        while node is not None and not isinstance(node, unreal.MovieGraphGlobalOutputSettingNode):
            pin = node.get_input_pin(label)
            before = list(pin.get_connected_nodes()) if pin is not None else []
            node, label = before[0] if len(before) == 1 else None, ""
        if node is None:
            raise ValueError("no Global Output Settings stand before the graph's Globals: add them there")
        return node

    @property
    def _graph(self) -> unreal.MovieGraphConfig:
        graph = self._job.get_graph_preset()
        if graph is None:
            raise ValueError("the job is configured by a render graph and has none")
        return graph

    def _evaluated(self) -> unreal.MovieGraphGlobalOutputSettingNode:
        """What the engine makes of the graph for this job."""
        context = unreal.MovieGraphTraversalContext()
        context.job, context.root_graph = self._job, self._graph
        context.shot_index, context.shot_count = 0, max(1, len(self._job.shot_info))
        flat, error = self._graph.create_flattened_graph(context)
        if flat is None:
            raise ValueError(f"the graph cannot be evaluated: {error}")
        kind = unreal.MovieGraphGlobalOutputSettingNode
        found = flat.get_setting_for_branch(kind, GLOBALS, True, True)
        assert isinstance(found, kind)
        return found


def _bound_of(node: unreal.MovieGraphGlobalOutputSettingNode, side: str) -> int | None:
    """What a node says of its range's ``start`` or ``end``: since 5.6 a bound of its kind, before it a number."""
    name = f"custom_playback_range_{side}"
    if hasattr(unreal, "MovieGraphSequencePlaybackRangeBound"):
        bound = node.get_editor_property(name)
        is_told = node.get_editor_property(f"override_{name}")
        is_told = is_told and bound.type == unreal.MovieGraphSequenceRangeType.CUSTOM
        return int(bound.value) if is_told else None
    is_told = node.get_editor_property(f"override_{name}_frame")
    return int(node.get_editor_property(f"{name}_frame")) if is_told else None


def _bind(node: unreal.MovieGraphGlobalOutputSettingNode, side: str, value: int | None) -> None:
    name = f"custom_playback_range_{side}"
    if hasattr(unreal, "MovieGraphSequencePlaybackRangeBound"):
        kind = unreal.MovieGraphSequenceRangeType.CUSTOM
        told = unreal.MovieGraphSequencePlaybackRangeBound(type=kind, value=value or 0)
        node.set_editor_property(name, told)
        node.set_editor_property(f"override_{name}", value is not None)
    else:
        node.set_editor_property(f"{name}_frame", value or 0)
        node.set_editor_property(f"override_{name}_frame", value is not None)


def _refuse_uncounted(handles: int, offset: int, *, is_rate_own: bool) -> None:
    if handles:
        raise ValueError("handles are frames that nobody asked for: set Handle Frame Count to 0")
    if offset:
        raise ValueError("files would have other numbers than frames: set Frame Number Offset to 0")
    if is_rate_own:
        raise ValueError("a frame rate of the job's own makes other frames: give the sequence that rate")


def _range(first: int, end: int) -> tuple[int, int]:
    first, last = int(first), int(end) - 1
    if last < first or first < 0:
        raise ValueError(f"frames {first} to {last} are no range")
    return first, last
