"""A small decoder that cases of the corpus share: a transformer with a key/value cache per request.

Built in code, nothing is downloaded. A request's cache takes 128 MiB, as long as it is held.
"""

import torch
from torch import nn

LAYERS = 2
HEADS = 4
HEAD = 32
WIDTH = HEADS * HEAD
BATCH = 64
CAPACITY = 1024


class Block(nn.Module):
    """One layer; its keys and values go into the request's cache."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x, kv, at):
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
        kv[0, :, :, at : at + tokens], kv[1, :, :, at : at + tokens] = k, v
        scores = q @ kv[0, :, :, : at + tokens].transpose(-1, -2) / HEAD**0.5
        x = x + (scores.softmax(-1) @ kv[1, :, :, : at + tokens]).transpose(1, 2).flatten(2)
        return x + self.mlp(x)


class Decoder(nn.Module):
    """Generates token by token."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(256, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))

    def new_cache(self):
        """The keys and values of one request, layer by layer."""
        shape = (2, BATCH, HEADS, CAPACITY, HEAD)
        return [torch.ones(shape) for _ in self.blocks]  # kept

    @torch.no_grad()
    def step(self, tokens, cache, at):
        """The next tokens."""
        x = self.embed(tokens)
        for block, kv in zip(self.blocks, cache, strict=True):
            x = block(x, kv, at)
        return (x[:, -1] @ self.embed.weight.T).argmax(-1, keepdim=True)

    def generate(self, steps, cache=None):
        """Yields the tokens of each step; without a cache it makes one for itself."""
        kv = self.new_cache() if cache is None else cache
        tokens = torch.zeros(BATCH, 1, dtype=torch.long)
        for at in range(steps):
            tokens = self.step(tokens, kv, at)
            yield tokens


def boom():
    """The error in the middle of a request."""
    raise RuntimeError("boom in the middle of a request")
