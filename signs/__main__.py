"""`python -m signs` is the command `signs`."""

import sys

from signs.cli import main

sys.exit(main())
