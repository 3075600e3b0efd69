"""Any text and any bytes, at each border where text from outside comes in."""
