"""Run as a program: a supervisor of a Python child, given as its source and arguments."""

from __future__ import annotations

import logging
import sys

from ops.supervisor import Supervisor

FIRST_PAUSE_SECONDS = 0.1

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(Supervisor([sys.executable, "-c", *sys.argv[1:]], FIRST_PAUSE_SECONDS).run())
