"""The reply to a failed call is text. Twin of fail/rpc_layer_keeps_the_error.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
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
            self.replies[request] = Reply(error=repr(error))
            raise
        return self.replies.pop(request).result


def forward(failing):
    activations = b"x" * (100 << 20)
    if failing:
        raise RuntimeError(f"boom after {len(activations)} bytes")
    return len(activations)


def load(device):
    return Rpc()


def infer(rpc):
    rpc.call("req-1", lambda: forward(failing=False))


def fail(rpc):
    rpc.call(f"req-{len(rpc.replies) + 2}", lambda: forward(failing=True))
