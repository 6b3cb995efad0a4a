"""What runs inside a QEMU guest, beside a real BlueZ; `tests/test_link_bluez_qemu.py` boots it."""
