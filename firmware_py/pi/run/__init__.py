"""`./swingphase run`: the device on a Raspberry Pi or PC, its processes, and how it is set up."""
