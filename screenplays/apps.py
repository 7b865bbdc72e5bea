"""The app of protected written works."""

from django.apps import AppConfig


class ScreenplaysConfig(AppConfig):
    """Registers the models of this floor."""

    name = "screenplays"
    verbose_name = "Screenplays"
