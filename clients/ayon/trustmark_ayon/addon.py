"""How AYON finds the publish plug-ins. Not run by us: AYON's core comes from its own server, not from PyPI."""

from __future__ import annotations

from pathlib import Path

from ayon_core.addon import AYONAddon, IPluginPaths


class TrustmarkAddon(AYONAddon, IPluginPaths):
    """The add-on: its publish plug-ins, for every host."""

    name = "trustmark"
    version = "0.1.0"

    def get_plugin_paths(self) -> dict[str, list[str]]:
        """The folder of the validator."""
        return {"publish": [str(Path(__file__).parent / "plugins" / "publish")]}
