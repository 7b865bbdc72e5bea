"""The executor: for each job of the queue, block after block, each a pipeline of its own over a range of frames.

Licence, shot and server come from ``TRUSTMARK_LICENCE`` and so on, as for every adapter. A job's frames are the custom
playback range of its preset or of its Movie Render Graph (:mod:`trustmark_unreal.configs`). While a block is rendered, each engine frame looks whether its leave is over,
and shuts the pipeline down if it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import unreal
from trustmark_client import TrustmarkClient
from trustmark_client.blocks import Blocks
from trustmark_client.frames import BLOCK
from trustmark_client.node import Node, status_of

from trustmark_unreal.configs import Config, config_of

# The engine looks a Python object up by its own and makes a new one when nobody holds it: ours has a state to keep.
_alive: list[LicensedExecutor] = []


@unreal.uclass()
class LicensedExecutor(unreal.MoviePipelinePythonHostExecutor):
    """Renders the queue under the node's licence; ends with an error, and one line that says why, where it may not."""

    pipeline = unreal.uproperty(unreal.MoviePipelineBase)
    queue = unreal.uproperty(unreal.MoviePipelineQueue)

    def _post_init(self) -> None:
        """Unreal makes the object."""
        _alive.append(self)
        self.pipeline = None
        self.queue = None
        self.jobs: list[unreal.MoviePipelineExecutorJob] = []
        self.client: TrustmarkClient | None = None
        self.config: Config | None = None
        self.blocks: Blocks | None = None
        self.is_stopping = False
        self.status: int | None = None

    @unreal.ufunction(override=True)
    def execute_delayed(self, pipeline_queue: unreal.MoviePipelineQueue | None) -> None:
        """Unreal asks for the queue to be rendered."""
        self.queue = pipeline_queue
        self._step(self._begin)

    @unreal.ufunction(override=True)
    def is_rendering(self) -> bool:
        """Whether a block is being rendered."""
        return self.pipeline is not None

    @unreal.ufunction(override=True)
    def on_begin_frame(self) -> None:
        """Each engine frame: give up what has no leave any more."""
        super().on_begin_frame()
        if (
            self.pipeline is not None
            and not self.is_stopping
            and self.blocks is not None
            and self.blocks.ended
        ):
            self.is_stopping = True
            self.pipeline.request_shutdown(True)

    @unreal.ufunction(ret=None, params=[unreal.MoviePipelineOutputData])
    def on_block_finished(self, results: unreal.MoviePipelineOutputData) -> None:
        """A block's pipeline is done and its files are written: receipts, then the next block."""
        self.pipeline = None
        self._step(lambda: self._finish_block(results))

    # -- steps: whatever goes wrong in one ends the job ------------------------------------------------------------

    def _step(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001  # the engine would log it and run on for ever
            self._give_up(error)

    def _begin(self) -> None:
        if self.queue is None:
            raise ValueError("there is no queue: name one with -MoviePipelineConfig=")
        self.jobs = list(self.queue.get_jobs())
        self._next_job()

    def _next_job(self) -> None:
        if not self.jobs:
            self._end()
            return
        self.config, node = config_of(self.jobs[0]), Node.of_environment()
        first, last = self.config.frames()
        self.client = self.client or node.client()
        self.client.__enter__()
        frames = node.frames(self.client, first, last, engine="unreal", version=engine_version(), block=BLOCK)
        self.blocks = Blocks(frames, last, block=BLOCK)
        self.blocks.__enter__()
        self._next_block()

    def _next_block(self) -> None:
        assert self.blocks is not None
        assert self.config is not None
        block = self.blocks.begin()
        if not block:
            self._close_job(None)
            self.jobs.pop(0)
            self._next_job()
            return
        self.config.ask_for(block)
        self.pipeline = self.config.pipeline(self.get_last_loaded_world())
        self.pipeline.on_movie_pipeline_work_finished_delegate.add_function_unique(self, "on_block_finished")
        self.config.start(self.pipeline)

    def _finish_block(self, results: unreal.MoviePipelineOutputData) -> None:
        assert self.blocks is not None
        paths = files_of(results)
        self.blocks.wrote(paths)
        if not results.success:
            raise ValueError("Unreal could not render the block: its log says why")
        if missing := self.blocks.missing(paths):
            raise ValueError(f"Unreal wrote no file of frame {missing[0]}")
        self._next_block()

    def _close_job(self, error: BaseException | None) -> None:
        """Wait for the receipts of the job and give back what it did not use."""
        blocks, self.blocks = self.blocks, None
        config, self.config = self.config, None
        try:
            if config is not None:
                config.restore()
            if blocks is not None:
                blocks.__exit__(type(error) if error else None, error, None)
        finally:
            client, self.client = self.client, None
            if client is not None:
                client.__exit__(None, None, None)

    def _give_up(self, error: Exception) -> None:
        """End the whole queue with an error; the farm's screen shows the line."""
        self.jobs = []
        try:
            self._close_job(error)
        except Exception as later:  # noqa: BLE001  # of two failures the first is the reason
            unreal.log_error(status_of(later)[1])
        self.status, line = status_of(error)
        print(line, file=sys.stderr, flush=True)
        unreal.log_error(line)
        self.on_executor_errored_impl(None, True, line)
        self.on_executor_finished_impl()

    def _end(self) -> None:
        self.status = 0
        self.on_executor_finished_impl()


def files_of(results: unreal.MoviePipelineOutputData) -> list[Path]:
    """Every file that the pipeline says it wrote: a preset's of its passes, a graph's of its layers."""
    lists = [written.file_paths for shot in results.shot_data for written in shot.render_pass_data.values()]
    lists += [
        written.file_paths for shot in results.graph_data for written in shot.render_layer_data.values()
    ]
    return [Path(path) for paths in lists for path in paths]


def engine_version() -> str:
    """``5.4.4`` of ``5.4.4-35576357+++UE5+Release-5.4``."""
    return str(unreal.SystemLibrary.get_engine_version()).partition("-")[0]
