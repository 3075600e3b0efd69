"""An error whose class, message, place and output are escape sequences, markup, commands for a CI
runner, and bytes that are no text. It isn't the error that was expected, so all of it is shown.
---
reason: fault-not-fired
faults: [{kind: call, expect: {exception: MemoryError}}]
repeat: 1
"""

import os

WORDS = (
    "\n::error file=a.py,line=1::forged\r\n##[error]forged\n[red]markup[/red] <script>alert(1)</script>"
    " `code` |cell| \x1b[2J\x1b]0;title\x07\x9b31m \x00\x08\x7f\u202eright to left\u2028\ufeff \udc80\ud800 "
)


def load(device):
    print(WORDS.encode("utf-8", "surrogatepass"))
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    for descriptor in (1, 2):
        os.write(descriptor, WORDS.encode("utf-8", "surrogatepass") + b"\xff\xfe\xc3(\n")
    hostile = type("Error" + WORDS.replace("\x00", ""), (RuntimeError,), {"__module__": WORDS})
    code = compile("raise hostile(WORDS + str(size))", WORDS.replace("\x00", ""), "exec")
    exec(code.replace(co_name=WORDS), {"hostile": hostile, "WORDS": WORDS, "size": len(activations)})
