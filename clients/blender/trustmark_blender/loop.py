"""The loop that takes the place of Blender's own: leave, one frame into a draft, the draft becomes the frame, receipt.

A frame is rendered into a hidden draft beside its place and moved there at once when it is whole: what a frame that
was given up has left is removed, and never looks like a frame.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from trustmark_client import ClientError, Denied, FrameLoop

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.1


class SceneFrames:
    """Frames of a scene, each rendered under its leave.

    Args:
        patience_seconds: how long a frame may go on after its leave ended; ``None`` lets it finish, to be discarded.
        on_give_up: called, in a thread of ours, when a frame went on longer: it ends the process, as Blender cannot
            be told to end a frame.
    """

    def __init__(
        self,
        frames: FrameLoop,
        scene: bpy.types.Scene,
        *,
        patience_seconds: float | None = None,
        on_give_up: Callable[[Denied], None] | None = None,
    ) -> None:
        """Render nothing yet."""
        if scene.render.is_movie_format:
            raise ValueError("the scene writes a film: a licence counts frames, choose one file per frame")
        self._frames, self._scene = frames, scene
        self._patience, self._on_give_up = patience_seconds, on_give_up
        self._done = threading.Event()
        self._turn = threading.Lock()
        self._given_up = False
        self.draft: Path | None = None

    def render_all(self) -> None:
        """Render every frame.

        Raises:
            Denied: nothing may be rendered, or no longer.
            ClientError: receipts are missing, or wait on disk.
        """
        watcher = threading.Thread(target=self._watch, name="trustmark patience", daemon=True)
        with self._frames:
            if self._patience is not None:
                watcher.start()
            try:
                for number in self._frames:
                    self.render(number)
            finally:
                self._done.set()

    def render(self, number: int) -> Path:
        """Render one frame that was handed out, and report it; where it will lie once its receipt is on disk.

        The draft gets the frame's name then, and not before; a frame that was given up gets it with ``.discarded`` behind.
        """
        place = Path(bpy.path.abspath(self._scene.render.frame_path(frame=number)))
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = self.draft = place.with_name(f".draft.{place.name}")
        self._scene.frame_set(number)
        before = self._scene.render.filepath
        self._scene.render.filepath = str(draft)
        try:
            bpy.ops.render.render(write_still=True, scene=self._scene.name)
            with self._turn:
                if self._given_up:  # the process is about to end
                    raise Denied(self._frames.ended, f"frame {number} was given up")
                if not draft.exists():
                    raise ValueError(f"Blender wrote no frame {number}")
                self.draft = None  # the loop has it now
                self._frames.wrote(number, draft, place=place)
        finally:
            self._scene.render.filepath = before
            if self.draft is not None:
                with suppress(OSError):
                    self.draft.unlink()
        return place

    def _watch(self) -> None:
        """Give up a frame whose leave ended and that does not."""
        while not self._done.wait(POLL_SECONDS):
            if not self._frames.ended:
                continue
            if self._done.wait(self._patience):
                return
            with self._turn:
                self._given_up = True
            denied = Denied(self._frames.ended, "the frame in hand took too long and was given up")
            with suppress(ClientError):
                self._frames.__exit__(Denied, denied, None)  # receipts of the frames before it
            if self.draft is not None:
                with suppress(OSError):
                    self.draft.unlink()
            if self._on_give_up is not None:
                self._on_give_up(denied)
            return
