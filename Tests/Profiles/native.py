"""Every profile against an exchange as `make up` starts it, or against one that runs already."""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from profiles import measure, red, table

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTCRY = os.path.join(TOP, ".build", "release", "outcry")


def outcry(environment, *words):
    done = subprocess.run(
        [OUTCRY, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment)
    return done.returncode, done.stdout


def free_port():
    with socket.socket() as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def run(state, environment, folder):
    def load(words, file):
        return outcry(
            environment, "load", *words, "--output", os.path.join(folder, file), "--state", state)
    rows = measure("make up", folder, load)
    print(table(rows))
    if red(rows):
        raise SystemExit(f"not green: {', '.join(red(rows))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", help="of an exchange that runs; else one is started for this")
    options = parser.parse_args()
    os.makedirs(os.path.join(TOP, ".build"), exist_ok=True)
    # On the disk of the checkout, where `make up` has its data too.
    folder = tempfile.mkdtemp(prefix="profiles-", dir=os.path.join(TOP, ".build"))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")}
    try:
        if options.state:
            return run(options.state, environment, folder)
        state = os.path.join(folder, "state")
        environment["OUTCRY_PORT"] = str(free_port())
        status, output = outcry(environment, "up", "--state", state)
        try:
            if status != 0:
                raise SystemExit(f"the exchange does not start:\n{output}")
            run(state, environment, folder)
        finally:
            outcry(environment, "down", "--state", state)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
