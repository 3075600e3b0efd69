"""Code of the gate that runs elsewhere. Imports nothing of ops002 but `agents.wire`."""
