"""GitHub Actions: what a runner gives an action, and what it takes from one."""
