"""Run the command line with ``python -m edgegap_async.cli``: the same as ``edgegap-async``."""

import sys

from edgegap_async.cli import main

sys.exit(main())
