"""`python -m firmware_py.pi.guardian`."""

import sys

from firmware_py.pi.guardian import main

sys.exit(main())
