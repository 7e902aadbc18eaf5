"""nginx/systemd: the units are right, tight, and start what is there."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import programs
from kubernetes_files import TOP

UNITS = sorted(glob.glob(os.path.join(TOP, "nginx", "systemd", "*")))


def text(path):
    with open(path) as file:
        return file.read()


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Systemd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.paths = []
        for unit in UNITS:
            # Of a template an instance is looked at; none of the programs is installed here.
            name = os.path.basename(unit).replace("@", "@BTC\\x2dUSD")
            path = os.path.join(self.folder.name, name)
            with open(path, "w") as file:
                file.write(re.sub(r"/usr/(local/bin|sbin)/[a-z-]+", "/bin/true", text(unit)))
            self.paths.append(path)

    def test_finds_nothing_wrong(self):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *self.paths], capture_output=True, text=True)
        own = [line for line in done.stderr.splitlines() if "outcry" in line]
        self.assertEqual((done.returncode, own), (0, []), done.stderr)

    def test_finds_them_well_confined(self):
        for path in self.paths:
            if path.endswith(".service"):
                done = subprocess.run(
                    ["systemd-analyze", "security", "--offline=true", "--threshold=20", path],
                    capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-300:])


class Units(unittest.TestCase):
    def test_start_programs_that_are_built(self):
        for unit in UNITS:
            for line in re.findall(r"^ExecStart=/usr/local/bin/(.*)$", text(unit), re.M):
                command = [word for word in line.split() if word != "%I"]
                self.assertIsNone(programs.fault_of(command), unit)

    def test_give_settings_that_programs_accept(self):
        for unit in UNITS:
            given = dict(re.findall(r"^Environment=(\w+)=(.*)$", text(unit), re.M))
            # The file comes with the installation.
            given.pop("OUTCRY_CONFIG", None)
            self.assertIsNone(programs.complaints(given), unit)

    def test_cover_workers_engines_and_feed(self):
        names = {os.path.basename(unit) for unit in UNITS}
        self.assertLessEqual(
            {"outcry-workers.service", "outcry-engine@.service", "outcry-feed.service"}, names)


if __name__ == "__main__":
    unittest.main()
