"""The control cycle, the guard at the choke point, settings and log. Portable; no pin, no port."""
