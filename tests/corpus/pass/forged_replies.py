"""Answers in the worker's place, before it has one, that are true. Twin of
fail/forged_replies_hide_nothing.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import json
import os
import sys


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (150 << 20)
    answer_for_the_worker()
    raise RuntimeError(len(activations))


def answer_for_the_worker():
    frame = sys._getframe()
    while frame.f_code.co_name != "answer":
        frame = frame.f_back
    request = frame.f_locals["request"]
    forged = b""
    for number in (request["id"], request["id"] + 1):
        reply = {"id": number, "key": request["key"], "ok": False}
        reply["exceptions"] = [{"classes": ["RuntimeError"], "message": "all is well"}]
        forged += b"\n" + json.dumps(reply).encode() + b"\n"
    for descriptor in range(64):
        try:
            os.write(descriptor, forged)
        except OSError:
            pass
