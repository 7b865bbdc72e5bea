"""``make bench``: start a database and a web server of our own, measure, write docs/benchmarks.md.

python bench/run.py            # everything, some minutes
python bench/run.py --quick    # a tenth of it, to see that it works; writes nothing
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

import httpx  # noqa: E402
import psutil  # noqa: E402

from bench import ledger  # noqa: E402
from trustmark.embedded.ports import free_port  # noqa: E402
from trustmark.embedded.testing import TestServers  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work; writes nothing")
    quick = parser.parse_args().quick
    with _house() as bench:
        figures = _ledger(bench, 10 if quick else 1)
    page = _page(figures)
    print(page)
    if not quick:
        PAGE.write_text(page, encoding="utf-8")
    return 0


def _ledger(bench: ledger.Bench, less: int) -> list[ledger.Figure]:
    ledger.noop(bench, ledger.CHECK_CLIENTS, 20)  # warm
    many = ledger.checks(bench, max(3, 150 // less), one_token=False)
    return [
        ledger.noop(bench, ledger.CHECK_CLIENTS, max(20, 400 // less)),
        many,
        ledger.checks(bench, max(3, 150 // less), one_token=True),
        ledger.raw_copy(bench, max(2, 10 // less)),
        ledger.receipts(bench, 1, max(1, 10 // less)),
        ledger.receipts(bench, 2, max(1, 8 // less)),
    ]


@contextmanager
def _house() -> Iterator[ledger.Bench]:
    """PostgreSQL, the migrated database and granian, in a scratch folder; all stopped at the end."""
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    servers = TestServers()
    servers.announce()
    folder = Path(tempfile.mkdtemp(prefix="tm-bench-", dir=servers.folder))
    port = free_port()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "trustmark.settings",
        "TRUSTMARK_BASE_URL": f"http://127.0.0.1:{port}",
        "STORAGE_URL": f"file://{folder}",
        "TRUSTMARK_MARK_KEY": os.urandom(32).hex(),
        # set-up speaks through the test client of Django
        "TRUSTMARK_ALLOWED_HOSTS": "127.0.0.1,testserver",
    }
    web = None
    try:
        servers.need(servers.postgres)
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
        web = psutil.Popen(
            [
                sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port",
                str(port), "--workers", "2", "--blocking-threads", "8", "--no-ws", "--log-level", "warning",
                "trustmark.wsgi:application",
            ],
            cwd=ROOT,
        )  # fmt: skip
        url = os.environ["TRUSTMARK_BASE_URL"]
        _wait(url)
        import django

        django.setup()
        yield ledger.Bench(url, psutil.Process(web.pid), os.environ["DATABASE_URL"])
    finally:
        if web is not None:
            web.terminate()
            web.wait(20)
        servers.stop()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the web server did not come up")


def _page(figures: list[ledger.Figure]) -> str:
    noop, many, one, copy, *batches = figures
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Rates depend on the machine and on what else it does; compare ratios of one run.",
        (
            f"This run: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
            f"load {os.getloadavg()[0]:.1f} at its end."
        ),
        "CPU is the server's side alone (web workers and PostgreSQL), for one request or row.",
        "The check goes through Django, DRF and the ORM, statement by statement; docs/design/ledger.md says why the",
        "tables are shaped for a faster path that is not built yet.",
        "",
        "| what | a second | CPU µs each | p99 ms |",
        "| --- | --- | --- | --- |",
    ]
    for figure in figures:
        p99 = f"{figure.p99_ms:.0f}" if figure.p99_ms else ""
        lines.append(f"| {figure.name} | {figure.number:,.0f} {figure.per} | {figure.cpu_us:,.1f} | {p99} |")
    ratios = [
        ("check against the no-op", many, noop),
        ("checks of one token against those of many", one, many),
        *((f"{batch.name} against raw COPY", batch, copy) for batch in batches),
    ]
    lines += ["", "| ratio of this run | by wall | by CPU |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {ours.number / theirs.number:.2f} | {theirs.cpu_us / ours.cpu_us:.2f} |"
        for name, ours, theirs in ratios
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
