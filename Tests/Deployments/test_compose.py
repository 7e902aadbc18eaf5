"""compose/: consistent with itself and with the programs. Tests/Containers runs the same files."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import programs
from kubernetes_files import TOP

FILES = ["compose.yml", "compose.multi-backend.yml", "compose.sharded.yml"]


def variables(text, own):
    """Fills in ${NAME:-default} as compose does; $$ is a dollar."""
    def value(match):
        return own.get(match[1]) or match[2] or ""
    return re.sub(r"(?<!\$)\$\{(\w+)(?::-([^}]*))?\}", value, text).replace("$$", "$")


def read(name, own={}):
    with open(os.path.join(TOP, "compose", name)) as file:
        return yaml.safe_load(variables(file.read(), own))


def ours(document):
    return {name: service for name, service in document["services"].items()
            if service["image"].startswith("outcry:")}


def environment(service):
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def command(service):
    return service.get("entrypoint", []) + service["command"]


def dockerfile():
    with open(os.path.join(TOP, "compose", "Dockerfile")) as file:
        return file.read()


class Compose(unittest.TestCase):
    def setUp(self):
        self.documents = {name: read(name) for name in FILES}

    def services(self):
        for file, document in self.documents.items():
            for name, service in ours(document).items():
                yield f"{file}: {name}", service

    def test_programs_accept_their_settings(self):
        for name, service in self.services():
            self.assertIsNone(programs.complaints(environment(service)), name)

    def test_programs_know_their_commands_and_health_checks(self):
        scripts = {"backend", "keys", "sleep"}
        for name, service in self.services():
            if command(service)[0] not in scripts:
                self.assertIsNone(programs.fault_of(command(service)), name)
            check = service.get("healthcheck", {}).get("test")
            if check:
                self.assertEqual(check[0], "CMD", name)
                self.assertIsNone(programs.fault_of(check[1:]), name)

    def test_programs_run_confined(self):
        for file, document in self.documents.items():
            for name, service in document["services"].items():
                self.assertIn("no-new-privileges:true", service["security_opt"], name)
                if "outcry" in service["image"]:
                    self.assertTrue(service["read_only"], name)
                    self.assertEqual(service["cap_drop"], ["ALL"], name)
                # Whoever is not nginx is on no network that leads out, but the load while it runs.
                if name == "load":
                    self.assertEqual(service["profiles"], ["load"])
                    self.assertEqual(service["network_mode"], "service:nginx")
                elif name != "nginx":
                    inside = service.get("networks") == ["inside"]
                    self.assertTrue(inside or service.get("network_mode") == "none", name)
                    self.assertNotIn("ports", service, name)
            if "networks" in document:
                self.assertEqual(document["networks"], {"inside": {"internal": True}})

    def test_engines_and_their_workers_share_memory_and_servers(self):
        for file, document in self.documents.items():
            services = document["services"]
            for name, engines in services.items():
                if not name.startswith("engines"):
                    continue
                shard = name.removeprefix("engines")
                backend = services["backend" + shard]
                self.assertEqual(engines["ipc"], f"service:memory{shard}")
                self.assertEqual(backend["ipc"], engines["ipc"])
                self.assertEqual(services["memory" + shard]["ipc"], "shareable")
                # What workers have besides is how many they are.
                both = environment(engines).items()
                self.assertLessEqual(both, environment(backend).items())
                databases = {"OUTCRY_DATABASE", "OUTCRY_SHARD_DATABASES"}
                self.assertTrue(databases & set(dict(both)), name)
                self.assertLessEqual(set(engines["volumes"]), set(backend["volumes"]))

    def test_nginx_sees_the_sockets_of_the_backends(self):
        for file, document in self.documents.items():
            services = document["services"]
            folders = {mount.split(":")[1] for mount in services["nginx"]["volumes"]}
            for name, service in services.items():
                if name.startswith("backend"):
                    script, folder = service["command"]
                    self.assertEqual(script, "backend")
                    self.assertTrue(any(folder.startswith(own) for own in folders), name)
                    self.assertIn("sockets:/run/outcry", service["volumes"], name)
            known = programs.variables_of_nginx()
            self.assertLessEqual(set(environment(services["nginx"])), known)

    def test_the_load_finds_what_the_workers_use(self):
        for file, document in self.documents.items():
            services = document["services"]
            backend = services.get("backend") or services["backend-0"]
            load = services["load"]
            for name, value in environment(load).items():
                self.assertEqual(environment(backend)[name], value, f"{file}: {name}")
            databases = {"OUTCRY_DATABASE", "OUTCRY_SHARD_DATABASES"}
            self.assertTrue(databases & set(environment(load)), file)
            self.assertLessEqual(set(load["volumes"]), set(backend["volumes"]), file)
            # By default it calls port 8080 of its own host, which is nginx's.
            self.assertNotIn("OUTCRY_PORT", environment(load))
            self.assertTrue(services["nginx"]["ports"][0].endswith(":8080"), file)

    def test_volumes_are_named(self):
        for file, document in self.documents.items():
            used = {mount.split(":")[0] for service in document["services"].values()
                    for mount in service.get("volumes", [])}
            self.assertEqual(used, set(document["volumes"]), file)

    def test_several_backends_are_one_backend_several_times(self):
        one = read("compose.yml", {"WORKERS": "3"})
        several = read("compose.multi-backend.yml", {"WORKERS": "3", "BACKENDS": "8"})
        self.assertEqual(several["services"]["backend"].pop("scale"), 8)
        one.pop("x-program"), several.pop("x-program")
        self.assertEqual(one, several)
        usual = self.documents["compose.multi-backend.yml"]["services"]["backend"]
        self.assertEqual(usual["scale"], 4)

    def test_shards_are_like_one_another_and_like_one_backend(self):
        one = self.documents["compose.yml"]["services"]
        sharded = self.documents["compose.sharded.yml"]["services"]
        own = {"volumes", "depends_on", "ipc", "environment", "command", "network_mode"}
        for name in ("postgres", "memory", "engines", "backend"):
            for key in set(one[name]) - own:
                value = one[name][key]
                for shard in range(3):
                    self.assertEqual(sharded[f"{name}-{shard}"][key], value, f"{name}: {key}")
        for shard in (1, 2):
            for name in ("postgres", "memory", "engines", "backend"):
                first, own = sharded[f"{name}-0"], sharded[f"{name}-{shard}"]
                if "environment" in first and name != "postgres":
                    self.assertEqual(str(environment(own)["OUTCRY_SHARD"]), str(shard))
                    # Every shard knows all of them.
                    for key in ("OUTCRY_SHARDS", "OUTCRY_SHARD_DATABASES", "OUTCRY_PLACEMENT"):
                        self.assertEqual(environment(own)[key], environment(first)[key])
                    self.assertEqual(own["volumes"], first["volumes"])
                first, own = (
                    {key: value for key, value in service.items()
                     if name == "postgres" or key not in ("environment", "volumes")}
                    for service in (first, own))
                self.assertEqual(
                    yaml.safe_dump(own), yaml.safe_dump(first).replace("-0", f"-{shard}"),
                    f"{name}-{shard}")

    def test_nginx_and_workers_know_the_same_shards(self):
        services = self.documents["compose.sharded.yml"]["services"]
        shards = environment(services["nginx"])["OUTCRY_SHARDS"]
        self.assertEqual(shards, environment(services["backend-0"])["OUTCRY_SHARDS"])
        for number, place in enumerate(shards.split()):
            _, folder = services[f"backend-{number}"]["command"]
            self.assertEqual(place, f"{folder}/backend-1.sock")
        mounts = [mount.split(":")[1] for mount in services["backend-0"]["volumes"]]
        pattern = environment(services["backend-0"])["OUTCRY_SHARD_DATABASES"]
        for number in range(len(shards.split())):
            host = pattern.replace("{shard}", str(number)).split()[0].removeprefix("host=")
            self.assertIn(host, mounts)


def configuration_of_the_image(settings, processors=2):
    """What the entrypoint of nginx's image writes, up to the moment it would become nginx."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(TOP, "compose", "image", "nginx")) as file:
            text = file.read()
        for old, new in (("prefix=/tmp/nginx", f"prefix={folder}"),
                         ("share=/usr/share/outcry", f"share={folder}"),
                         ("exec /usr/sbin/nginx", "true"),
                         ('watch_backends "$@" &', ""),
                         ("$(nproc)", str(processors))):
            assert old in text, old
            text = text.replace(old, new)
        shutil.copy(os.path.join(TOP, "nginx", "outcry.conf.template"), folder)
        subprocess.run(
            ["sh", "-c", text], check=True,
            env={"PATH": os.environ["PATH"], "OUTCRY_PUBLISH_SOCKET": f"{folder}/p",
                 "OUTCRY_BACKENDS_FOLDER": folder, **settings})
        with open(os.path.join(folder, "nginx.conf")) as file:
            return file.read().replace(folder, "PREFIX")


