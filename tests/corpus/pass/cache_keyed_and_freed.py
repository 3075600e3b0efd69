"""A request gives its cache back however it ends. Twin of fail/cache_keyed_by_request.py.
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


class Request:
    __slots__ = ("kv", "name")

    def __init__(self, name, kv):
        self.name = name
        self.kv = kv


class Engine:
    def __init__(self):
        self.model = Decoder()
        self.pending = {}

    def serve(self, name, failing):
        self.pending[name] = Request(name, self.model.new_cache())
        try:
            for number, _ in enumerate(self.model.generate(2, self.pending[name].kv)):
                if failing and number == 1:
                    boom()
        finally:
            del self.pending[name]


def load(device):
    return Engine()


def infer(engine):
    engine.serve("healthy", failing=False)


def fail(engine):
    engine.serve(f"req-{len(engine.pending)}", failing=True)
