"""What each subcommand does. Imported only when it is asked for: `--help` stays instant."""
