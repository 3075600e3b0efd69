"""llama-cpp-python's own server, which collects its garbage after each request that failed.

An error in it is part of a cycle: the future that a thread fails, its exception, the traceback, the
frame that waits for the future. With the cycle the request's prompt and tokens stay, until Python's
collector happens to come by. With PLANTED=collector-off in its environment it never does.
"""

import argparse
import asyncio
import gc
import os
from http import HTTPStatus

import uvicorn
from llama_cpp.server.app import create_app
from llama_cpp.server.settings import ModelSettings, ServerSettings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    collects = os.environ.get("PLANTED") != "collector-off"
    if not collects:
        gc.disable()
    app = create_app(
        server_settings=ServerSettings(),
        model_settings=[ModelSettings(model=given.model, n_ctx=512)],
    )

    @app.middleware("http")
    async def collect_after_errors(request, answer):
        response = await answer(request)
        if collects and response.status_code >= HTTPStatus.BAD_REQUEST:
            # A moment later: the error is still on its way through this very task.
            asyncio.get_running_loop().call_later(0.2, gc.collect)
        return response

    uvicorn.run(app, host="127.0.0.1", port=given.port)


if __name__ == "__main__":
    main()
