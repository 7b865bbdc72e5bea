from bench.baselines.plain.views import urlpatterns

__all__ = ["urlpatterns"]
