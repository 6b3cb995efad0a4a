"""What runs on a microcontroller only: MicroPython's machine, rp2, radio and files, behind `firmware_py.hal`."""
