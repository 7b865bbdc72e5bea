"""A webhook goes where its owner says, and never into the server's own network: by name, number or disguise."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from common.errors import InvalidInput
from notify.addresses import AddressRefused, NameUnresolved, allowed_addresses, clean_url, is_allowed

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.9",
    "192.168.1.1",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
]
NEVER = [
    "169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
]  # fmt: skip
DISGUISED = [
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "100.64.0.1", "::127.0.0.1",
    "64:ff9b:1:7f00:0:100::", "64:ff9b:1::808:808", "::ffff:0:127.0.0.1", "fec0::1", "240.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_allowed(ip_address(text))


@pytest.mark.parametrize("text", [*PRIVATE, *NEVER, *DISGUISED])
def test_inner_addresses_are_refused(text: str) -> None:
    assert not is_allowed(ip_address(text))


def test_closed_network_allows_its_own_addresses_and_never_the_metadata_of_a_cloud(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    assert all(is_allowed(ip_address(text)) for text in PRIVATE)
    assert not any(is_allowed(ip_address(text)) for text in NEVER)


def answering(*addresses: str) -> Any:
    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    async def ask() -> list[str]:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answering(*addresses), raising=False)
        return await allowed_addresses("hooks.example.test", 443)

    return asyncio.run(ask())


def test_name_is_judged_by_every_address_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolved(monkeypatch, "93.184.215.14", "93.184.215.14") == ["93.184.215.14"]
    with pytest.raises(AddressRefused):
        resolved(monkeypatch, "93.184.215.14", "10.0.0.1")


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises((AddressRefused, NameUnresolved)):
        asyncio.run(allowed_addresses(host, 443))


def test_name_without_an_address_is_said_to_be_one() -> None:
    with pytest.raises(NameUnresolved):
        asyncio.run(allowed_addresses("nowhere.invalid", 443))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.test/x", "URL_INSECURE"),
        ("http://127.0.0.1/x", "URL_INSECURE"),
        ("ftp://hooks.example.test/x", "URL_INVALID"),
        ("https://user:pass@hooks.example.test/x", "URL_INVALID"),
        ("https://hooks.example.test/x#part", "URL_INVALID"),
        ("https:///x", "URL_INVALID"),
        ("//hooks.example.test/x", "URL_INVALID"),
        ("https://hooks.example.test:99999/x", "URL_INVALID"),
        ("https://hooks.example.test/ x", "URL_INVALID"),
        ("https://hooks.example.test/\r\nHost: other", "URL_INVALID"),
        ("https://hooks.example.test/" + "x" * 500, "URL_INVALID"),
        ("https://127.0.0.1/x", "URL_REFUSED"),
        ("https://[::1]/x", "URL_REFUSED"),
        ("https://169.254.169.254/latest/meta-data", "URL_REFUSED"),
        ("https://[::ffff:10.0.0.1]/", "URL_REFUSED"),
    ],
)
def test_url_that_may_not_be_called_is_refused_when_it_is_registered(url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_url(url)
    assert refusal.value.code == code
    assert clean_url("https://hooks.example.test:8443/a?b=c") == "https://hooks.example.test:8443/a?b=c"


def test_http_is_for_this_machine_in_a_closed_network_alone(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    assert clean_url("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080/x"
    for url in ("http://10.0.0.7/x", "http://hooks.example.test/x"):
        with pytest.raises(InvalidInput) as refusal:
            clean_url(url)
        assert refusal.value.code == "URL_INSECURE"
