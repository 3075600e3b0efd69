"""A scenario that tries every way out of its container; the message of its error is what it found."""

import glob
import os
import socket

DAC_OVERRIDE = 1 << 1  # capabilities(7): files of whichever user, in its own container
TOKEN = os.environ["WANTED"][::-1]  # not as it is, or the search would find itself
FOLDERS = "/", "/github", "/home", "/root", "/run", "/var/run", "/mnt", "/proc/1/root", os.getcwd()


def tokens():
    for name in glob.glob("/proc/[0-9]*/environ"):
        yield name, name
    for top in (os.getcwd(), "/github", "/run", "/tmp", "/opt"):
        for folder, _, names in os.walk(top):
            for name in names:
                yield f"{folder}/{name}", name


def found_tokens():
    for path, _ in tokens():
        try:
            with open(path, "rb") as file:
                if TOKEN.encode() in file.read(1 << 20):
                    yield f"token in {path}"
        except OSError:
            continue


def sockets():
    for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"):
        if os.path.exists(path):
            yield f"socket {path}"
    try:
        socket.create_connection(("1.1.1.1", 53), 2).close()
        yield "network"
    except OSError:
        pass
    others = [name for name in os.listdir("/sys/class/net") if name != "lo"]
    if others:
        yield f"network interfaces {others}"


def writable():
    for folder in FOLDERS:
        path = f"{folder}/ops002-was-here"
        try:
            with open(path, "w"):
                yield f"could write {path}"
            os.unlink(path)
        except OSError:
            continue


def files_of_the_runner():
    for pattern in ("/github/file_commands/*", "/**/_runner_file_commands", "/**/set_output"):
        for path in glob.glob(pattern):
            yield f"runner's file {path}"
    for name in os.environ:
        if name.startswith(("GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_")):
            yield f"variable {name}"


def powers():
    status = open("/proc/self/status").read()
    for line in status.splitlines():
        name, _, value = line.partition(":\t")
        if name in {"CapEff", "CapPrm", "CapBnd"} and int(value, 16) & ~DAC_OVERRIDE:
            yield f"{name} {value}"
        if name == "NoNewPrivs" and value != "1":
            yield "new privileges"
    if len(glob.glob("/proc/[0-9]*")) > 20:
        yield "other processes"
    for device in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda"):
        if os.path.exists(device):
            yield f"device {device}"


def load(device):
    print("::set-output name=verdict::pass")
    print("::error::forged")
    print("##[error]forged")


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    held = b"x" * (100 << 20)
    tries = (found_tokens, sockets, writable, files_of_the_runner, powers)
    found = [finding for attempt in tries for finding in attempt()]
    raise RuntimeError(f"found: {found}; ::error::forged {len(held)}")
