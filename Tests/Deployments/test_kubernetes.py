"""k8s/: valid against the schemas, and consistent with itself and with the programs."""

import re
import unittest

import kubernetes_validate

import kubernetes_files as k8s
import programs


def covers(selector, labels):
    return all(labels.get(name) == value for name, value in selector.items())


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.overlays = [k8s.overlay(name) for name in k8s.OVERLAYS]

    def test_is_valid_against_the_schemas(self):
        if not k8s.IS_RENDERED:
            print("kubectl is not installed: patches and generators were not applied by kustomize")
        for objects in self.overlays:
            for thing in objects + k8s.secrets():
                with self.subTest(thing=f"{thing['kind']} {thing['metadata']['name']}"):
                    kubernetes_validate.validate(thing, "1.30", strict=True)

    def test_programs_accept_their_settings(self):
        for objects in self.overlays:
            for name, container, _ in k8s.containers(objects):
                variables = k8s.environment(container, objects)
                if k8s.program(container):
                    self.assertIsNone(programs.complaints(variables), name)
                elif name == "nginx/nginx":
                    self.assertLessEqual(set(variables), programs.variables_of_nginx(), name)

    def test_programs_know_their_commands_and_probes(self):
        for objects in self.overlays:
            for name, container, _ in k8s.containers(objects):
                if not k8s.program(container):
                    continue
                commands = [container["command"]] + [
                    probe["exec"]["command"] for key, probe in container.items()
                    if key.endswith("Probe")]
                for hook in container.get("lifecycle", {}).values():
                    words = hook["exec"]["command"]
                    lines = words[2].split(";") if words[0] == "sh" else [" ".join(words)]
                    commands += [line.split() for line in lines if line.startswith("outcry")]
                for command in commands:
                    self.assertIsNone(programs.fault_of(command), name)

    def test_what_serves_has_probes(self):
        for objects in self.overlays:
            for name, container, _ in k8s.containers(objects):
                if container.get("ports") or name == "shard/engines":
                    self.assertIn("readinessProbe", container, name)
                for key, probe in container.items():
                    if key.endswith("Probe") and "httpGet" in probe:
                        ports = [port["name"] for port in container["ports"]]
                        self.assertIn(probe["httpGet"]["port"], ports, name)

    def test_workers_listen_where_nginx_and_services_send(self):
        for objects in self.overlays:
            found = {name: container for name, container, _ in k8s.containers(objects)}
            workers = found["shard/workers"]
            listen = k8s.environment(workers, objects)["OUTCRY_LISTEN"]
            port = int(listen.split(":")[1])
            self.assertEqual(workers["ports"], [{"name": "fastcgi", "containerPort": port}])
            nginx = k8s.environment(found["nginx/nginx"], objects)
            addresses = nginx.get("OUTCRY_SHARDS", nginx["OUTCRY_WORKERS_ADDRESSES"])
            if k8s.IS_RENDERED:
                # Whom nginx knows, engines and workers know by the same numbers.
                for name in ("shard/engines", "shard/workers"):
                    own = k8s.environment(found[name], objects)
                    for variable in ("OUTCRY_SHARDS", "OUTCRY_PLACEMENT"):
                        self.assertEqual(own.get(variable), nginx.get(variable), name)
            services = {
                thing["metadata"]["name"]: thing["spec"]
                for thing in k8s.of_kind(objects, "Service")}
            for address in addresses.split():
                host, sent = address.split(":")
                self.assertIn({"name": "fastcgi", "port": int(sent), "targetPort": "fastcgi"},
                              services[host]["ports"])
            shards = [thing for thing in objects if thing["metadata"]["name"] == "shard"
                      and thing["kind"] == "StatefulSet"][0]["spec"]["replicas"]
            # More may have an address than there are at first.
            known = addresses.split()
            self.assertEqual([f"shard-{n}:{port}" for n in range(len(known))], known)
            if k8s.IS_RENDERED and len(known) > 1:
                settings = k8s.environment(found["shard/engines"], objects)
                for variables in settings, nginx:
                    self.assertEqual(variables["OUTCRY_SHARDS_USED"], str(shards))
            for number in range(len(known)):
                selector = services[f"shard-{number}"]["selector"]
                self.assertEqual(selector["apps.kubernetes.io/pod-index"], str(number))

    def test_services_and_budgets_select_pods_that_are_there(self):
        for objects in self.overlays:
            templates = dict(k8s.pods(objects))
            labels = [
                dict(template["metadata"]["labels"], **{"apps.kubernetes.io/pod-index": str(n)})
                for template in templates.values() for n in range(8)]
            for thing in k8s.of_kind(objects, "Service", "PodDisruptionBudget", "NetworkPolicy"):
                spec = thing["spec"]
                selector = spec.get("podSelector", spec.get("selector"))
                selector = selector.get("matchLabels", selector if "ports" in spec else {})
                self.assertTrue(
                    any(covers(selector, own) for own in labels),
                    f"{thing['kind']} {thing['metadata']['name']}")

    def test_services_lead_to_ports_that_are_there(self):
        for objects in self.overlays:
            templates = [template for _, template in k8s.pods(objects)]
            for service in k8s.of_kind(objects, "Service"):
                selector = {name: value for name, value in service["spec"]["selector"].items()
                            if name != "apps.kubernetes.io/pod-index"}
                ports = [
                    port["name"] for template in templates
                    if covers(selector, template["metadata"]["labels"])
                    for container in template["spec"]["containers"]
                    for port in container.get("ports", [])]
                for port in service["spec"]["ports"]:
                    self.assertIn(port["targetPort"], ports, service["metadata"]["name"])

    def test_databases_and_redis_are_where_settings_say(self):
        for objects in self.overlays:
            names = {thing["metadata"]["name"] for thing in k8s.of_kind(objects, "Service")}
            for name, container, _ in k8s.containers(objects):
                variables = k8s.environment(container, objects)
                text = variables.get("OUTCRY_DATABASE", "")
                database = re.search(r"host=postgres-0\.(\S+)", text)
                if database:
                    self.assertIn(database[1], names, name)
                    self.assertIn("PGPASSWORD", variables, name)
                if "OUTCRY_REDIS" in variables:
                    self.assertIn(variables["OUTCRY_REDIS"].split(":")[0], names, name)

    def test_pods_find_what_they_mount_and_read(self):
        given = {thing["metadata"]["name"]: thing["stringData"]
                 for thing in k8s.of_kind(k8s.secrets(), "Secret")}
        for objects in self.overlays:
            claims = {
                thing["metadata"]["name"]: [
                    claim["metadata"]["name"]
                    for claim in thing["spec"].get("volumeClaimTemplates", [])]
                for thing in k8s.of_kind(objects, "StatefulSet")}
            for name, container, pod in k8s.containers(objects):
                volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
                for mount in container.get("volumeMounts", []):
                    known = list(volumes) + claims.get(name.split("/")[0], [])
                    self.assertIn(mount["name"], known, name)
                    if mount["mountPath"] == "/dev/shm":
                        self.assertEqual(
                            volumes[mount["name"]]["emptyDir"]["medium"], "Memory", name)
                for volume in volumes.values():
                    if "secret" in volume:
                        self.assertIn(volume["secret"]["secretName"], given, name)
                for variable in container.get("env", []):
                    key = variable.get("valueFrom", {}).get("secretKeyRef")
                    if key:
                        self.assertIn(key["key"], given[key["name"]], name)

    def test_keys_lie_where_the_settings_say(self):
        for objects in self.overlays:
            for name, container, pod in k8s.containers(objects):
                variables = k8s.environment(container, objects)
                for variable in ("OUTCRY_SECRET_FILE", "OUTCRY_ADMIN_KEY_FILE"):
                    if variable in variables:
                        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
                        self.assertIn(variables[variable].rsplit("/", 1)[0], mounts, name)

    def test_containers_have_no_rights(self):
        for objects in self.overlays:
            for name, container, pod in k8s.containers(objects):
                security = container["securityContext"]
                self.assertTrue(security["readOnlyRootFilesystem"], name)
                self.assertFalse(security["allowPrivilegeEscalation"], name)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]}, name)
                self.assertTrue(pod["securityContext"]["runAsNonRoot"], name)
                self.assertFalse(pod["automountServiceAccountToken"], name)
                self.assertIn("memory", container["resources"]["limits"], name)

    def test_a_shard_that_is_given_up_waits_for_its_symbols(self):
        if not k8s.IS_RENDERED:
            return
        objects = k8s.overlay("sharded")
        shard = dict(k8s.pods(objects))["shard"]["spec"]
        for container in shard["containers"]:
            hook = " ".join(container["lifecycle"]["preStop"]["exec"]["command"])
            self.assertIn("outcry drain", hook, container["name"])
        # By then the hook has given up, and what it holds up may still drain.
        self.assertGreaterEqual(shard["terminationGracePeriodSeconds"], 3500 + 60)
        # What is applied again must not take databases away that symbols are in.
        databases = [thing for thing in k8s.of_kind(objects, "StatefulSet")
                     if thing["metadata"]["name"] == "postgres"][0]
        self.assertNotIn("replicas", databases["spec"])

    def test_the_balancer_may_do_what_it_does_and_nothing_else(self):
        objects = k8s.overlay("sharded")
        named = {(thing["kind"], thing["metadata"]["name"]): thing for thing in objects}
        role = named["Role", "balancer"]["rules"]
        self.assertEqual(
            {(name, verb) for rule in role for name in rule["resourceNames"]
             for verb in rule["verbs"]},
            {("shard", "get"), ("postgres", "get"), ("postgres", "patch")})
        for rule in role:
            self.assertEqual(rule["resources"], ["statefulsets/scale"])
            for name in rule["resourceNames"]:
                self.assertIn(("StatefulSet", name), named)
        account = named["Deployment", "balancer"]["spec"]["template"]["spec"]["serviceAccountName"]
        binding = named["RoleBinding", "balancer"]
        self.assertIn(("ServiceAccount", account), named)
        self.assertEqual([subject["name"] for subject in binding["subjects"]], [account])
        self.assertEqual(binding["roleRef"]["name"], "balancer")
        for name, template in k8s.pods(objects):
            self.assertEqual("serviceAccountName" in template["spec"], name == "balancer")

    def test_everything_is_denied_that_no_policy_lets_in(self):
        for objects in self.overlays:
            policies = {thing["metadata"]["name"]: thing["spec"]
                        for thing in k8s.of_kind(objects, "NetworkPolicy")}
            self.assertEqual(
                policies["nothing"], {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
            # Only nginx is open to all.
            for name, spec in policies.items():
                for rule in spec.get("ingress", []):
                    self.assertEqual("from" not in rule, name == "nginx", name)


if __name__ == "__main__":
    unittest.main()
