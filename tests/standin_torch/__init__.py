"""A stand-in for torch, as far as the gate and the scenarios of the tests use it on GPUs."""
