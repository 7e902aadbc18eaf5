"""What the built programs say about the settings and commands that deployments give them."""

import functools
import os
import re
import subprocess
import tempfile

from kubernetes_files import TOP

RELEASE = os.path.join(TOP, ".build", "release")


def complaints(environment):
    """What `outcry config check` has against these variables; None when it is content."""
    own = {name: value for name, value in environment.items() if name.startswith("OUTCRY_")}
    with tempfile.TemporaryDirectory() as folder:
        own.setdefault("OUTCRY_STATE_DIR", folder)
        done = subprocess.run(
            [os.path.join(RELEASE, "outcry"), "config", "check"], capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], **own}, cwd=folder)
    return None if done.returncode == 0 else done.stderr


def nginx_configuration(environment):
    """What `outcry config nginx` makes of these variables."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [os.path.join(RELEASE, "outcry"), "config", "nginx"], capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "OUTCRY_STATE_DIR": folder, **environment},
            cwd=TOP, check=True)
    return done.stdout


@functools.cache
def help_of(*command):
    done = subprocess.run(
        [os.path.join(RELEASE, command[0]), *command[1:], "--help"], capture_output=True,
        text=True)
    return done.stdout


def fault_of(command):
    """What is wrong with a command line for one of our programs, or None."""
    program, *arguments = command
    if not os.access(os.path.join(RELEASE, program), os.X_OK):
        return f"there is no program {program}"
    if program == "outcry":
        verb, *rest = arguments
        text = help_of("outcry", verb)
        scripts = [word for word in rest if word.startswith("/")]
        for script in scripts:
            own = os.path.join(TOP, "compose", "image", os.path.basename(script))
            if os.path.dirname(script) != "/usr/local/bin" or not os.access(own, os.X_OK):
                return f"{script} is not in the image"
        missing = [word for word in rest if word not in scripts
                   and not re.search(rf"outcry {verb} {word}\b", text)]
        return f"outcry {verb} knows no {missing}" if not text or missing else None
    text = help_of(program)
    missing = [word for word in arguments if word not in text]
    return f"{program} knows no {missing}" if missing else None


def variables_of_nginx():
    """The variables that the entrypoint of nginx's image reads."""
    with open(os.path.join(TOP, "compose", "image", "nginx")) as file:
        return set(re.findall(r"\$\{(OUTCRY_\w+):-", file.read()))
