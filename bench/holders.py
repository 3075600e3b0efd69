"""What it costs to find who holds memory among a million live objects."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.table import Row

ROOT = Path(__file__).parent.parent
SECONDS = 5.0

# In a process of its own: nothing but what is measured is alive there.
CROWD = """
import time
from ops002.agents.worker.held import HeldMemory

class Request:
    def __init__(self, number):
        self.number, self.tokens = number, [number]

class Engine:
    last_error = None
    pending = {}
    def fail(self):
        activations = bytearray(64 << 20)
        raise RuntimeError(len(activations))

engine = Engine()
engine.crowd = {number: Request(number) for number in range(500_000)}
held = HeldMemory()
times = [time.process_time()]
held.remember(engine, on_gpus=False)
times.append(time.process_time())
for number in range(150):
    engine.pending[number] = [bytes(1 << 20)]
try:
    engine.fail()
except RuntimeError as error:
    engine.last_error = error
times.append(time.process_time())
told = held.explain(engine, on_gpus=False)
times.append(time.process_time())
assert told["complete"], told
assert {one["name"] for one in told["held"]} >= {"Engine.last_error"}, told
print(times[1] - times[0], times[3] - times[2])
"""


def rows() -> Iterator[Row]:
    done = subprocess.run(
        [sys.executable, "-c", CROWD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    remember, explain = map(float, done.stdout.split())
    yield Row("1,000,000 live objects, remembered at the baseline, CPU s", remember, SECONDS)
    yield Row("1,000,000 live objects, holders named and ladder climbed, CPU s", explain, SECONDS)
