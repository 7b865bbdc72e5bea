"""``python -m trustmark_witness``: the same as ``trustmark witness``."""

import sys

from trustmark_witness.cli import main

sys.exit(main(sys.argv[1:]))
