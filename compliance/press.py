"""The process that prints: a page and the fonts as JSON on standard input, the PDF on standard output.

    {"page": "<html>...", "faces": {"file:///fonts/a.woff2": "Family"}}

Run by its path (``python -P``), so that it starts without Django. Exit codes: 0 printed, 3 the page asks for something that is not one
of the faces (its address is on standard error), else a fault.
"""

import json
import sys
from typing import Any

ASKS_FOR_MORE = 3


def main() -> int:
    """Print one page."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    given = json.load(sys.stdin)
    faces: dict[str, str] = given["faces"]
    asked: list[str] = []

    class OwnFonts(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in faces:
                asked.append(url)
                raise ValueError(url)
            return super().fetch(url, headers)

    fetcher, fonts = OwnFonts(fail_on_errors=True), FontConfiguration()
    rules = "".join(
        f'@font-face {{ font-family: "{name}"; src: url("{url}"); }}' for url, name in faces.items()
    )
    try:
        style = CSS(string=rules, font_config=fonts, url_fetcher=fetcher)
        made = HTML(string=given["page"], url_fetcher=fetcher).write_pdf(
            stylesheets=[style], font_config=fonts
        )
    except FatalURLFetchingError as error:
        print(asked[-1] if asked else error, file=sys.stderr)
        return ASKS_FOR_MORE
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
