"""`python -m omoai_engine.cli`: the `omoai` command without its console script."""

import sys

from omoai_engine.cli import main

sys.exit(main())
