"""The same engine with the commonest mistake: only the success path cleans up."""

from transformer import Engine, prompt


def load(device):
    return Engine()


def infer(engine, size=1):
    request = engine.start(size)
    engine.forward(request, prompt(size))
    engine.finish(request)
