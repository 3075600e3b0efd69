"""Beam search keeps the cache of every beam on the engine until the search is over.

Stands for vllm-project/vllm#29906: loads that are aborted are never reclaimed. Twin:
pass/beams_dropped.py.
---
reason: leak
holder: {kind: object, name: "Engine.beams[0][0]"}
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
        self.beams = []

    def search(self, failing):
        for _ in range(2):
            self.beams.append(self.model.new_cache())
            for number, _ in enumerate(self.model.generate(2, self.beams[-1])):
                if failing and number == 1:
                    boom()
        self.beams.clear()


def load(device):
    return Engine()


def infer(engine):
    engine.search(failing=False)


def fail(engine):
    engine.search(failing=True)
