"""The button *Licensed render*, and the words under it: a frame per tick, so that Blender's window stays alive."""

from __future__ import annotations

import bpy
from trustmark_client import ClientError, FrameLoop, TrustmarkClient
from trustmark_client.node import Node, status_of

from trustmark_blender.loop import SceneFrames

TICK_SECONDS = 0.05


class TRUSTMARK_OT_render(bpy.types.Operator):  # noqa: N801 - Blender names operators so
    """Render the scene's frames under its licence"""

    bl_idname = "trustmark.render"
    bl_label = "Licensed render"

    _timer: bpy.types.Timer | None = None
    _client: TrustmarkClient | None = None
    _frames: FrameLoop | None = None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """All frames at once: for scripts, and where there is no window."""
        try:
            self._begin(context)
            for number in self._numbers:
                self._scene.render(number)
        except (ClientError, ValueError, OSError, RuntimeError) as error:
            return self._end(context, error)
        return self._end(context, None)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """A frame per tick of a timer."""
        try:
            self._begin(context)
        except (ClientError, ValueError, OSError) as error:
            return self._end(context, error)
        self._timer = context.window_manager.event_timer_add(TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """The next frame; Escape ends the render, and gives back what was not used."""
        if event.type == "ESC":
            return self._end(context, None)
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            self._scene.render(next(self._numbers))
        except StopIteration:
            return self._end(context, None)
        except (ClientError, ValueError, OSError, RuntimeError) as error:
            return self._end(context, error)
        return {"RUNNING_MODAL"}

    def _begin(self, context: bpy.types.Context) -> None:
        scene = context.scene
        told = {"licence": scene.trustmark_licence, "shot": scene.trustmark_shot}
        node = Node.of_environment(**{name: value for name, value in told.items() if value})
        self._client = node.client()
        self._frames = node.frames(
            self._client,
            scene.frame_start,
            scene.frame_end,
            engine="blender",
            version=bpy.app.version_string,
        )
        self._scene = SceneFrames(self._frames, scene)
        self._frames.__enter__()
        self._numbers = iter(self._frames)

    def _end(self, context: bpy.types.Context, error: Exception | None) -> set[str]:
        """Wait for the receipts, and say what became of it, under the button too."""
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
        if self._frames is not None:
            try:
                self._frames.__exit__(type(error) if error else None, error, None)
            except ClientError as late:
                error = late
        if self._client is not None:
            self._client.close()
        line = status_of(error)[1] if error else "every frame has its receipt"
        context.scene.trustmark_said = line
        self.report({"ERROR" if error else "INFO"}, line)
        return {"CANCELLED" if error else "FINISHED"}


class TRUSTMARK_PT_output(bpy.types.Panel):  # noqa: N801 - Blender names panels so
    """The panel among a scene's output properties."""

    bl_label = "Licensed render"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"

    def draw(self, context: bpy.types.Context) -> None:
        """Two fields, the button, and what was said last."""
        layout, scene = self.layout, context.scene
        layout.prop(scene, "trustmark_licence")
        layout.prop(scene, "trustmark_shot")
        layout.operator(TRUSTMARK_OT_render.bl_idname, icon="RENDER_ANIMATION")
        if scene.trustmark_said:
            layout.label(text=scene.trustmark_said)


_CLASSES = (TRUSTMARK_OT_render, TRUSTMARK_PT_output)
_FIELDS = {
    "trustmark_licence": ("Licence", "Id of the licence; TRUSTMARK_LICENCE where this is empty"),
    "trustmark_shot": ("Shot", "Name of the shot; TRUSTMARK_SHOT where this is empty"),
    "trustmark_said": ("Said", "What the last licensed render said"),
}


def register() -> None:
    """Classes and the scene's fields."""
    for name, (label, text) in _FIELDS.items():
        setattr(bpy.types.Scene, name, bpy.props.StringProperty(name=label, description=text))
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    """The reverse."""
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    for name in _FIELDS:
        delattr(bpy.types.Scene, name)
