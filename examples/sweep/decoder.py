"""A small decoder with a key/value cache that generates token by token, built in code."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH, HEADS, LAYERS, WORDS = 256, 8, 4, 1000

Cache = list[tuple[Tensor, Tensor] | None]


class Layer(nn.Module):
    """Attention over all tokens so far, then a feed-forward network."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x: Tensor, cache: Cache, place: int) -> Tensor:
        parts = self.qkv(self.norms[0](x)).unflatten(2, (3 * HEADS, -1)).transpose(1, 2)
        query, key, value = parts.chunk(3, 1)
        past = cache[place]
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        cache[place] = (key, value)
        mixed = nn.functional.scaled_dot_product_attention(
            query, key, value, is_causal=past is None
        )
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


class Engine(nn.Module):
    """The model, and the caches of the requests in flight."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.head = nn.Embedding(WORDS, WIDTH), nn.Linear(WIDTH, WORDS)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.pending: dict[int, Cache] = {}
        self.requests = 0

    def start(self) -> int:
        """Give a request its number and its cache."""
        self.requests += 1
        self.pending[self.requests] = [None] * LAYERS
        return self.requests

    def finish(self, request: int) -> None:
        """Take a request's cache back."""
        del self.pending[request]

    @torch.inference_mode()
    def generate(self, request: int, batch: int, prompt: int, tokens: int) -> Tensor:
        """So many tokens after a prompt of so many."""
        device = self.head.weight.device
        said = torch.zeros(batch, prompt, dtype=torch.long, device=device)
        cache, step = self.pending[request], said
        for _ in range(tokens):
            x = self.embed(step)
            for place, layer in enumerate(self.layers):
                x = layer(x, cache, place)
            step = self.head(x[:, -1:]).argmax(-1)
            said = torch.cat([said, step], 1)
        return said
