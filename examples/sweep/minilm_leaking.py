"""MiniLM with a common mistake: the last error is kept, and with it all that its frames hold."""

from minilm import Engine


def load(device):
    return Engine(device)


def infer(engine):
    try:
        return engine.embed(sentences=128)
    except RuntimeError as error:
        engine.last_error = error
        raise
