"""The stream is closed when its client goes away. Twin of fail/generate_abandoned.py.
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
        self.streams = {}

    def serve(self, name, failing):
        self.streams[name] = self.model.generate(3)
        try:
            for number, _ in enumerate(self.streams[name]):
                if failing and number == 1:
                    boom()
        finally:
            self.streams.pop(name).close()


def load(device):
    return Engine()


def infer(engine):
    engine.serve("healthy", failing=False)


def fail(engine):
    engine.serve(f"req-{len(engine.streams)}", failing=True)
