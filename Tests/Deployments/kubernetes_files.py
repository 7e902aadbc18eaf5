"""The manifests below k8s/ as a cluster would get them."""

import functools
import os
import shutil
import subprocess

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OVERLAYS = ["single", "sharded"]
IS_RENDERED = shutil.which("kubectl") is not None


@functools.cache
def overlay(name):
    """All objects of an overlay. Without kubectl they are put together as far as these files need
    it, patches left out; IS_RENDERED says which it was."""
    folder = os.path.join(TOP, "k8s", name)
    if IS_RENDERED:
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return list(yaml.safe_load_all(done.stdout))
    return collect(folder)


def collect(folder):
    with open(os.path.join(folder, "kustomization.yaml")) as file:
        plan = yaml.safe_load(file)
    objects = []
    for resource in plan.get("resources", []):
        path = os.path.join(folder, resource)
        if os.path.isdir(path):
            objects += collect(path)
        else:
            with open(path) as file:
                objects += list(yaml.safe_load_all(file))
    for generator in plan.get("configMapGenerator", []):
        data = dict(line.split("=", 1) for line in generator["literals"])
        if generator.get("behavior") == "merge":
            for thing in of_kind(objects, "ConfigMap"):
                if thing["metadata"]["name"] == generator["name"]:
                    thing["data"].update(data)
            continue
        objects.append({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]},
            "data": data})
    counts = {entry["name"]: entry["count"] for entry in plan.get("replicas", [])}
    for thing in objects:
        if "replicas" in thing.get("spec", {}):
            thing["spec"]["replicas"] = counts.get(
                thing["metadata"]["name"], thing["spec"]["replicas"])
    return objects


def secrets():
    done = subprocess.run(
        [os.path.join(TOP, "k8s", "secrets")], capture_output=True, text=True, check=True)
    return [thing for thing in yaml.safe_load_all(done.stdout)]


def of_kind(objects, *kinds):
    return [thing for thing in objects if thing["kind"] in kinds]


def pods(objects):
    """Name and template of everything that makes pods."""
    for thing in of_kind(objects, "StatefulSet", "Deployment", "Job"):
        yield thing["metadata"]["name"], thing["spec"]["template"]


def containers(objects):
    for name, template in pods(objects):
        for container in template["spec"]["containers"]:
            yield f"{name}/{container['name']}", container, template["spec"]


def program(container):
    """What the container runs, if it is one of ours."""
    command = container.get("command", [])
    return command if container["image"].split(":")[0] == "outcry" else None


def environment(container, objects):
    """The variables as the program finds them; secrets and fields are made up."""
    maps = {thing["metadata"]["name"]: thing["data"] for thing in of_kind(objects, "ConfigMap")}
    result = {}
    for source in container.get("envFrom", []):
        result.update(maps[source["configMapRef"]["name"]])
    for variable in container.get("env", []):
        value = variable.get("value", "0")
        for name, known in result.items():
            value = value.replace(f"$({name})", known)
        result[variable["name"]] = value
    return result
