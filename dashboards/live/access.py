"""Who may see the page: this machine alone, or whoever knows the token; and what a page may load.

On a loopback address the Host header must name this machine, or a web site could point its own
name at it and read along (DNS rebinding). The cookie holds no token but a keyed hash of this
process's, so that it dies with the process.
"""

import hmac
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Request, Response, redirect, request

from dashboards.markup import Html, element, text

COOKIE = "softshare_dashboard"
LOGIN = "/login"

_SLASHES = "/\\"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_MAX_BODY_BYTES = 1 << 24


def guard(server: Flask, *, token: str | None, is_loopback: bool) -> None:
    """Let a server answer only those who may see the page.

    Args:
        server: every one of its routes is guarded.
        token: what a reader must know, or None.
        is_loopback: whether only this machine reaches it.
    """
    server.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    key = secrets.token_bytes(32)

    def refuse_strangers() -> Response | None:
        if is_loopback and _host_name(request.host) not in _LOCAL_NAMES:
            return _plain(HTTPStatus.FORBIDDEN, "This page is only for its own machine.")
        origin = request.headers.get("Origin")
        if origin not in (None, "null") and urlsplit(origin).netloc != request.host:
            return _plain(HTTPStatus.FORBIDDEN, "This page answers no other site.")
        if token is None or _is_known(request, key, token):
            return None
        return _ask(request, key, token)

    server.before_request(refuse_strangers)


def forbid_loading(server: Flask, script_hashes: list[str]) -> None:
    """Let pages load from this server only and run no script but its files and the named ones."""
    policy = "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", *script_hashes]),
            "style-src 'self' 'unsafe-inline'",  # plotly.js and React write styles of their own
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    def add(response: Response) -> Response:
        response.headers.update(headers)
        if "/_dash-component-suites/" not in request.path:
            response.headers["Cache-Control"] = "no-store"
        return response

    server.after_request(add)


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def _is_known(asked: Request, key: bytes, token: str) -> bool:
    shown = asked.cookies.get(COOKIE, "")
    return hmac.compare_digest(shown.encode(), _mark(key, token).encode())


def _mark(key: bytes, token: str) -> str:
    return hmac.new(key, token.encode(), "sha256").hexdigest()


def _ask(asked: Request, key: bytes, token: str) -> Response:
    """Take a token from the address or the form, or ask for it."""
    is_form = asked.path == LOGIN and asked.method == "POST"
    given = asked.form.get("token") if is_form else asked.args.get("token")
    if given is not None and hmac.compare_digest(given.encode(), token.encode()):
        # Without the token, which would stay in the browser's history.
        response = redirect(
            "/" if is_form else f"/{asked.path.lstrip(_SLASHES)}", HTTPStatus.SEE_OTHER
        )
        response.set_cookie(
            COOKIE, _mark(key, token), httponly=True, samesite="Lax", secure=asked.is_secure
        )
        return response  # type: ignore[return-value]  # flask's, not only werkzeug's
    if asked.method == "POST" and not is_form:
        return _plain(HTTPStatus.UNAUTHORIZED, "The token is missing: load the page again.")
    said = "That is not the token." if given is not None else "This page asks for a token."
    form = element(
        "form",
        element("label", text("Token "), _field()),
        element("button", text("Open"), type="submit"),
        method="post",
        action=LOGIN,
    )
    return Response(
        "<!DOCTYPE html>\n"
        + element(
            "html",
            element("title", text("softshare")),
            element("body", element("p", text(said)), form),
            lang="en",
        ),
        HTTPStatus.UNAUTHORIZED,
        mimetype="text/html",
    )


def _field() -> Html:
    return Html('<input type="password" name="token" autofocus autocomplete="current-password">')


def _plain(status: HTTPStatus, said: str) -> Response:
    return Response(said, status, mimetype="text/plain")
