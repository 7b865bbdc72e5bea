"""The deployment's routes and ``/bench/noop``, which comes first so that finding it costs nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from trustmark import urls


def noop(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bench/noop", noop), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
