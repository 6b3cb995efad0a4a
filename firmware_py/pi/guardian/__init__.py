"""The guardian: the process that owns the stimulator and can still say no when everything else is wrong.

It reads `safety`, `stimulator.drivers`, `firmware_py.guard` and its own files, nothing else (a test
follows its imports from here). Start it with `python -m firmware_py.pi.guardian`.
"""

from firmware_py.pi.guardian.process import main

__all__ = ["main"]
