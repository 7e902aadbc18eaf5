"""The docker that the tests use: the one that runs, or else one of their own."""

import os
import shutil
import signal
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGES = ["debian:bookworm-slim", "swift:6.3-bookworm", "postgres:15-bookworm", "redis:7-bookworm"]


class Failed(Exception):
    """A command or an expectation; the text is for people."""


def tool(name):
    """Debian's client comes first: another one in the path may be too new for Debian's server."""
    for folder in ["/usr/bin", *os.environ["PATH"].split(":")]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    return None


class Docker:
    """Use as a context: a server that was started for the tests ends with them. Its images stay in
    .build/docker, which spares the next run most of its time."""

    def __init__(self):
        self.client = tool("docker")
        if self.client is None:
            raise Failed("docker is not installed (Debian: docker.io docker-compose debootstrap)")
        self.environment = dict(os.environ, DOCKER_BUILDKIT="0", COMPOSE_DOCKER_CLI_BUILD="0")
        self.server = None
        self.composer = self._composer()

    def _composer(self):
        if tool("docker-compose"):
            return [tool("docker-compose")]
        if self.call("compose", "version").returncode == 0:
            return [self.client, "compose"]
        raise Failed("docker-compose is not installed")

    def __enter__(self):
        if self.call("info").returncode != 0:
            self._start_server()
        return self

    def __exit__(self, *_):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(60)
            except subprocess.TimeoutExpired:
                self.server.kill()

    def _start_server(self):
        if os.geteuid() != 0:
            raise Failed("no docker runs, and only root can start one")
        folder = os.path.join(TOP, ".build", "docker")
        os.makedirs(folder, exist_ok=True)
        address = f"unix://{folder}/socket"
        with open(os.path.join(folder, "log"), "w") as log:
            self.server = subprocess.Popen(
                [shutil.which("dockerd") or "/usr/sbin/dockerd", "--host", address,
                 "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
                 "--pidfile", f"{folder}/pid"],
                stdout=log, stderr=log, start_new_session=True)
        self.environment["DOCKER_HOST"] = address
        for _ in range(300):
            if self.call("info").returncode == 0:
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        self.__exit__()
        raise Failed(f"dockerd does not start: see {folder}/log")

    def call(self, *arguments, seconds=60, **options):
        return subprocess.run(
            [self.client, *arguments], capture_output=True, text=True, env=self.environment,
            timeout=seconds, cwd=TOP, **options)

    def do(self, *arguments, **options):
        done = self.call(*arguments, **options)
        if done.returncode != 0:
            said = done.stdout[-3000:] + done.stderr[-3000:]
            raise Failed(f"docker {' '.join(arguments)}\n{said}")
        return done.stdout.strip()

    # -- Images ------------------------------------------------------------------------------

    def build_images(self):
        options = [self.client]
        if "DOCKER_HOST" in self.environment:
            options += ["--host", self.environment["DOCKER_HOST"]]
        done = subprocess.run(
            [os.path.join(TOP, "Tests", "Containers", "stand-ins"), *IMAGES],
            env=dict(self.environment, DOCKER=" ".join(options)))
        if done.returncode != 0:
            raise Failed("the images that ours begin with are missing")
        for target, tag in (("outcry", "outcry:test"), ("nginx", "outcry-nginx:test")):
            self.do("build", "--file", "compose/Dockerfile", "--target", target, "--tag", tag,
                    ".", seconds=1800)

    def inspect(self, name, template):
        return self.do("inspect", "--format", template, name)
