"""What a request may cost before anybody has read it: bounded size, bounded time to arrive."""

import asyncio
from typing import ClassVar, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from shared.platform.problem import PROBLEM_TYPE, Problem

# A command is a few hundred bytes; a cart of a thousand lines fits.
MAX_BODY_BYTES: Final = 65_536
# The longest token and cookies of strangers fit.
MAX_HEAD_BYTES: Final = 32_768
# A refused client may still be sending. Closing on it at once would reset the connection, and take
# the answer with it before it was read (RFC 9112, 9.6).
_LINGER_SECONDS = 2.0
_CODES: Final = {
    400: "malformed-request",
    408: "too-slow",
    413: "too-large",
    431: "too-large",
}
_MAX_PATH_BYTES = 200  # of a path that is said again in the answer


class BoundedProtocol(HttpToolsProtocol):
    """A connection that refuses what is too large (413, 431) or too slow (408), and closes.

    It does so below the application, which is then told that the client is gone: there is no
    route, no middleware and no way of sending a body that this does not see.
    """

    request_seconds: ClassVar[float]

    url: bytes = b""
    _deadline: asyncio.TimerHandle | None = None
    _refused: bool = False
    # Of the request that is arriving; `_begun` says that the application has it.
    _in_head: bool = True
    _begun: bool = False
    _head_bytes: int = 0
    _body_bytes: int = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._idle():
            # A line's end before the first line counts as no request yet, but takes time too.
            self._start_deadline()
        super().data_received(data)
        if self._in_head:
            # A header that does not end is nothing the parser tells us about.
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431)

    @override
    def on_message_begin(self) -> None:
        if not self._refused:
            self._in_head, self._begun = True, False
            self._head_bytes = self._body_bytes = 0
            self._start_deadline()
            super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._refused:
            return
        if len(self.url) + sum(len(name) + len(text) for name, text in self.headers) > (
            MAX_HEAD_BYTES
        ):
            self._refuse(431)
        elif self._announced() > MAX_BODY_BYTES:
            self._refuse(413)
        else:
            super().on_headers_complete()
            self._begun = True

    @override
    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._refused:
            return
        if self._body_bytes > MAX_BODY_BYTES:
            self._refuse(413)
        else:
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if not self._refused:
            self._end_deadline()
            super().on_message_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(400)

    def _idle(self) -> bool:
        """Tell whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _announced(self) -> int:
        # The parser has refused what is no number, and two that differ.
        lengths = (int(text) for name, text in self.headers if name == b"content-length")
        return max(lengths, default=0)

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_seconds, self._on_deadline)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if self._head_bytes or not self._in_head:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        """Answer and close; where an answer was begun, close alone."""
        self._end_deadline()
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        # On a connection with requests in a row, an earlier one's answer would get this one's.
        behind = bool(self.pipeline) or not (self._begun or self._idle())
        begun = self._begun and self.cycle.response_started
        whole = begun and self.cycle.response_complete
        if not self._idle():
            # The application hears that nobody waits for its answer.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        if behind or begun != whole:
            self.transport.close()
            return
        if not begun:
            self.transport.write(_answer(status, self.url))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def bounded(request_seconds: float) -> type[BoundedProtocol]:
    """Return the protocol whose requests may take so long to arrive."""

    class Protocol(BoundedProtocol):
        pass

    Protocol.request_seconds = request_seconds
    return Protocol


def _answer(status: int, url: bytes) -> bytes:
    path = url.partition(b"?")[0][:_MAX_PATH_BYTES].decode("ascii", "replace")
    body = Problem(status, _CODES[status]).body(path)
    head = (
        f"content-type: {PROBLEM_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[status] + head.encode() + body
