"""What the readable and streaming characteristics hold. Each begins with MAJOR and MINOR (`wire`)."""

from firmware_py.link.wire import Layout

HASH_N = 8

# What runs: see `firmware_py.link.changes`.
SETTLED = 0
TRIAL = 1
UNCONFIRMED = 2
PHASE_NAMES = ("confirmed", "on trial", "not confirmed")

HAS_LOG = 1
HAS_TEST = 2
HAS_LEVEL = 4
IS_READ_ONLY = 8
HAS_RUNNING = 16

INFO = Layout(
    "Info",
    (
        ("features", "u16", "1 log, 2 test bursts, 4 wearer's level, 8 read-only, 16 running"),
        ("piece_max", "u16", "bytes of one piece for Stage"),
        ("serial", "b4", "hash of the serial number"),
        ("is_pairable", "u8", "1 while the pairing window is open"),
    ),
)
PRESCRIPTION = Layout(
    "PrescriptionValue",
    (
        ("revision", "u30", "counts every change of what runs or is confirmed"),
        ("phase", "u8", "0 confirmed, 1 on trial, 2 not confirmed"),
        ("hash", "b8", "SHA-256 of the canonical bytes, cut"),
        ("data", "rest", "canonical bytes (stimulator.prescription)"),
    ),
)
STATUS = Layout(
    "Status",
    (
        ("session", "b4", "that runs; zeros before hello"),
        ("role", "u8", "2 wearer, 3 therapist, 4 engineer"),
        ("done_session", "b4", "of the last request that was taken in"),
        ("done_seq", "u16", "of it"),
        ("done_op", "u16", "of it"),
        ("done_result", "u8", "of it"),
        ("revision", "u30", "of the prescription"),
        ("phase", "u8", "0 confirmed, 1 on trial, 2 not confirmed"),
        ("is_taken_over", "u8", "1 if the step under way uses what was committed"),
        ("hash", "b8", "of what runs"),
        ("armed", "u8", "0 no, 1 walking, 2 test, 3 exercise"),
        ("is_arming", "u8", "1 while arming is tried"),
        ("is_ready", "u8", "1 if the stimulator can be armed"),
        ("state", "u8", "of safety.supervisor"),
        ("fault", "u8", "of safety.faults"),
        ("held_by", "u8", "of safety.faults"),
        ("sound", "u8", "0 none, 1 no help for now, 2 help has ended"),
        ("device_fault", "u8", "of the stimulator's driver"),
        ("warnings", "u8", "1 charge of the hour, 2 session, 4 battery"),
        ("stops", "u16", "counts every stop"),
        ("level", "u8", "of the wearer, %"),
        ("is_paused", "u8", "by the wearer"),
        ("battery", "u8", "%, 255 unknown"),
        ("press", "u8", "1 while a test burst is held"),
        ("presses", "u16", "counts them"),
        ("ended_by", "u8", "of stimulator.test_burst"),
        ("trial_left_s", "u16", "until a trial ends"),
        ("wait_s", "u16", "until a PIN may be tried again"),
        ("beat_left_ms", "u16", "until the burst ends without a beat"),
        ("lost", "u16", "telemetry samples that were dropped"),
        ("t_us", "u30", "clock reading of the device"),
    ),
)
STATUS_CLOCKS_N = 12  # at its end, from trial_left_s on: what always runs and is not worth a notification
PIECE = Layout(
    "Piece",
    (
        ("txn", "u16", "number of the change"),
        ("offset", "u16", "of the first byte"),
        ("data", "rest", "the next bytes of the canonical bytes"),
    ),
)
TELEMETRY_HEAD = Layout(
    "TelemetryHead",
    (
        ("count", "u8", "samples that follow"),
        ("channels", "u8", "currents in each sample"),
        ("seq", "u16", "counts samples; of the first one here"),
        ("t_us", "u30", "clock reading of the first one"),
    ),
)
LOG_HEAD = Layout("LogHead", (("count", "u8", "records that follow"), ("number", "u30", "of the first one")))
