"""The engine keeps what the error says. Twin of fail/engine_keeps_its_error.py.
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


class Engine:
    def __init__(self):
        self.model = Decoder()
        self.last_error = None

    def serve(self, failing):
        kv = self.model.new_cache()
        for number, _ in enumerate(self.model.generate(2, kv)):
            if failing and number == 1:
                boom()


def load(device):
    return Engine()


def infer(engine):
    engine.serve(failing=False)


def fail(engine):
    try:
        engine.serve(failing=True)
    except RuntimeError as error:
        engine.last_error = str(error)
        raise
