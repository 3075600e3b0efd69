"""MiniLM with a common mistake: errors are kept, and with them all that their frames hold."""

from minilm import Engine


def load(device):
    return Engine(device)


def infer(engine):
    try:
        return engine.embed(sentences=64)
    except RuntimeError as error:
        engine.errors.append(error)
        raise
