"""A small decoder built in code: nothing is downloaded, and it runs out of memory like a big one.

It serves requests the way engines do: each gets a key/value cache when it starts, and attention
needs memory that grows with the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LAYERS = 4
WIDTH = 512
HEADS = 8
TOKENS = 512


class Block(nn.Module):
    """One decoder layer that writes its keys and values into the request's cache."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x: Tensor, cache: Tensor) -> Tensor:
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        cache[0], cache[1] = k, v
        scores = q @ cache[0].transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        mixed = scores.softmax(-1) @ cache[1]
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, WIDTH))
        return x + self.mlp(x)


class Engine:
    """Holds the model, and the cache of every request in flight."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.embed = nn.Embedding(256, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.caches: dict[int, Tensor] = {}
        self.requests = 0

    def start(self, batch: int) -> int:
        """Give a request its cache."""
        self.requests += 1
        self.caches[self.requests] = torch.zeros(LAYERS, 2, batch, HEADS, TOKENS, WIDTH // HEADS)
        return self.requests

    def finish(self, request: int) -> None:
        """Take a request's cache back."""
        del self.caches[request]

    @torch.inference_mode()
    def forward(self, request: int, prompt: Tensor) -> Tensor:
        """Run the model over a request's prompt."""
        x = self.embed(prompt)
        for layer, block in enumerate(self.blocks):
            x = block(x, self.caches[request][layer])
        return x


def cache_bytes(batch: int) -> int:
    """Bytes of one request's cache: what a failed request leaves behind if nobody cleans up."""
    return 4 * LAYERS * 2 * batch * TOKENS * WIDTH


def prompt(batch: int) -> Tensor:
    """A batch of prompts, as long as the engine takes them."""
    return torch.zeros(batch, TOKENS, dtype=torch.long)
