"""The agent that sends requests to a server, from where the server is."""
