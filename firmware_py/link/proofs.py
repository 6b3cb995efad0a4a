"""Proof without telling: HMAC-SHA256, and a comparison that takes as long for a wrong value as for a right one."""

import hashlib

BLOCK_N = 64


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the 32 bytes of HMAC-SHA256 (RFC 2104)."""
    if len(key) > BLOCK_N:
        key = hashlib.sha256(key).digest()
    key = key + bytes(BLOCK_N - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]) + message).digest()
    return hashlib.sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()


def is_same(a: bytes, b: bytes) -> bool:
    """Say whether `a` and `b` are the same bytes, without stopping at the first difference."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0
