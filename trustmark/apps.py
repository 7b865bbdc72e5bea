from django.apps import AppConfig


class TrustmarkConfig(AppConfig):
    """Makes our Celery application the current one, so that web processes hand work to the right broker.

    It also joins what floors beside each other ask of one another.
    """

    name = "trustmark"

    def ready(self) -> None:
        from screenplays.joining import join
        from trustmark import celery  # noqa: F401  (tasks called from a request find it as the current app)
        from trustmark.script_training import licence_lacks

        join(licence_lacks)
