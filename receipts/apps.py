from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    name = "receipts"

    def ready(self) -> None:
        from receipts import checks, metrics  # noqa: F401  (importing checks registers them)

        metrics.register()
