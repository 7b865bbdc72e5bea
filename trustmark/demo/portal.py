"""One person at the portal: signs in, opens pages, fills in the forms that stand there."""

from __future__ import annotations

from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import httpx

from trustmark.demo.forms import Form, Values, forms_of
from trustmark.demo.logins import Login


class PortalFailed(RuntimeError):
    """A page or form did not answer as a person would expect."""


class Portal:
    """A signed-in browser session without a browser: cookies, CSRF, the pages' own forms."""

    def __init__(self, base_url: str, login: Login) -> None:
        """Sign in by the form of the sign-in page."""
        self.login = login
        self._http = httpx.Client(base_url=base_url, follow_redirects=True, timeout=60)
        self.submit("/sign-in/", login=login.email, password=login.password)
        if "sessionid" not in self._http.cookies:
            raise PortalFailed(f"{login.email} could not sign in")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def page(self, path: str) -> httpx.Response:
        """Open a page.

        Raises:
            PortalFailed: it is not there for this person.
        """
        answer = self._http.get(path)
        if answer.status_code != httpx.codes.OK:
            raise PortalFailed(f"{self.login.name} opened {path}: status {answer.status_code}")
        return answer

    def submit(self, path: str, *, action: str = "", **fields: str | list[str]) -> httpx.Response:
        """Open ``path``, fill in the form that posts to ``action`` (or to the page itself), send it.

        Raises:
            PortalFailed: there is no such form, or the answer shows errors.
        """
        page = self.page(path)
        form = _find(page, action or page.url.path)
        return self.post(form.action, form.filled(**fields), referer=str(page.url))

    def post(self, address: str, values: Values, *, referer: str = "") -> httpx.Response:
        """Send fields as a form does, with the CSRF token of the cookie where the form had none."""
        if all(name != "csrfmiddlewaretoken" for name, _ in values):
            values = [*values, ("csrfmiddlewaretoken", self._http.cookies.get("csrftoken") or "")]
        answer = self._http.post(
            address,
            content=urlencode(values),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": referer or address},
        )
        if answer.status_code != httpx.codes.OK:
            raise PortalFailed(f"{self.login.name} sent {address}: status {answer.status_code}")
        return answer


def _find(page: httpx.Response, action: str) -> Form:
    posts = [form for form in forms_of(page.text, address=str(page.url)) if form.method == "post"]
    for form in posts:
        if httpx.URL(form.action).path == action:
            return form
    raise PortalFailed(f"{page.url.path} has no form to {action}, only {[form.action for form in posts]}")
