"""compose/monitoring against a Prometheus that watches a real exchange."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
KIT = os.path.join(TOP, "compose", "monitoring")
sys.path.insert(0, os.path.join(TOP, "Tests", "Benchmarks", "Suite"))

import measure  # noqa: E402
from stack import ENVIRONMENT, Stack, free_port  # noqa: E402

# Which names of Prometheus' own the rules use.
OWN = {"up", "ALERTS"}
DEADLINE = 180


def read(*path):
    with open(os.path.join(KIT, *path), encoding="utf-8") as file:
        return file.read()


def recorded():
    return re.findall(r"^ *- record: (\S+)", read("rules.yml"), re.M)


def alerts():
    return re.findall(r"^ *- alert: (\S+)", read("rules.yml"), re.M)


def dashboard_queries():
    """With the dashboard's variables as Grafana would fill them in."""
    board = json.loads(read("dashboard.json"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$symbol", ".*")


def names_in(text):
    """Names of metrics and of recorded rules. `symbol` in a label's value is no metric."""
    return set(re.findall(r"\boutcry(?:_[a-z0-9_]+|:[a-z0-9_]+:[a-z0-9_]+)", text))


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


class Files(unittest.TestCase):
    """What needs nothing running."""

    def tool(self, *words):
        done = subprocess.run(["promtool", *words], cwd=KIT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_prometheus_understands_the_configuration(self):
        self.tool("check", "config", "prometheus.yml")

    def test_alerts_fire_and_keep_still(self):
        self.tool("test", "rules", "rules_test.yml")

    def test_no_alert_is_without_a_test(self):
        self.assertGreater(len(alerts()), 15)
        tests = read("rules_test.yml")
        self.assertEqual([name for name in alerts() if name not in tests], [])

    def test_every_alert_says_what_to_do(self):
        for name in ("severity: ", "summary: ", "action: "):
            self.assertEqual(read("rules.yml").count(name), len(alerts()), name)

    def test_panels_have_numbers_of_their_own_and_do_not_overlap(self):
        taken = set()
        panels = json.loads(read("dashboard.json"))["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken.add((x, y))


class Running(unittest.TestCase):
    """An exchange under load, and `make monitor` beside it."""

    @classmethod
    def setUpClass(cls):
        os.makedirs(os.path.join(TOP, ".build"), exist_ok=True)
        cls.folder = tempfile.TemporaryDirectory(prefix="mon-", dir=os.path.join(TOP, ".build"))
        cls.addClassCleanup(cls.folder.cleanup)
        cls.stack = Stack(os.path.join(cls.folder.name, "1"))
        cls.addClassCleanup(cls.stack.down)
        cls.stack.up(1)
        # A little of everything, for as long as the rates need.
        cls.load = measure.Beside(cls.stack, "mixed", ["--rate", "100"])
        cls.addClassCleanup(cls.load.end)
        cls.port = free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        cls.monitor = subprocess.Popen(
            [os.path.join(KIT, "run")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=ENVIRONMENT | {"OUTCRY_STATE_DIR": cls.stack.state,
                               "MONITOR_PORT": str(cls.port)})
        cls.addClassCleanup(cls.end_monitor)

    @classmethod
    def end_monitor(cls):
        cls.monitor.terminate()
        cls.monitor.communicate(timeout=40)

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        return json.loads(fetch(f"{self.url}/api/v1/{path}?{query}"))["data"]

    def value(self, query):
        return self.ask("query", query=query)["result"]

    def eventually(self, what, condition):
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except (urllib.error.URLError, OSError):
                pass
            self.assertIsNone(self.monitor.poll(), "make monitor has ended")
            time.sleep(0.5)
        self.fail(f"{what}: not within {DEADLINE} s")

    def told(self):
        """Names of series that the exchange tells."""
        found = set()
        for name, kind in re.findall(
                r"^# TYPE (\S+) (\S+)", fetch(f"{self.stack.url}/metrics"), re.M):
            ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            found |= {name + end for end in ends}
        return found

    def test_every_name_that_is_asked_for_is_told(self):
        known = self.told() | set(recorded())
        for file in ("rules.yml", "rules_test.yml", "dashboard.json"):
            names = names_in(read(file))
            self.assertTrue(names, file)
            self.assertEqual(names - known, set(), file)
        # The console builds the names of buckets from those of histograms.
        console = names_in(read("consoles", "outcry.html"))
        self.assertEqual({n for n in console if n not in known and f"{n}_bucket" not in known},
                         set())

    def test_every_rule_has_something_to_say(self):
        self.eventually("the exchange is seen", lambda: self.value('up{job="outcry"} == 1'))
        for name in recorded():
            self.eventually(name, lambda: self.value(name))
        groups = self.ask("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(len(rules), len(alerts()) + len(recorded()))
        self.assertEqual([r["name"] for r in rules if r["health"] != "ok"], [])

    def test_every_panel_has_something_to_show(self):
        # What is rare on purpose shows nothing here.
        quiet = {"Refusals by code", "Age of snapshots"}
        self.eventually("rates", lambda: self.value("outcry:order_seconds:p99_1m"))
        for title, query in dashboard_queries():
            if title in quiet:
                self.value(query)
            else:
                self.eventually(title, lambda: self.value(query))

    def test_the_console_is_served_to_this_machine_only(self):
        self.eventually("the console", lambda: "<h1>Outcry</h1>" in fetch(
            f"{self.url}/consoles/outcry.html"))
        with open("/proc/net/tcp", encoding="utf-8") as lines:
            wanted = f":{self.port:04X} 00000000:0000 0A"
            self.assertEqual([line.split()[1].split(":")[0] for line in lines if wanted in line],
                             ["0100007F"])
        with open("/proc/net/tcp6", encoding="utf-8") as lines:
            self.assertEqual([line for line in lines if f":{self.port:04X} " in line], [])

    def test_ending_it_ends_prometheus(self):
        """Another one beside the first, so that the order of tests does not matter."""
        port = free_port()
        state = os.path.join(self.folder.name, "2")
        os.makedirs(state)
        other = subprocess.Popen(
            [os.path.join(KIT, "run")], stdout=subprocess.PIPE, text=True,
            env=ENVIRONMENT | {"OUTCRY_STATE_DIR": state, "MONITOR_PORT": str(port)})
        self.assertIn(f"http://127.0.0.1:{port}/consoles/outcry.html", other.stdout.readline())
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=40)
        with self.assertRaises(urllib.error.URLError):
            fetch(f"http://127.0.0.1:{port}/-/ready")


class Sharded(unittest.TestCase):
    """Two shards behind one nginx."""

    def test_each_shard_is_asked_and_says_the_same_every_time(self):
        folder = tempfile.TemporaryDirectory(prefix="mon-", dir=os.path.join(TOP, ".build"))
        self.addCleanup(folder.cleanup)
        stack = Stack(os.path.join(folder.name, "1"))
        self.addCleanup(stack.down)
        stack.up(1, databases=2)

        def engines(shard):
            text = fetch(f"{stack.url}/metrics{shard}")
            return set(re.findall(r'^outcry_engine_up\{symbol="([^"]+)"\} 1', text, re.M))

        first, second = engines("?shard=0"), engines("?shard=1")
        self.assertEqual(len(first) + len(second), len(stack.symbols()))
        self.assertFalse(first & second)
        for _ in range(10):
            self.assertEqual(engines(""), first)
        port = free_port()
        monitor = subprocess.Popen(
            [os.path.join(KIT, "run")], stdout=subprocess.PIPE, text=True,
            env=ENVIRONMENT | {"OUTCRY_STATE_DIR": stack.state, "MONITOR_PORT": str(port)})
        self.addCleanup(monitor.communicate, timeout=40)
        self.addCleanup(monitor.terminate)
        self.assertIn("/consoles/outcry.html", monitor.stdout.readline())
        deadline = time.monotonic() + DEADLINE
        query = urllib.parse.urlencode({"query": 'up{job="outcry"} == 1'})
        shards = []
        while len(shards) < 2 and time.monotonic() < deadline:
            answer = fetch(f"http://127.0.0.1:{port}/api/v1/query?{query}")
            shards = [each["metric"]["shard"] for each in json.loads(answer)["data"]["result"]]
            time.sleep(0.5)
        self.assertEqual(sorted(shards), ["0", "1"])


if __name__ == "__main__":
    unittest.main()
