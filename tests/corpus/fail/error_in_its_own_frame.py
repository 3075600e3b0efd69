"""An error is handed on as a value: the frame that it came from refers to it, and it to the frame.

Stands for pytorch/pytorch#18853: recovery depends on where the exception's frames are kept. Twin:
pass/error_deleted_from_its_frame.py.
---
reason: held-until-gc
holder: {kind: cycle}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
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
            outcome = error
        return str(outcome)


def load(device):
    return Engine()


def infer(engine):
    engine.serve(failing=False)


def fail(engine):
    raise RuntimeError(engine.serve(failing=True))
