"""HTTP over one kept connection, as little of it as the exchange's answers need.

A library would hide what matters here: whether the connection broke before any byte of an answer
(nothing is known, ask again) or in the middle of one.
"""

import socket


class Cut(Exception):
    """The connection ended without a whole answer; `received` bytes of one had arrived."""

    def __init__(self, why, received):
        super().__init__(why)
        self.why = why
        self.received = received


class Connection:
    def __init__(self, port, timeout=20):
        self.port = port
        self.timeout = timeout
        self.socket = None
        self.buffer = b""

    def request(self, method, path, token=None, body=b"", key=None):
        """Status and body of the answer. After a `Cut` the next request opens a new connection."""
        head = f"{method} {path} HTTP/1.1\r\nHost: exchange\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if key:
            head += f"Idempotency-Key: {key}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        received = 0
        try:
            if self.socket is None:
                self._open()
            self.socket.sendall(head.encode() + b"\r\n" + body)
            lines = self._until(b"\r\n\r\n").decode().split("\r\n")
            received = 1
            fields = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                fields[name.lower()] = value.strip()
            answer = self._body(fields)
            if fields.get("connection") == "close":
                self.close()
            return int(lines[0].split()[1]), answer
        except OSError as error:
            received += len(self.buffer)
            self.close()
            raise Cut(type(error).__name__, received) from error

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.buffer = b""

    def _open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("closed")
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._receive()
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def _exactly(self, length):
        while len(self.buffer) < length:
            self._receive()
        found, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def _body(self, fields):
        if fields.get("transfer-encoding") == "chunked":
            parts = []
            while length := int(self._until(b"\r\n"), 16):
                parts.append(self._exactly(length))
                self._exactly(2)
            self._exactly(2)
            return b"".join(parts)
        return self._exactly(int(fields.get("content-length", 0)))
