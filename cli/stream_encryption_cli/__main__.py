"""`python -m stream_encryption_cli`."""

import sys

from .main import main

sys.exit(main())
