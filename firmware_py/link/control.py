"""Requests and answers of the control point as bytes: head, fields, proof, checksum. Both ends use this file."""

import struct
from collections import namedtuple

from firmware_py.frames import crc_16
from firmware_py.link import ops
from firmware_py.link.proofs import hmac_sha256
from firmware_py.link.wire import MAJOR, MINOR

REQUEST_HEAD = "<BBHH4s"  # major, minor, op, seq, session
REQUEST_HEAD_N = 10
REPLY_HEAD = "<BBHHB"  # major, minor, op, seq, result
REPLY_HEAD_N = 7
PROOF_N = 8
CRC_N = 2
SESSION_N = 4
SEQ_MAX = 0xFFFF

Request = namedtuple("Request", ("major", "minor", "op", "seq", "session", "body"))
Reply = namedtuple("Reply", ("op", "seq", "result", "values", "sentence"))


def op_of(data: bytes) -> int:
    """Return the number of the operation in a request, however damaged the rest may be; 0 if it is too short."""
    return data[2] | data[3] << 8 if len(data) >= 4 else 0


def seq_of(data: bytes) -> int:
    """Return the seq of a request, 0 if it is too short."""
    return data[4] | data[5] << 8 if len(data) >= 6 else 0


def is_signed(op) -> bool:
    """Say whether requests of `op` carry a proof."""
    return op.role > ops.WEARER


def request_bytes(op, seq: int, session: bytes, key: bytes, *values) -> bytes:
    """Return a request; ValueError if a value does not fit. `key` is the session key, b"" without one."""
    if not 0 <= seq <= SEQ_MAX:
        raise ValueError(f"seq is {seq}; allowed is 0 to {SEQ_MAX}. Begin a new session.")
    if len(session) != SESSION_N:
        raise ValueError(f"session has {len(session)} bytes; {SESSION_N} are needed.")
    data = struct.pack(REQUEST_HEAD, MAJOR, MINOR, op.code, seq, session) + op.request.pack(*values)
    if is_signed(op):
        data = data + hmac_sha256(key, data)[:PROOF_N]
    return with_crc(data)


def read_request(data: bytes):
    """Return the Request in `data`, its fields and proof still as `body`; None if it is short or damaged."""
    n = len(data) - CRC_N
    if n < REQUEST_HEAD_N or crc_16(data, 0, n) != data[n] | data[n + 1] << 8:
        return None
    head = struct.unpack(REQUEST_HEAD, data[:REQUEST_HEAD_N])
    return Request(head[0], head[1], head[2], head[3], bytes(head[4]), bytes(data[REQUEST_HEAD_N:n]))


def reply_bytes(op_code: int, seq: int, result: int, payload: bytes = b"") -> bytes:
    """Return an answer, or an event if `seq` is 0."""
    return with_crc(struct.pack(REPLY_HEAD, MAJOR, MINOR, op_code, seq, result) + payload)


def read_reply(data: bytes):
    """Return the Reply in `data`; None if it is damaged, of another major or not of its form.

    values   record of the operation's answer if the result is OK, else None;  sentence  why not, may be ""
    """
    n = len(data) - CRC_N
    if n < REPLY_HEAD_N or data[0] != MAJOR or crc_16(data, 0, n) != data[n] | data[n + 1] << 8:
        return None
    _, minor, code, seq, result = struct.unpack(REPLY_HEAD, data[:REPLY_HEAD_N])
    payload = bytes(data[REPLY_HEAD_N:n])
    op = ops.BY_CODE.get(code)
    if result != ops.OK:
        try:
            return Reply(code, seq, result, None, str(payload, "utf-8"))
        except UnicodeError:
            return Reply(code, seq, result, None, "")
    values = op.reply.unpack(payload, minor > MINOR) if op is not None else None
    return None if values is None else Reply(code, seq, result, values, "")


def with_crc(data: bytes) -> bytes:
    """Return `data` with its checksum behind it."""
    crc = crc_16(data, 0, len(data))
    return data + bytes([crc & 0xFF, crc >> 8])
