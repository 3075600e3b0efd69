"""An engine that remembers the error of its last request, and with it the request's cache.

Stands for vllm-project/vllm-omni#6385: 2,761 MiB more after each failed request. Twin:
pass/engine_keeps_its_words.py.
---
reason: leak
holder: {kind: traceback, name: "Engine.last_error"}
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
        engine.last_error = error
        raise
