from django.apps import AppConfig


class TrustmarkConfig(AppConfig):
    """Makes our Celery application the current one, so that web processes hand work to the right broker."""

    name = "trustmark"

    def ready(self) -> None:
        from trustmark import celery  # noqa: F401  (tasks called from a request find it as the current app)
