"""An engine on torch that does at an error what ``ENGINE`` in its environment, a JSON object, says.

=========  ===================================================================================
devices    how many it uses; by default one
chunk      bytes of each tensor that an inference takes; by default 64 MiB
chunks     how many of them at size 1; by default 8
keeps      what an error leaves: "exception" (and so its tensors), or bytes (of ``fail``)
swallows   it answers an out-of-memory error with less, and returns
helped     below that size it does without what it can't have, as cuDNN does without a workspace
wraps      it raises an error of its own instead, from nothing
unsized    ``infer`` takes no size
fails      its ``fail`` raises after so many chunks
empties    and gives the allocator's cache back before
visible    what it sets CUDA_VISIBLE_DEVICES to
exits      it answers an out-of-memory error by ending with 3
poisons    and leaves a context that answers no more
=========  ===================================================================================
"""

import json
import os

import torch

TOLD = json.loads(os.environ["ENGINE"])
os.environ["CUDA_VISIBLE_DEVICES"] = TOLD.get("visible", os.environ["CUDA_VISIBLE_DEVICES"])
DEVICES = [f"cuda:{index}" for index in range(TOLD.get("devices", 1))]
CHUNK = TOLD.get("chunk", 64 << 20)
CHUNKS = TOLD.get("chunks", 8)


class EngineError(Exception):
    pass


class Engine:
    def __init__(self):
        self.weights = [torch.empty(2 << 30, device=device) for device in DEVICES]
        self.kept = []

    def forward(self, chunks):
        taken = []
        for _ in range(chunks):
            taken += [torch.empty(CHUNK, device=device) for device in DEVICES]

    def infer(self, size):
        try:
            self.forward(CHUNKS * size)
        except torch.OutOfMemoryError as error:
            if size < TOLD.get("helped", 0):
                return
            if TOLD.get("keeps") == "exception":
                self.kept.append(error)
            if "exits" in TOLD:
                os._exit(3)
            if "swallows" in TOLD:
                print("out of memory: answering with less", flush=True)
                return
            if "wraps" not in TOLD:
                raise
        else:
            return
        raise EngineError("the request can't be served")

    def fail(self):
        self.forward(TOLD["fails"])
        if "keeps" in TOLD:
            self.kept.append(torch.empty(TOLD["keeps"], device=DEVICES[0]))
        if "empties" in TOLD:
            torch.cuda.empty_cache()
        if "poisons" in TOLD:
            torch.cuda.poison()
        raise RuntimeError("boom")


def load(device):
    return Engine()


if "unsized" in TOLD:

    def infer(engine):
        engine.infer(1)

else:

    def infer(engine, size=1):
        engine.infer(size)


def fail(engine):
    engine.fail()
