"""Stories of runs on GPUs that go wrong: drawn, carried out by the gate, held against the truth."""
