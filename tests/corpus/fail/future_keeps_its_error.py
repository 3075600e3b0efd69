"""The futures of all requests are kept for statistics, with the exceptions of those that failed.

Tensors of another thread aren't traced, so the line is that of the frame that holds them.

Stands for pytorch/pytorch#26188: about 10 GB are kept where 0.9 GB were expected, by a caught
exception. Twin: pass/future_forgotten.py.
---
reason: leak
holder: {kind: traceback, name: "Engine.futures[0]._exception"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
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
                boom()  # kept


def load(device):
    return Engine()


def infer(engine):
    engine.pool.submit(engine.serve, failing=False).result()


def fail(engine):
    engine.futures.append(engine.pool.submit(engine.serve, failing=True))
    raise RuntimeError(str(engine.futures[-1].exception()))
