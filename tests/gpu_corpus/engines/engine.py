"""An engine on GPUs that does at an error what ``ENGINE`` in its environment, a JSON object, says.

=======================  =====================================================================
devices                  how many it uses; by default one
activations              bytes that an inference takes of each device for a while
leak, every              bytes that the first error keeps, by device; or every error
late                     seconds until what an error took is given back
shrink                   bytes that an error gives up of the model
stirs                    bytes by which its memory goes up and down from the first error on
helper, helper_ends      a child that holds so much; whether it ends with the engine
loses                    the driver's function that fails from the first error on
neighbour                what somebody else holds from the first error on: PID and bytes
neighbour_for_a_while    the same, while an error lasts
others                   by event (error, end, inference 3): for each PID the bytes that it holds from
                         then on, or none where it leaves; PID 0 is nobody that the driver lists,
                         and "4444 unsized" one whose bytes it doesn't tell.
                         Of an event's several steps each comes 0.2 s after the one before
healthy_leak             bytes that the third inference keeps
slow                     seconds that an inference takes
=======================  =====================================================================
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from standin_gpu import state, use, write

TOLD = json.loads(os.environ["ENGINE"])
DEVICES = range(TOLD.get("devices", 1))
MODEL = 2 << 30
ACTIVATIONS = TOLD.get("activations", 512 << 20)
HELPER = "import sys, standin_gpu; a = standin_gpu.use({}); print('there', flush=True); {}"


class Engine:
    def __init__(self):
        self.weights = [use(MODEL, device) for device in DEVICES]
        self.kept = []
        self.ending = threading.Event()
        self.stirring = None
        self.inferences = 0
        self.errors = 0
        if "helper" in TOLD:
            self.start_helper()

    def start_helper(self):
        then = "sys.stdin.read()" if "helper_ends" in TOLD else "import time; time.sleep(600)"
        self.helper = subprocess.Popen(
            [sys.executable, "-c", HELPER.format(TOLD["helper"], then)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.helper.stdout.readline()

    def infer(self):
        taken = [use(ACTIVATIONS, device) for device in DEVICES]
        time.sleep(TOLD.get("slow", 0.05))
        free(taken)
        self.inferences += 1
        if self.inferences == 3 and "healthy_leak" in TOLD:
            self.kept.append(use(TOLD["healthy_leak"]))
        others(f"inference {self.inferences}")

    def fail(self):
        taken = [use(ACTIVATIONS, device) for device in DEVICES]
        for device, size in TOLD.get("leak", {}).items():
            if not self.kept or "every" in TOLD:
                self.kept.append(use(size, int(device)))
        if "neighbour" in TOLD:
            neighbour(*TOLD["neighbour"])
        if "neighbour_for_a_while" in TOLD:
            pid, size = TOLD["neighbour_for_a_while"]
            neighbour(pid, size)
            time.sleep(0.2)
            neighbour(pid, size // 2)
        self.errors += 1
        if self.errors == 1:
            others("error")
            lose(TOLD.get("loses"))
        if "shrink" in TOLD:
            self.weights[0].resize(MODEL - TOLD["shrink"])
        if "stirs" in TOLD and self.stirring is None:
            self.stirring = threading.Thread(target=self.stir)
            self.stirring.start()
        until_seen()
        if "late" in TOLD:
            threading.Timer(TOLD["late"], free, [taken]).start()
        else:
            free(taken)
        raise RuntimeError("boom")

    def stir(self):
        more = False
        while not self.ending.wait(random.uniform(0.02, 0.12)):
            more = not more
            self.weights[0].resize(MODEL + TOLD["stirs"] * more)

    def end(self):
        self.ending.set()
        if self.stirring is not None:
            self.stirring.join()
        if "helper_ends" in TOLD:
            self.helper.communicate()
        free(self.weights + self.kept)
        others("end")


def free(taken):
    for one in taken:
        one.free()


def until_seen():
    """Hold what was taken until the gate has read it: on a busy machine that takes a while."""
    before, until = readings(), time.monotonic() + 3
    while readings() < before + 3 * len(DEVICES) and time.monotonic() < until:
        time.sleep(0.05)


def readings():
    """How often the driver was asked for a device's memory: a byte for each call."""
    return sum(
        file.stat().st_size for file in state().glob("calls/nvmlDeviceGetMemoryInfo*@*")
    )


def lose(function):
    if function is not None:
        write(state() / "errors", f"{function} code=NVML_ERROR_UNKNOWN from=1 hang_ms=0\n")


def others(event):
    steps = TOLD.get("others", {}).get(event, [])
    for number, step in enumerate(steps):
        if number == 0:
            move(step)
        else:
            threading.Timer(0.2 * number, move, [step]).start()


def move(step):
    for pid, size in step.items():
        neighbour(pid, size)


def neighbour(pid, size):
    folder = state() / "holders" / f"tenant-{pid}-0"
    if size is None:
        (folder / "holder").unlink()
        folder.rmdir()
        return
    if not folder.exists():
        folder.mkdir()
        pid, _, unsized = str(pid).partition(" ")
        listed = "unavailable" if unsized else "listed" if int(pid) else "hidden"
        facts = f"tenant 1\ncard 0\npid {pid}\nprocesses {listed}\nbytes 0\n"
        write(folder / "holder", facts)
    lines = (folder / "holder").read_text().splitlines()
    changed = [f"bytes {size}" if line.startswith("bytes ") else line for line in lines]
    write(folder / "holder", "".join(f"{line}\n" for line in changed))


def load(device):
    return Engine()


def infer(engine):
    engine.infer()


def fail(engine):
    engine.fail()


def unload(engine):
    engine.end()
