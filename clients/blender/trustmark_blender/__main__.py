"""A farm's task: ``python -m trustmark_blender`` where bpy is a module, or the same within Blender itself.

    python -m trustmark_blender scene.blend --frames 1-25 --output //frames/sh010.####
    blender -b scene.blend --python-expr "import runpy; ..." -- --frames 1-25

Licence, shot and server come from ``TRUSTMARK_LICENCE`` and so on. Exit statuses: 3 denied, revoked in mid-shot, or the
server cannot be reached; 2 misuse; 1 receipts are missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

import bpy
from trustmark_client import ClientError
from trustmark_client.frames import BLOCK
from trustmark_client.gate_options import frames_of
from trustmark_client.node import DONE, Node, said

from trustmark_blender.loop import SceneFrames

PATIENCE_SECONDS = 2.0


def main(argv: list[str]) -> int:
    """Render under the licence; the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.blend is not None:
            bpy.ops.wm.open_mainfile(filepath=str(options.blend.resolve()))
        scene = bpy.data.scenes[options.scene] if options.scene else bpy.context.scene
        if options.output:
            scene.render.filepath = options.output
        first, last = frames_of(options.frames) if options.frames else (scene.frame_start, scene.frame_end)
        node = Node.of_environment()
        with node.client() as client:
            frames = node.frames(
                client,
                first or 0,
                last or 0,
                engine="blender",
                version=bpy.app.version_string,
                block=options.block,
            )
            SceneFrames(
                frames,
                scene,
                patience_seconds=PATIENCE_SECONDS,
                on_give_up=lambda denied: end(said(denied)),
            ).render_all()
    except (ClientError, ValueError, OSError, KeyError, RuntimeError) as error:
        return said(error)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark_blender", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "blend", type=Path, nargs="?", help="the file to open; what is open already without one"
    )
    parser.add_argument("--frames", help="1-25 or 7; the scene's own without")
    parser.add_argument("--scene")
    parser.add_argument("--output", help="path with #### for the frame; the scene's own without")
    parser.add_argument("--block", type=int, default=BLOCK, help="frames that one check asks for")
    return parser


def end(status: int) -> NoReturn:
    """End at once: bpy frees its memory when Python ends, and now and then hangs in that for ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    # within Blender itself, our own options stand behind --
    end(main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]))
