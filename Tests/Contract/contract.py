#!/usr/bin/env python3
"""Holds a real exchange against its own description; README.md beside this says how."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "Chaos"))

from client import Exchange  # noqa: E402
from description import Description  # noqa: E402
from outages import Outages  # noqa: E402
from ports import free_port  # noqa: E402
from scenes import Scenes  # noqa: E402
from stack import Stack  # noqa: E402


class Run:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="outcry-contract-")
        # PostgreSQL runs as another user when we are root.
        os.chmod(self.folder, 0o755)
        self.stack = Stack(
            options.programs, os.path.join(self.folder, "state"), free_port())
        # An outage shows when a deadline passes.
        self.stack.environment["OUTCRY_REQUEST_DEADLINE_MS"] = "2000"
        self.problems = []

    def go(self):
        try:
            self.stack.up()
            with open(os.path.join(self.stack.folder, "admin-key")) as file:
                self.admin_key = file.read().strip()
            status, document = self.stack.get("/api/openapi.json")
            if status != 200:
                raise SystemExit(f"/api/openapi.json answers {status}")
            self.description = Description(json.loads(document))
            self.drive()
            if self.options.seconds > 0:
                self.fuzz()
        finally:
            self.stack.down()
            left = self.stack.leftovers()
            self.problems += [f"left behind: {what}" for what in left]
            shutil.rmtree(self.folder, ignore_errors=True)
        for problem in self.problems:
            print(f"PROBLEM: {problem}")
        return 1 if self.problems else 0

    def drive(self):
        exchange = Exchange(self.stack.port, self.description)
        scenes = Scenes(exchange, self.admin_key)
        scenes.play()
        Outages(self.stack, scenes).play()
        self.problems += exchange.problems
        for name, status in self.description.missing_statuses():
            self.problems.append(f"{name}: status {status} is described and never occurred")
        self.problems += self.description.missing_fields()
        print(f"{len(self.description.operations)} operations, "
              f"{len(self.description.statuses)} statuses, {len(self.description.fields)} fields "
              f"and {len(self.description.values)} values seen, as described")

    def fuzz(self):
        """Made-up requests, good and bad, for a while; the description in its strict form."""
        path = os.path.join(self.folder, "openapi.json")
        with open(path, "w") as file:
            json.dump(self.description.document, file)
        base = f"http://127.0.0.1:{self.stack.port}"
        environment = {
            **os.environ, "CONTRACT_BASE": base, "CONTRACT_ADMIN_KEY": self.admin_key,
            "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1"}
        seed = ["--seed", str(self.options.seed)] if self.options.seed else []
        result = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "schemathesis"),
             "--config-file", os.path.join(HERE, "schemathesis.toml"), "run", path,
             "--url", base, "--max-time", str(self.options.seconds), "--no-color",
             "--exclude-path-regex", "^/(stream|events)", "--continue-on-failure", *seed],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=self.options.seconds + 120)
        lines = result.stdout.splitlines()
        if result.returncode != 0:
            print(result.stdout)
            self.problems.append(f"schemathesis ends with {result.returncode}")
        else:
            print("schemathesis:", *[line.strip() for line in lines if " generated, " in line])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="where outcry lies")
    parser.add_argument("--seconds", type=int, default=60, help="of made-up requests; 0: none")
    parser.add_argument("--seed", type=int, help="of the made-up requests")
    sys.exit(Run(parser.parse_args()).go())


if __name__ == "__main__":
    main()
