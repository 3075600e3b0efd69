"""How often the gate is wrong: real clean runs, and replays of recorded trials."""