def servers_of(upstream, configuration):
    block = re.search(rf"^  upstream {upstream} {{(.*?)^  }}", configuration, re.M | re.S)[1]
    return re.findall(r"^ *server (.*?);$", block.replace("; ", ";\n"), re.M)


class Images(unittest.TestCase):
    def test_ask_few_backends_first_until_these_are_full(self):
        limits = "max_fails=3 fail_timeout=1s"
        sockets = [f"unix:PREFIX/slots/{number}.sock {limits}" for number in range(1, 25)]
        for processors, front in ((1, 1), (2, 1), (4, 2), (7, 4), (46, 23)):
            text = configuration_of_the_image({}, processors)
            self.assertEqual(
                servers_of("workers", text),
                [f"{socket} max_conns=32" for socket in sockets[:front]]
                + [f"{socket} backup" for socket in sockets[front:]])
            # Whoever is asked again is anybody.
            self.assertEqual(servers_of("again", text), 2 * sockets)
        for processors in (47, 64):
            text = configuration_of_the_image({}, processors)
            self.assertEqual(servers_of("workers", text), sockets)
        # What is reached by address may be on machines of its own.
        text = configuration_of_the_image({"OUTCRY_WORKERS_ADDRESSES": "a:1 b:1 c:1"}, 2)
        self.assertEqual(servers_of("workers", text), [f"{name}:1 {limits}" for name in "abc"])

    def test_hold_every_program_that_is_run(self):
        built = re.search(r"for product in (.*);", dockerfile())[1].split()
        for document in map(read, FILES):
            for name, service in ours(document).items():
                program = command(service)[0]
                if program.startswith("outcry"):
                    self.assertIn(program, built, name)
                elif program != "sleep":
                    self.assertIn(f"compose/image/{program}", dockerfile(), name)

    def test_leave_no_placeholder_of_nginx_open(self):
        with open(os.path.join(TOP, "nginx", "outcry.conf.template")) as file:
            lines = [line for line in file if not line.lstrip().startswith("#")]
        wanted = set(re.findall(r"\$\{(\w+)\}", "".join(lines)))
        with open(os.path.join(TOP, "compose", "image", "nginx")) as file:
            filled = set(re.findall(r"\[\$\]\{(\w+)\}", file.read()))
        self.assertLessEqual(wanted, filled)

    def test_lead_nginx_to_shards_as_the_programs_do(self):
        for used in "0", "1", "2":
            with self.subTest(used=used):
                self.compare_shards({
                    "OUTCRY_SHARDS": "h0:1,h1:2 /run/outcry/s", "OUTCRY_SHARDS_USED": used,
                    "OUTCRY_PLACEMENT": "A.B=1 A-M=0 N-Z=1"})

    def compare_shards(self, settings):

        def plain(text):
            lines = text.replace("; ", ";\n").splitlines()
            lines = (re.sub(r"\s+", " ", line).strip() for line in lines)
            return [line for line in lines if line and not line.startswith("#")]
        wanted = plain(programs.nginx_configuration(settings))
        found = plain(configuration_of_the_image(settings))

        def of_shards(lines):
            words = ("shard_", "again_", "$hops", "$pool_of_path", "$metrics_pool", "$asked_uri",
                     "server h", "server unix:/run")
            # Which of several addresses names its limits, the one does and the other does not.
            return [line.replace(" max_fails=3 fail_timeout=1s", "")
                    for line in lines if any(word in line for word in words)]
        self.assertEqual(of_shards(found), of_shards(wanted))

    def test_are_those_that_the_stand_ins_can_stand_in_for(self):
        used = set(re.findall(r"^FROM (\S+)", dockerfile(), re.M)) - {"build"}
        for document in map(read, FILES):
            used |= {service["image"] for service in document["services"].values()
                     if "outcry" not in service["image"]}
        self.assertEqual(used, {
            "debian:bookworm-slim", "swift:6.3-bookworm", "postgres:15-bookworm",
            "redis:7-bookworm"})

    def test_see_what_they_are_made_from(self):
        with open(os.path.join(TOP, ".dockerignore")) as file:
            seen = [line.strip()[1:] for line in file if line.startswith("!")]
        for line in re.findall(r"^COPY (?!--from|\. )(.*) \S+$", dockerfile(), re.M):
            for source in line.split():
                self.assertTrue(any(own.startswith(source) or source.startswith(own)
                                    for own in seen), source)


if __name__ == "__main__":
    unittest.main()
