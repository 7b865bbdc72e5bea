"""Blender under a licence: an add-on with a button of its own, and ``python -m trustmark_blender`` for the farm.

Blender's own *Render* button stays what it is: an exception in a ``render_pre`` handler is swallowed and the frame is
rendered all the same, so handlers are no gate, and we do not pretend that they were. Frames from that button have no
receipt, and are found when the production is reconciled.
"""

bl_info = {
    "name": "Trustmark: licensed render",
    "blender": (4, 2, 0),
    "version": (0, 1, 0),
    "category": "Render",
    "location": "Properties > Output > Licensed render",
}


def register() -> None:
    """Blender enables the add-on."""
    from trustmark_blender import panel

    panel.register()


def unregister() -> None:
    """Blender disables it."""
    from trustmark_blender import panel

    panel.unregister()
