"""GitHub's side: events, check runs, files at a ref."""
