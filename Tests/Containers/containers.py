#!/usr/bin/env python3
"""Runs the scenarios with real containers and the repository's own compose files.

Docker's server is the one that runs; when there is none, and the user is root, one is started that
keeps to .build/docker. Images of others that cannot be pulled are replaced by stand-ins.
"""

import argparse
import signal
import sys
import time

import scenarios
from docker import Docker, Failed


def main():
    names = [scenario.__name__ for scenario in scenarios.ALL]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="*", choices=[[], *names], help="all without a name")
    parser.add_argument("--no-build", action="store_true", help="take the images that are there")
    options = parser.parse_args()
    # Contexts end in good order when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    failed = []
    with Docker() as docker:
        if not options.no_build:
            start = time.monotonic()
            docker.build_images()
            print(f"images: {time.monotonic() - start:.0f} s", flush=True)
        for scenario in scenarios.ALL:
            if options.scenario and scenario.__name__ not in options.scenario:
                continue
            print(f"{scenario.__name__}: {scenario.__doc__}", flush=True)
            start = time.monotonic()
            try:
                scenario(docker)
                print(f"  passed in {time.monotonic() - start:.0f} s", flush=True)
            except Failed as failure:
                print(f"  FAILED: {failure}", flush=True)
                failed.append(scenario.__name__)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        raise SystemExit(str(failure)) from None
