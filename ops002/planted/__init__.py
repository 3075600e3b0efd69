"""What ``ops002 selftest`` plants: workloads that keep memory, and with one thing changed don't.

Each file is a workload by itself: standard library only, Python 3.9, nothing of ops002. Its
environment says what it does: ``OPS002_PLANTED`` is ``leak`` or ``clean`` (the twin),
``OPS002_PLANTED_BYTES`` how much one error keeps.
"""
