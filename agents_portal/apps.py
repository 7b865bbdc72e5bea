from django.apps import AppConfig


class AgentsPortalConfig(AppConfig):
    """The web portal of all human roles; it holds no models."""

    name = "agents_portal"
