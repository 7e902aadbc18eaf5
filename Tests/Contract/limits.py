"""What the description says of a client that asks too often."""

import os

from outages import BODIES, EXAMPLES, STREAM_HEADERS

SETTINGS = """
# One request a second from any address.
trusted_addresses = none
address_rate = 1
"""


class Limits:
    def __init__(self, stack, scenes):
        self.stack = stack
        self.scenes = scenes
        self.exchange = scenes.exchange

    def play(self):
        """nginx counts every call of an address, whatever it asks for."""
        path = os.path.join(self.stack.folder, "outcry.conf")
        with open(path, "w") as file:
            file.write(SETTINGS)
        self.reload()
        try:
            for name in self.scenes.operations:
                self.exhaust()
                self.call(name)
        finally:
            os.unlink(path)
            self.reload()

    def reload(self):
        result = self.stack.run("reload")
        if result.returncode != 0:
            raise SystemExit(f"the exchange does not reload:\n{result.stdout}")
        # nginx answers with its old settings for a moment.
        if self.stack.wait(self.is_new, 10) is None:
            raise SystemExit("nginx does not take its new settings")

    def is_new(self):
        """Whether what the file says, or says no longer, shows."""
        wants_limit = os.path.exists(os.path.join(self.stack.folder, "outcry.conf"))
        return self.exhaust() == wants_limit

    def exhaust(self):
        """Asks until it is refused, at most a few times; whether it was."""
        return any(self.stack.get("/health")[0] == 429 for _ in range(4))

    def call(self, name):
        operation = self.scenes.operations[name]
        path = {word: EXAMPLES[word] for word in EXAMPLES if "{" + word in operation.path}
        headers = {**self.scenes.headers(operation), **STREAM_HEADERS.get(name, {})}
        self.exchange.call(name, 429, BODIES.get(name), headers, **path)
