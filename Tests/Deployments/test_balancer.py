"""compose/image/shards: what it asks Kubernetes for, tried with an API that is made up."""

import http.server
import json
import os
import subprocess
import tempfile
import threading
import unittest

from kubernetes_files import TOP

PREFIX = "/apis/apps/v1/namespaces/somewhere/statefulsets/"


class Cluster:
    """Remembers replicas; answers as an API server does, for those who have the token."""

    def __init__(self, **replicas):
        self.replicas = replicas
        self.changes = []
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def name(self):
                if self.headers["Authorization"] != "Bearer secret":
                    return self.send_error(401)
                name = self.path.removeprefix(PREFIX).removesuffix("/scale")
                return name if name in cluster.replicas else self.send_error(404)

            def answer(self, name):
                # Zero is left out, as every zero is; there is a number of those that are there too.
                count = cluster.replicas[name]
                spec = {"replicas": count} if count else {}
                body = json.dumps(
                    {"kind": "Scale", "apiVersion": "autoscaling/v1",
                     "metadata": {"name": name, "namespace": "somewhere"}, "spec": spec,
                     "status": {"replicas": 9, "selector": "a=b"}}, indent=2).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                name = self.name()
                if name:
                    self.answer(name)

            def do_PATCH(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Content-Type"] == "application/merge-patch+json"
                name = self.name()
                if name:
                    cluster.replicas[name] = body["spec"]["replicas"]
                    cluster.changes.append((name, cluster.replicas[name]))
                    self.answer(name)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, *arguments, token="secret"):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {"token": token, "namespace": "somewhere", "ca.crt": ""}.items():
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            return subprocess.run(
                [os.path.join(TOP, "compose", "image", "shards"), *arguments],
                capture_output=True, text=True,
                env={"PATH": os.environ["PATH"], "KUBERNETES_CREDENTIALS": folder,
                     "KUBERNETES_API": f"http://127.0.0.1:{self.server.server_port}"})


class Shards(unittest.TestCase):
    def cluster(self, **replicas):
        cluster = Cluster(**replicas)
        self.addCleanup(cluster.server.server_close)
        self.addCleanup(cluster.server.shutdown)
        return cluster

    def test_prints_how_many_there_are_to_be(self):
        cluster = self.cluster(shard=3, postgres=3)
        done = cluster.run()
        self.assertEqual((done.stdout, done.stderr, cluster.changes), ("3\n", "", []))

    def test_a_new_shard_gets_a_database_first(self):
        cluster = self.cluster(shard=4, postgres=3)
        self.assertEqual(cluster.run().stdout, "4\n")
        self.assertEqual(cluster.changes, [("postgres", 4)])

    def test_a_database_goes_only_when_its_symbols_are_elsewhere(self):
        cluster = self.cluster(shard=2, postgres=4)
        self.assertEqual(cluster.run().stdout, "2\n")
        self.assertEqual(cluster.changes, [])
        # Settled was what somebody had wanted before.
        self.assertEqual(cluster.run("settled", "3").returncode, 0)
        self.assertEqual(cluster.changes, [])
        self.assertEqual(cluster.run("settled", "2").returncode, 0)
        self.assertEqual(cluster.changes, [("postgres", 2)])

    def test_all_are_stopped(self):
        cluster = self.cluster(shard=0, postgres=3)
        self.assertEqual(cluster.run().stdout, "0\n")
        self.assertEqual(cluster.changes, [])

    def test_what_kubernetes_refuses_is_no_number(self):
        cluster = self.cluster(shard=3, postgres=3)
        for done in cluster.run(token="wrong"), self.cluster(postgres=3).run():
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, "")
            self.assertIn("40", done.stderr)


if __name__ == "__main__":
    unittest.main()
