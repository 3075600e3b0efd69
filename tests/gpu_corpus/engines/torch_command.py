"""A command on torch that takes as many tensors of 64 MiB as its argument says, and ends.

``ENGINE`` in its environment, a JSON object, says what it does when memory runs out.

=========  ==============================================================
helper     a child is left that holds so many bytes
swallows   it says so and ends with 0
=========  ==============================================================
"""

import json
import os
import subprocess
import sys
import time

import torch

TOLD = json.loads(os.environ["ENGINE"])
HELPER = "import time, standin_gpu; held = standin_gpu.use({}); print('there'); time.sleep(600)"

model = torch.empty(256 << 20)
taken = []
try:
    for _ in range(int(sys.argv[1])):
        taken.append(torch.empty(64 << 20))
        time.sleep(0.02)
except torch.OutOfMemoryError as error:
    if "helper" in TOLD:
        argv = [sys.executable, "-u", "-c", HELPER.format(TOLD["helper"])]
        helper = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
        helper.stdout.readline()
    if "swallows" not in TOLD:
        raise
    print(error)
