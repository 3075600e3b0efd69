"""A layer for calls between processes keeps each reply until it is fetched; errors never are.

Stands for vllm-project/vllm-omni#6368: the worker's stored rpc_exception held the whole batch.
Twin: pass/rpc_layer_sends_the_words.py.
---
reason: leak
holder: {kind: traceback, name: "Rpc.replies['req-2'].error"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class Reply:
    __slots__ = ("error", "result")

    def __init__(self, result=None, error=None):
        self.result = result
        self.error = error


class Rpc:
    def __init__(self):
        self.replies = {}

    def call(self, request, function):
        try:
            self.replies[request] = Reply(result=function())
        except RuntimeError as error:
            self.replies[request] = Reply(error=error)
            raise
        return self.replies.pop(request).result


def forward(failing):
    activations = b"x" * (100 << 20)  # kept
    if failing:
        raise RuntimeError(f"boom after {len(activations)} bytes")
    return len(activations)


def load(device):
    return Rpc()


def infer(rpc):
    rpc.call("req-1", lambda: forward(failing=False))


def fail(rpc):
    rpc.call(f"req-{len(rpc.replies) + 2}", lambda: forward(failing=True))
