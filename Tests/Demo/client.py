"""One account's connection to the exchange: HTTP/1.1, kept open, one request at a time."""

import asyncio
import json
import secrets


class Refused(Exception):
    def __init__(self, status, error):
        super().__init__(f"{status} {error.get('code')}: {error.get('message')}")
        self.status = status
        self.code = error.get("code")


class Client:
    def __init__(self, host, port):
        self.host = host
        self.port = port
        self.token = None
        self.reader = None
        self.writer = None
        self.turn = asyncio.Lock()
        self.sent = 0
        self.name = ""
        self.placed = 0

    async def register(self, kind):
        """A name that nobody has, and a password that nobody is told."""
        self.name = f"demo-{kind}-{secrets.token_hex(4)}"
        answer = await self.call(
            "POST", "/api/register", {"name": self.name, "password": secrets.token_urlsafe(24)})
        self.token = answer["token"]

    def fresh_id(self):
        self.placed += 1
        return f"{self.name}-{self.placed}"

    async def call(self, method, path, body=None):
        """The answer's JSON. Waits when the exchange asks for patience, and connects again when
        the connection is gone; a repeated order is known by its clientOrderId."""
        for attempt in range(20):
            async with self.turn:
                try:
                    status, headers, text = await self.exchange(method, path, body)
                except (OSError, asyncio.IncompleteReadError, ValueError):
                    self.close()
                    status, headers, text = 0, {}, b""
            if status == 0 or status in (429, 502, 503, 504):
                await asyncio.sleep(float(headers.get("retry-after", min(5, 0.2 * 2**attempt))))
                continue
            answer = json.loads(text) if text else None
            if status >= 400:
                raise Refused(status, answer["error"])
            return answer
        raise ConnectionError(f"no answer from {self.host}:{self.port}")

    async def exchange(self, method, path, body):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n"
        head += f"Content-Length: {len(content)}\r\n"
        if body is not None:
            head += "Content-Type: application/json\r\n"
        if self.token:
            head += f"Authorization: Bearer {self.token}\r\n"
        self.writer.write(head.encode() + b"\r\n" + content)
        self.sent += 1
        return await asyncio.wait_for(self.answer(), 15)

    async def answer(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        fields = (line.split(":", 1) for line in lines[1:] if line)
        headers = {name.lower(): value.strip() for name, value in fields}
        if headers.get("transfer-encoding") == "chunked":
            text = await self.chunks()
        else:
            text = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return status, headers, text

    async def chunks(self):
        text = b""
        while True:
            length = int(await self.reader.readline(), 16)
            text += await self.reader.readexactly(length)
            await self.reader.readexactly(2)
            if length == 0:
                return text

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None
