"""Notices when the machine itself stands still: a virtual one may be put aside for many seconds.

Every deadline of the exchange passes meanwhile, so what fails then says nothing about it.
"""

import json
import threading
import time

BEAT = 0.05
# Shorter ones are a busy machine, with which the exchange has to cope.
STALL = 2.0


class Pulse(threading.Thread):
    def __init__(self, log):
        super().__init__(daemon=True)
        self.log = open(log, "w")
        self.is_over = threading.Event()

    def run(self):
        last = time.monotonic()
        while not self.is_over.wait(BEAT):
            now = time.monotonic()
            if now - last > STALL:
                self.log.write(json.dumps({"from": last, "to": now}) + "\n")
            last = now

    def end(self):
        self.is_over.set()
        self.join()
        self.log.close()
