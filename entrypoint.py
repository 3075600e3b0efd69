"""The container's entry point: hands arguments and environment to ops002."""

from ops002.__main__ import run

if __name__ == "__main__":
    run()
