"""`python -m stream_encryption_cli`."""

from .main import run

run()
