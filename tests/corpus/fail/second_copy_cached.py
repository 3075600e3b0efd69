"""Recovery loads the model again under a new name, and the first copy stays in the cache.

Stands for numz/ComfyUI-SeedVR2_VideoUpscaler#257: out of memory, and the next run
loads a second copy beside the cached one. Twin:
pass/second_copy_replaces.py.
---
reason: leak
retained: 100MiB
faults: [{kind: call, expect: {exception: MemoryError}}]
repeat: 1
"""


class Pipeline:
    def __init__(self):
        self.cached = {"run 0": b"m" * (100 << 20)}
        self.runs = 0

    def run(self, frames):
        activations = b"a" * (frames << 20)
        if frames > 150:
            self.runs += 1
            self.cached[f"run {self.runs}"] = b"m" * (100 << 20)
            raise MemoryError("out of memory in the upscaler")
        return len(activations)


def load(device):
    return Pipeline()


def infer(pipeline):
    return pipeline.run(100)


def fail(pipeline):
    pipeline.run(200)
