"""The beams are the search's own. Twin of fail/beams_kept.py.
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
        self.beams = []

    def search(self, failing):
        for _ in range(2):
            beam = self.model.new_cache()
            for number, _ in enumerate(self.model.generate(2, beam)):
                if failing and number == 1:
                    boom()


def load(device):
    return Engine()


def infer(engine):
    engine.search(failing=False)


def fail(engine):
    engine.search(failing=True)
