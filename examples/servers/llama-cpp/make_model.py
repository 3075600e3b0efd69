"""Writes a tiny llama with random weights, and a prompt far too long for it: no download."""

import json
import sys
from pathlib import Path

import gguf
import numpy as np

EMBEDDING, LAYERS, HEADS, FEED_FORWARD, CONTEXT = 64, 2, 4, 128, 512
SPECIAL = ["<unk>", "<s>", "</s>"]
LETTERS = "\u2581abcdefghijklmnopqrstuvwxyz"
HUGE = 2 << 20  # characters of a prompt: a token each


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "tiny.gguf")
    (folder / "huge.json").write_text(json.dumps({"prompt": "a" * HUGE, "max_tokens": 1}))


def write_model(path):
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *LETTERS]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(LETTERS)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, shape in shapes(len(tokens)):
        writer.add_tensor(name, weights(name, shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shapes(vocabulary):
    yield "token_embd.weight", (vocabulary, EMBEDDING)
    yield "output_norm.weight", (EMBEDDING,)
    yield "output.weight", (vocabulary, EMBEDDING)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", (EMBEDDING, EMBEDDING)
        yield f"blk.{layer}.ffn_gate.weight", (FEED_FORWARD, EMBEDDING)
        yield f"blk.{layer}.ffn_up.weight", (FEED_FORWARD, EMBEDDING)
        yield f"blk.{layer}.ffn_down.weight", (EMBEDDING, FEED_FORWARD)
        yield f"blk.{layer}.attn_norm.weight", (EMBEDDING,)
        yield f"blk.{layer}.ffn_norm.weight", (EMBEDDING,)


def weights(name, shape):
    if "norm" in name:
        return np.ones(shape, dtype=np.float32)
    return np.random.default_rng(0).normal(0, 0.05, shape).astype(np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
