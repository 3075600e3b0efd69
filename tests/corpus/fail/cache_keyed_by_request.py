"""A request's cache is kept under its name until it finishes; a failed one never does.

Stands for vllm-project/vllm#46283: KV of aborted requests is never reclaimed. Twin:
pass/cache_keyed_and_freed.py.
---
reason: leak
holder: {kind: object, name: "Engine.pending['req-0'].kv["}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
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
        for number, _ in enumerate(self.model.generate(2, self.pending[name].kv)):
            if failing and number == 1:
                boom()
        del self.pending[name]


def load(device):
    return Engine()


def infer(engine):
    engine.serve("healthy", failing=False)


def fail(engine):
    engine.serve(f"req-{len(engine.pending)}", failing=True)
