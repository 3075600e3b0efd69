"""The frame lets go of the error. Twin of fail/error_in_its_own_frame.py.
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

    def serve(self, failing):
        kv = self.model.new_cache()
        outcome = None
        try:
            for number, _ in enumerate(self.model.generate(2, kv)):
                if failing and number == 1:
                    boom()
        except RuntimeError as error:
            outcome = str(error)
        return str(outcome)


def load(device):
    return Engine()


def infer(engine):
    engine.serve(failing=False)


def fail(engine):
    raise RuntimeError(engine.serve(failing=True))
