"""A subscriber that takes nothing, beside one that takes everything."""

import socket
import time

from websocket import Closed, WebSocket

CHANNEL = "trades.AAPL"
MESSAGES = 64
SIZE = 256 << 10
START = b'{"number":'


class Sleeper:
    """nginx must let go of it, and nobody else may notice.

    What is published goes straight to nginx: the exchange itself would take minutes to say as much
    as the buffers of a connection hold.
    """

    def __init__(self, port, publish_socket):
        self.started = time.monotonic()
        self.asleep = WebSocket(port, f"/stream?streams={CHANNEL}", receive_buffer=4096)
        awake = WebSocket(port, f"/stream?streams={CHANNEL}")
        with socket.socket(socket.AF_UNIX) as publisher:
            publisher.connect(publish_socket)
            publisher.settimeout(10)
            for number in range(MESSAGES):
                body = START + f'{number:08},"filler":"'.encode()
                body += b"x" * (SIZE - len(body) - 2) + b'"}'
                publisher.sendall(
                    f"POST /publish/{CHANNEL} HTTP/1.1\r\nHost: x\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = publisher.recv(4096)
                if answer.split()[1] not in (b"201", b"202"):
                    raise SystemExit(f"not published: {answer!r}")
        self.heard = 0
        while self.heard < MESSAGES and (number := self._next(awake, 20)) == self.heard:
            self.heard += 1
        awake.close()

    def _next(self, subscriber, seconds):
        """The next message's number, None when none comes. What the exchange itself says to all
        may come in between."""
        while (text := subscriber.message(seconds)) is not None:
            if text.startswith(START):
                return int(text[len(START):len(START) + 8])
        return None

    def faults(self):
        """To be asked when nginx has had its time to lose patience."""
        if self.heard != MESSAGES:
            yield f"a subscriber beside a sleeping one heard {self.heard} of {MESSAGES} messages"
        time.sleep(max(0, self.started + 25 - time.monotonic()))
        heard = 0
        try:
            while self._next(self.asleep, 1) is not None:
                heard += 1
            yield f"a subscriber that took nothing is connected still, {heard} messages later"
        except Closed:
            if heard == MESSAGES:
                yield "a subscriber that took nothing got everything: the test proves nothing"
