"""A future is counted and forgotten. Twin of fail/future_keeps_its_error.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from decoder import Decoder, boom

from concurrent.futures import ThreadPoolExecutor


class Engine:
    def __init__(self):
        self.model = Decoder()
        self.pool = ThreadPoolExecutor(1)
        self.futures = []

    def serve(self, failing):
        kv = self.model.new_cache()
        for number, _ in enumerate(self.model.generate(2, kv)):
            if failing and number == 1:
                boom()


def load(device):
    return Engine()


def infer(engine):
    engine.pool.submit(engine.serve, failing=False).result()


def fail(engine):
    engine.futures.append(1)
    raise RuntimeError(str(engine.pool.submit(engine.serve, failing=True).exception()))
