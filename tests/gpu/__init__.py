"""What only a GPU can show. Run by ``make test-gpu``; skipped where there is none."""
