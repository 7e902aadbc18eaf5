"""One exchange in containers: a project of docker-compose from the repository's own files."""

import json
import os
import subprocess
import sys
import time

from docker import TOP, Failed

sys.path.insert(0, os.path.join(TOP, "Tests", "Chaos"))
from connection import Connection, Cut  # noqa: E402
from ports import free_port  # noqa: E402


def eventually(what, seconds, condition):
    """Asks until the answer is true; the last question's own failure counts as no."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = condition()
            if answer:
                return answer
        except (Cut, Failed, ValueError, subprocess.TimeoutExpired):
            pass
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Stack:
    """Use as a context: containers, networks and volumes are gone afterwards."""

    def __init__(self, docker, file, name, **environment):
        self.docker = docker
        self.file = file
        self.project = f"outcry-{name}-{os.getpid()}"
        self.port = free_port()
        self.metrics = ["/metrics"]
        if "sharded" in file:
            self.metrics = [f"/metrics?shard={shard}" for shard in range(3)]
        # What ends with this, as whoever started it may not come so far.
        self.processes = []
        self.environment = dict(
            docker.environment, OUTCRY_TAG="test", OUTCRY_PORT=str(self.port),
            OUTCRY_ADDRESS_RATE="0", OUTCRY_LOGIN_RATE="0", **environment)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            process.kill()
        if kind is not None:
            self.show()
        self.call("down", "--volumes", "--timeout", "20", check=False)

    def compose(self, *arguments):
        return [*self.docker.composer, "--project-name", self.project, "--file",
                f"compose/{self.file}", *arguments]

    def call(self, *arguments, check=True, seconds=180):
        done = subprocess.run(
            self.compose(*arguments), capture_output=True, text=True, env=self.environment,
            cwd=TOP, timeout=seconds)
        if check and done.returncode != 0:
            said = done.stdout[-3000:] + done.stderr[-3000:]
            raise Failed(f"compose {' '.join(arguments)}\n{said}")
        return done

    def up(self, *options):
        """Returns how long it took until all parts answered."""
        start = time.monotonic()
        self.call("up", "--detach", "--no-build", *options)
        self.wait_until_ready()
        return time.monotonic() - start

    def wait_until_ready(self):
        eventually(f"{self.project} is ready", 90, self.is_ready)

    def is_ready(self):
        status, text = Connection(self.port, timeout=5).request("GET", "/ready")
        return status == 200 and b'"engine ' in text

    def show(self):
        """The end of every log, for whoever looks for what went wrong."""
        done = self.call("logs", "--no-color", "--tail", "25", check=False)
        print("\n".join(line for line in done.stdout.splitlines() if '"uri"' not in line),
              file=sys.stderr)

    # -- Containers --------------------------------------------------------------------------

    def containers(self, service):
        found = self.call("ps", "--quiet", service).stdout.split()
        return sorted(found, key=lambda one: self.docker.inspect(one, "{{.Name}}"))

    def kill(self, *containers):
        """The way a crash or the kernel does it: docker itself would take `docker kill` as a wish
        that the container stays away, and not start it again."""
        pids = [self.docker.inspect(one, "{{.State.Pid}}") for one in containers]
        for pid in pids:
            os.kill(int(pid), 9)

    def restarts(self, container):
        return int(self.docker.inspect(container, "{{.RestartCount}}"))

    @property
    def address(self):
        """Of nginx itself: a proxy of docker's stands between it and the loopback."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.docker.inspect(self.containers("nginx")[0], template) + ":8080"

    def tool(self, *arguments, service="engines", seconds=300):
        return self.call("exec", "-T", service, "outcry", *arguments, seconds=seconds).stdout

    # -- Requests ----------------------------------------------------------------------------

    def connection(self):
        return Connection(self.port)

    def register(self, name):
        account = {"name": name, "password": "correct horse battery"}
        status, text = self.connection().request(
            "POST", "/api/register", body=json.dumps(account).encode())
        if status != 201:
            raise Failed(f"cannot register: {status} {text.decode()}")
        return json.loads(text)["token"]

    def text(self, path):
        status, text = self.connection().request("GET", path)
        if status != 200:
            raise Failed(f"{path}: {status} {text.decode()}")
        return text.decode()

    def get(self, path):
        return json.loads(self.text(path))

    def book(self, symbol):
        """None when there is none now."""
        try:
            return self.get(f"/api/book/{symbol}?depth=1000")
        except (Cut, Failed):
            return None

    def backends_of_nginx(self):
        """How many different ones its sockets lead to."""
        links = self.call("exec", "-T", "nginx", "sh", "-c", "readlink /tmp/nginx/slots/*").stdout
        return len(set(links.split()))
