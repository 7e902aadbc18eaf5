"""A client of server-sent events, as little of the HTML standard as a subscriber needs."""

import socket

from websocket import Closed, Refused


class EventSource:
    """Hands on what comes like a `WebSocket`."""

    def __init__(self, port, path, token=None, timeout=20):
        self.buffer = b""
        # The decoded body: nginx sends it in chunks.
        self.text = b""
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
            authorization = f"Authorization: Bearer {token}\r\n" if token else ""
            self.socket.sendall((
                f"GET {path} HTTP/1.1\r\nHost: exchange\r\nAccept: text/event-stream\r\n"
                f"{authorization}\r\n").encode())
            head = self._line(b"\r\n\r\n").lower()
        except OSError as error:
            raise Closed(str(error)) from error
        status = int(head.split()[1])
        if status != 200 or b"content-type: text/event-stream" not in head:
            self.socket.close()
            raise Refused(status, head)
        self.isChunked = b"transfer-encoding: chunked" in head

    def _receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise Closed("closed")
        self.buffer += data

    def _line(self, end):
        while end not in self.buffer:
            self._receive()
        line, _, self.buffer = self.buffer.partition(end)
        return line

    def _body(self):
        """Takes what there is of the body, waiting for some. Nothing is lost by a time-out."""
        if not self.isChunked:
            if not self.buffer:
                self._receive()
            self.text, self.buffer = self.text + self.buffer, b""
            return
        while True:
            size, found, rest = self.buffer.partition(b"\r\n")
            if found:
                length = int(size.split(b";")[0], 16)
                if length == 0:
                    raise Closed("ended")
                if len(rest) >= length + 2:
                    self.text += rest[:length]
                    self.buffer = rest[length + 2:]
                    return
            self._receive()

    def message(self, timeout):
        """The next event's data, or None when none comes in time. Raises `Closed`."""
        self.socket.settimeout(timeout)
        try:
            while True:
                event, found, rest = self.text.replace(b"\r\n", b"\n").partition(b"\n\n")
                if not found:
                    self._body()
                    continue
                self.text = rest
                data = [line[5:].removeprefix(b" ") for line in event.split(b"\n")
                        if line.startswith(b"data:")]
                if data:
                    return b"\n".join(data)
        except TimeoutError:
            return None
        except OSError as error:
            raise Closed(str(error)) from error

    def close(self):
        self.socket.close()
