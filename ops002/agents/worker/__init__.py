"""The worker: loads a scenario file in the workload's own Python and does what the gate asks.

Standard library only; parses as Python 3.9. At a reading it holds no exception, traceback or frame
of the workload: otherwise the gate itself would plant the commonest leak there is.
"""
