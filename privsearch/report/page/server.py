"""The server of a study's page, for this machine alone, with three addresses and no files.

`/` is the page without a document, `/document.json` the document that it draws, `/status.json` the state of the study
(see `privsearch.report.page.following.Status`).
"""

import errno
import json
import logging
import socket
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from privsearch.errors import PortError
from privsearch.report.page.connections import SECONDS, Connections
from privsearch.report.page.following import Body, StudyFollower
from privsearch.report.page.html import render_following

HOST: Final = "127.0.0.1"

_NAMES: Final = (HOST, "localhost", "[::1]")
"""The names that a browser on this machine uses. Others are refused, as a stranger's page could read ours by one."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_REST_SECONDS: Final = 0.2
_log = logging.getLogger(__name__)


def listening(port: int) -> socket.socket:
    """Open a socket that listens on this machine's own interface.

    Args:
        port: the port; 0 for any free one.

    Raises:
        PortError: the port is not available.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise PortError(
            f"--port: must be a port of {HOST} that nobody else listens on, but {port} is not to be had: "
            f"{error.strerror}; choose another, or leave it out, which finds a free one"
        ) from None


def address(listener: socket.socket) -> str:
    """Return the address to open in a browser."""
    return f"http://{HOST}:{listener.getsockname()[1]}/"


class PageServer(ThreadingHTTPServer):
    """A server of one study's page."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, follower: StudyFollower) -> None:
        """Prepare to serve the follower's documents on `listener`; serving begins with `serve`."""
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.follower = follower
        self._connections = Connections()
        self._told = False
        self.hosts = {f"{name}:{self.server_address[1]}" for name in _NAMES}
        self.page = Body.of(render_following(follower.status()["study"]))

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return address(self.socket)

    @property
    def is_waiting(self) -> bool:
        """Whether no sweep has begun in the study yet."""
        return self.follower.status()["state"] == "waiting"

    def serve(self) -> None:
        """Follow the study and answer, until this process ends or `shutdown` is called."""
        threading.Thread(target=self.follower.follow, daemon=True).start()
        self.serve_forever()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; where the system has none left for this process, the oldest makes room."""
        try:
            connection, where = super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._tell(self._connections.drop_oldest())
                time.sleep(_REST_SECONDS)  # the connection still waits, and would be tried again at once
            raise
        self._tell(self._connections.add(connection))
        return connection, where

    def service_actions(self) -> None:
        """Drop the connections whose requests take too long; this is called twice a second."""
        self._tell(self._connections.drop_late())

    def close_request(self, request: Any) -> None:
        """Close a connection."""
        self._connections.remove(request)
        super().close_request(request)

    def _tell(self, dropped: int) -> None:
        if dropped and not self._told:
            self._told = True
            _log.warning(
                "the page's server drops requests that take more than %.0f s, and the oldest of more than %d at once; "
                "some program on this machine sends such ones",
                SECONDS,
                self._connections.most,
            )

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # as socketserver calls it
        """Ignore errors of a connection, as browsers hang up at any time."""
        if not isinstance(sys.exception(), OSError):
            _log.warning("a request could not be answered", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    error_content_type, error_message_format = "text/plain; charset=utf-8", "%(code)d %(message)s\n"
    timeout = SECONDS

    def do_GET(self) -> None:  # as http.server names it
        self._answer()

    def do_HEAD(self) -> None:  # likewise
        self._answer()

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        return "privsearch"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as http.server names it
        """Log nothing, as nobody reads it."""

    def _answer(self) -> None:
        if [name.lower() for name in self.headers.get_all("Host", [])] not in [[host] for host in self.server.hosts]:
            self.send_error(HTTPStatus.FORBIDDEN, "this page is for browsers on its own machine")
            return
        match self.path.partition("?")[0]:
            case "/":
                self._send(self.server.page, "text/html")
            case "/status.json":
                self.server.follower.attend()
                status = self.server.follower.status()
                self._send(Body.of(json.dumps(status | {"page": self.server.page.tag})), "application/json")
            case "/document.json" if body := self.server.follower.body:
                self._send(body, "application/json")
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, body: Body, kind: str) -> None:
        cached_tags = {tag.strip().removeprefix("W/") for tag in self.headers.get("If-None-Match", "").split(",")}
        tag = f'"{body.tag}"'
        packs = "gzip" in self.headers.get("Accept-Encoding", "")
        content = body.packed if packs else body.plain
        self.send_response(HTTPStatus.NOT_MODIFIED if tag in cached_tags else HTTPStatus.OK)
        # Weak: it names the content, packed or not.
        self.send_header("ETag", f"W/{tag}")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if tag not in cached_tags:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if packs:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if tag not in cached_tags and self.command == "GET":
            self.wfile.write(content)
