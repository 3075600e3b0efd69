"""A transformer behind uvicorn that streams what it generates: tiny, random weights, no download.

PLANTED names one way to keep what a failed request took, as real servers have done: cache (its KV
cache stays in the table), task (a stream runs on without its client), exception (the last one is
kept), child (the process of a failed request isn't ended).
"""

import asyncio
import json
import os
import subprocess
import sys
import threading

import torch
import uvicorn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

PLANTED = os.environ.get("PLANTED", "")
LONGEST = 512  # tokens of a prompt
CHILD = "import sys; held = b'x' * (64 << 20); sys.stdin.read()"

KEPT = []
LAST = []


class OutOfBlocks(Exception):
    """A request grew beyond what the server allows."""


class Engine:
    """One model; requests take turns."""

    def __init__(self):
        torch.set_num_threads(1)
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=256,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=8,
            num_attention_heads=16,
            num_key_value_heads=16,
            head_dim=256,  # 256 KiB of cache for each token, and hardly anything to compute
            max_position_embeddings=4 * LONGEST,
        )
        self.model = LlamaForCausalLM(config).eval()
        self.turn = threading.Lock()

    @torch.inference_mode()
    def extend(self, tokens, cache):
        """The token that follows; the cache grows by those that were given."""
        with self.turn:
            told = self.model(torch.tensor([tokens]), past_key_values=cache, use_cache=True)
        return int(told.logits[0, -1].argmax())

    def generate(self, prompt, count):
        """Tokens one by one. A prompt beyond the limit fails with half of it in the cache."""
        cache = DynamicCache()
        if PLANTED in ("cache", "task"):
            KEPT.append(cache)
        child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE)
        ends_child = PLANTED != "child"
        try:
            for start in range(0, len(prompt), 128):
                if start >= LONGEST:
                    raise OutOfBlocks(f"out of blocks after {start} tokens")
                token = self.extend(prompt[start : start + 128], cache)
            for _ in range(count):
                yield token
                token = self.extend([token], cache)
            ends_child = True
            if PLANTED in ("cache", "task"):
                KEPT.remove(cache)
        finally:
            if ends_child:
                child.kill()
                child.wait()


ENGINE = Engine()


async def app(scope, receive, send):
    """GET /health; POST /generate with {"length", "count"}; POST /stream with the same."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/health":
        await answer(send, 200, b"ready")
        return
    asked = json.loads(body)
    prompt = list(range(32, 64)) * (asked["length"] // 32)
    if scope["path"] == "/stream":
        await stream(receive, send, prompt, asked["count"])
        return
    try:
        tokens = await asyncio.to_thread(lambda: list(ENGINE.generate(prompt, asked["count"])))
    except OutOfBlocks as error:
        keep(error)
        await answer(send, 503, str(error).encode())
    else:
        await answer(send, 200, json.dumps(tokens).encode())


def keep(error):
    """What an error handler does with an error: here nothing, unless that is planted."""
    if PLANTED == "exception":
        LAST[:] = [error]
    else:
        error.__traceback__ = None  # it would hold the frames, and they the cache


async def answer(send, status, body):
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def stream(receive, send, prompt, count):
    """Tokens as they come, until the client is gone."""
    gone = asyncio.create_task(receive())
    tokens = ENGINE.generate(prompt, count)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while (token := await asyncio.to_thread(next, tokens, None)) is not None:
        if gone.done() and PLANTED != "task":
            break
        await send({"type": "http.response.body", "body": b"%d " % token, "more_body": True})
    tokens.close()
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
