"""The frame of a self-contained web page with figures: it loads nothing and runs only our scripts.

Styles, script and plotly.js stand inside it, and its content security policy forbids the network
and every script but those whose hashes it names, so that no name or message out of a database can
run.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from plotly.offline import get_plotlyjs

from dashboards.markup import Html, element, json_block, text


def page(
    title: str, body: Html, figures: Mapping[str, Any], *, script: str, styles: str = ""
) -> str:
    """Return a whole page.

    Args:
        title: of the window; plain text.
        body: what stands in it.
        figures: put into a block ``figures`` of JSON.
        script: runs after plotly.js at the end of the page.
        styles: its style sheet.
    """
    scripts = (get_plotlyjs(), script)
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(map(_hash, scripts)),
            "style-src 'unsafe-inline'",  # plotly.js writes its own styles
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n',
            element("title", text(title)),
            f"\n<style>{styles}</style>\n</head>\n<body>\n",
            body,
            json_block("figures", figures),
            *(f"\n<script>{content}</script>" for content in scripts),
            "\n</body>\n</html>\n",
        )
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
