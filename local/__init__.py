"""An AWS on one machine, for the demo and the stack tests: no Docker, no account, no network."""
