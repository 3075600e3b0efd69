"""The meter: reads devices for the gate from a process of its own.

A driver's call that hangs hangs the meter, and the gate goes on without it.
"""
