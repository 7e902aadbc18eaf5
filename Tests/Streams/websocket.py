"""A WebSocket client, as little of RFC 6455 as a subscriber needs."""

import base64
import os
import socket
import struct


class Refused(Exception):
    """The server did not upgrade; `status` and `body` are what it said instead."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body[:200]!r}")
        self.status = status
        self.body = body


class Closed(Exception):
    pass


class WebSocket:
    def __init__(self, port, path, token=None, timeout=20, receive_buffer=None):
        self.buffer = b""
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(("127.0.0.1", port))
            authorization = f"Authorization: Bearer {token}\r\n" if token else ""
            key = base64.b64encode(os.urandom(16)).decode()
            self.socket.sendall((
                f"GET {path} HTTP/1.1\r\nHost: exchange\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{authorization}"
                f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
            while b"\r\n\r\n" not in self.buffer:
                self._receive()
        except OSError as error:
            raise Closed(str(error)) from error
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status != 101:
            self.socket.close()
            raise Refused(status, self.buffer)

    def _receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise Closed("closed")
        self.buffer += data

    def _exactly(self, length):
        while len(self.buffer) < length:
            self._receive()
        found, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def message(self, timeout):
        """The next text, or None when none comes in time. Raises `Closed`."""
        self.socket.settimeout(timeout)
        try:
            while True:
                kind, payload = self._frame()
                if kind == 1:
                    return payload
                if kind == 9:
                    self.send(10, payload)
                if kind == 8:
                    raise Closed(payload[2:].decode(errors="replace"))
        except TimeoutError:
            return None
        except OSError as error:
            raise Closed(str(error)) from error

    def _frame(self):
        # A time-out in the middle of a frame must leave all of it for the next call.
        while len(self.buffer) < 2:
            self._receive()
        length, start = self.buffer[1] & 127, 2
        if length > 125:
            start = 4 if length == 126 else 10
            while len(self.buffer) < start:
                self._receive()
            length = int.from_bytes(self.buffer[2:start], "big")
        while len(self.buffer) < start + length:
            self._receive()
        kind = self.buffer[0] & 15
        payload = self.buffer[start:start + length]
        self.buffer = self.buffer[start + length:]
        return kind, payload

    def send(self, kind, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        head = struct.pack("!BB", 0x80 | kind, 0x80 | len(payload))
        self.socket.sendall(head + mask + masked)

    def close(self):
        self.socket.close()
