"""What a figure depends on beside the programs, the disk's present mood included."""

import os
import subprocess
import time

from stack import TOP


def found(folder):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "?")
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) * 1024
    return {
        "processor": model, "cores": os.cpu_count(), "memoryBytes": memory,
        "kernel": os.uname().release, "syncWriteMilliseconds": round(sync_write(folder), 3),
        "commit": commit(), "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def sync_write(folder, count=100):
    """Milliseconds of a durable write of 8 KiB."""
    path = os.path.join(folder, "disk")
    with open(path, "wb", buffering=0) as file:
        file.write(b"\0" * 8192 * count)
        os.fsync(file.fileno())
        file.seek(0)
        start = time.monotonic()
        for _ in range(count):
            file.write(b"\1" * 8192)
            os.fdatasync(file.fileno())
        passed = time.monotonic() - start
    os.unlink(path)
    return passed / count * 1000


def commit():
    """A tree with changes says so."""
    git = ["git", "-C", TOP]
    head = subprocess.run(git + ["rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(
        git + ["status", "--porcelain", "--untracked-files=no", "Engine", "Workers", "nginx"],
        capture_output=True, text=True)
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def line(folder):
    machine = found(folder)
    return (f"{machine['cores']} x {machine['processor']}, Linux {machine['kernel']},"
            f" {machine['syncWriteMilliseconds']} ms a synchronous write")
