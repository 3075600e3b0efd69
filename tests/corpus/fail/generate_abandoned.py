"""A stream that nobody reads to its end: its generator is paused with the request's cache.

Stands for vllm-project/vllm-ascend#16662: each client that goes away leaks KV blocks. Twin:
pass/generate_closed.py.
---
reason: leak
holder: {kind: frame, name: "Engine.streams['req-0']"}
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
        self.streams = {}

    def serve(self, name, failing):
        self.streams[name] = self.model.generate(3)
        for number, _ in enumerate(self.streams[name]):
            if failing and number == 1:
                boom()
        del self.streams[name]


def load(device):
    return Engine()


def infer(engine):
    engine.serve("healthy", failing=False)


def fail(engine):
    engine.serve(f"req-{len(engine.streams)}", failing=True)
