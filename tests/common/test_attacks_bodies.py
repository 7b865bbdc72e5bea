"""A stranger who sends a large file to a page that takes none."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories


@pytest.fixture
def spool(settings, tmp_path: Path) -> Path:
    """Where Django writes the files of forms."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    return tmp_path


@pytest.fixture
def written(spool: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files that a form's reader began to write."""
    from django.core.files.uploadhandler import TemporaryFileUploadHandler

    names: list[str] = []
    begin = TemporaryFileUploadHandler.new_file

    def note(self: TemporaryFileUploadHandler, *args: object, **kwargs: object) -> None:
        begin(self, *args, **kwargs)
        names.append(str(self.file_name))

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", note)
    return names


@pytest.mark.parametrize("path", ["/sign-in/", "/accounts/password/reset/", "/stop/", "/no-such-page/"])
def test_stranger_writes_no_file_through_a_form(db: None, written: list[str], path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/sign-in/")
    token = client.cookies["csrftoken"].value
    large = SimpleUploadedFile("large.bin", bytes(300_000))
    answer = client.post(path, {"csrfmiddlewaretoken": token, "file": large})
    assert answer.status_code == 413
    assert written == []
    small = client.post(path, {"csrfmiddlewaretoken": token, "login": "a@b.test"})
    assert small.status_code != 413


def test_upload_without_a_key_is_refused_unread(db: None, written: list[str]) -> None:
    large = SimpleUploadedFile("large.mp4", bytes(300_000))
    for path in ("/api/v1/assets", "/api/v1/watermarks/detect"):
        assert Client().post(path, {"file": large}).status_code == 401, path
    assert written == []


def test_large_api_body_is_a_problem_document(db: None) -> None:
    head = factories.bearer(factories.make_credential(factories.make_studio())[0])
    answer = Client().post(
        "/api/v1/license-requests", b" " * 300_000, content_type="application/json", headers=head
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
