"""Every operation of the control point: its number, who may ask for it, what goes in and what comes back.

A request is MAJOR, MINOR, op, seq, session, fields, then for operations above the wearer's a proof of 8 bytes,
then CRC-16. An answer is MAJOR, MINOR, op, seq, result, then the fields of the answer (or, if the result is
not OK, a sentence), then CRC-16. Any two numbers of operations differ in at least 6 bits of 16.
"""

from collections import namedtuple

from firmware_py.link.wire import Layout

# Who is there: states of `firmware_py.link.access`; an operation names the least that it needs.
WEARER = 2
THERAPIST = 3
ENGINEER = 4
ROLE_NAMES = ("nobody", "not paired", "wearer", "therapist", "engineer", "leaving")

STOP = 0x003F
HELLO = 0x01C7
PAUSE = 0x01F8
RESUME = 0x064B
LEVEL = 0x0674
WATCH = 0x078C
CHALLENGE = 0x07B3
UNLOCK = 0x0A95
LOCK = 0x0AAA
BEGIN = 0x0B52
VALIDATE = 0x0B6D
COMMIT = 0x0CDE
CONFIRM = 0x0CE1
REVERT = 0x0D19
ACKNOWLEDGE = 0x0D26
CHECKED = 0x304D
ARM_WALK = 0x3072
ARM_TEST = 0x318A
DISARM = 0x31B5
CLEAR = 0x3606
HOLD = 0x3639
BEAT = 0x37C1
RELEASE = 0x3AD8
LOG_INFO = 0x3AE7
LOG_REPORT = 0x3B1F
HISTORY = 0x3B20
TIME = 0x3C93
USER = 0x3CAC
FORGET_BONDS = 0x3D54
EVENT = 0x3D6B  # only ever from the device

NOTHING = Layout("Nothing", ())
SENTENCE = Layout("Sentence", (("text", "rest", "why not, for a person; may be empty"),))

Op = namedtuple("Op", ("code", "name", "role", "request", "reply", "help"))


def _op(code: int, name: str, role: int, request, reply, help_: str) -> Op:
    ask = Layout(name, request) if request else NOTHING
    answer = Layout(name + "_reply", reply) if reply else NOTHING
    return Op(code, name, role, ask, answer, help_)


HASH = ("hash", "b8", "SHA-256 of the canonical bytes, cut")
REVISION = ("revision", "u30", "counts every change of what runs or is confirmed")

OPS = (
    _op(
        STOP,
        "stop",
        WEARER,
        (),
        (),
        "No pulse from now on. Taken in every state, whatever seq, session and CRC are.",
    ),
    _op(
        HELLO,
        "hello",
        WEARER,
        (),
        (("session", "b4", "goes into every request"), ("boot", "u16", "counts power-ons")),
        "Begin a session; seq starts again at 1.",
    ),
    _op(PAUSE, "pause", WEARER, (), (), "The wearer wants a rest: the step ends, no further one is helped."),
    _op(RESUME, "resume", WEARER, (), (), "The wearer wants to go on."),
    _op(
        LEVEL,
        "level",
        WEARER,
        (("percent", "u8", "0 to 100 in steps of 5, inside the corridor"),),
        (),
        "Set the wearer's level.",
    ),
    _op(WATCH, "watch", WEARER, (("is_on", "u8", "1 on, 0 off"),), (), "Send telemetry, or stop it."),
    _op(
        CHALLENGE,
        "challenge",
        WEARER,
        (("user", "text", "name"),),
        (
            ("nonce", "b16", "for one attempt, 30 s"),
            ("salt", "b8", "for the key"),
            ("rounds", "u30", "of PBKDF2-HMAC-SHA256"),
        ),
        "Ask for what an unlock needs.",
    ),
    _op(
        UNLOCK,
        "unlock",
        WEARER,
        (("nonce", "b8", "of the client"), ("proof", "b16", "see docs/link.md")),
        (
            ("role", "u8", "3 therapist, 4 engineer"),
            ("minutes", "u8", "without an operation, then it locks"),
            ("proof", "b8", "that the device knows the PIN's key too"),
        ),
        "Become therapist or engineer by PIN.",
    ),
    _op(LOCK, "lock", WEARER, (), (), "Be wearer again."),
    _op(
        BEGIN,
        "begin",
        THERAPIST,
        (
            ("txn", "u16", "number of this change"),
            ("length", "u16", "bytes in all"),
            HASH,
            ("revision", "u30", "the one that was read"),
        ),
        (),
        "Begin a change of prescription; the one before is dropped.",
    ),
    _op(
        VALIDATE,
        "validate",
        THERAPIST,
        (("txn", "u16", ""),),
        (HASH, ("warnings", "u8", "settings outside the recommended range")),
        "Check what was sent: whole, in range, joint limits, no steep rise, inside the profile.",
    ),
    _op(
        COMMIT,
        "commit",
        THERAPIST,
        (("txn", "u16", ""), ("revision", "u30", "the one that was read")),
        (HASH, REVISION),
        "Try the change, from the next step on. It ends unless it is confirmed within 10 minutes.",
    ),
    _op(
        CONFIRM,
        "confirm",
        THERAPIST,
        (("hash", "b8", "of what runs"), ("revision", "u30", "the one that was read")),
        (REVISION,),
        "What runs now is the prescription.",
    ),
    _op(
        REVERT,
        "revert",
        THERAPIST,
        (("revision", "u30", "the one that was read"),),
        (HASH, REVISION),
        "Go back to the prescription that was confirmed.",
    ),
    _op(
        ACKNOWLEDGE,
        "acknowledge",
        THERAPIST,
        (),
        (),
        "The contraindications were read and acknowledged for this wearer.",
    ),
    _op(
        CHECKED,
        "checked",
        THERAPIST,
        (),
        (),
        "The right leg, no channels swapped. Counts only after test bursts.",
    ),
    _op(
        ARM_WALK,
        "arm_walk",
        THERAPIST,
        (),
        (),
        "Arm for walking; tried for 2 s, Status says whether it is armed.",
    ),
    _op(ARM_TEST, "arm_test", THERAPIST, (), (), "Arm for one test burst; as arm_walk."),
    _op(DISARM, "disarm", THERAPIST, (), (), "No stimulation for now."),
    _op(CLEAR, "clear", THERAPIST, (), (), "The latched fault was looked at and its cause mended."),
    _op(
        HOLD,
        "hold",
        THERAPIST,
        (
            ("channel", "u8", "0 is the first"),
            ("current_max_ua", "u30", "at most; the prescription's if less"),
        ),
        (("token", "u16", "of this press"), ("ticket", "u16", "for the first beat")),
        "The test button goes down. Beats must follow.",
    ),
    _op(
        BEAT,
        "beat",
        THERAPIST,
        (("token", "u16", "of this press"), ("ticket", "u16", "the newest")),
        (("ticket", "u16", "for the next beat"),),
        "Still there: every 200 ms. The burst ends 575 ms after the ticket was made at the latest.",
    ),
    _op(
        RELEASE,
        "release",
        THERAPIST,
        (),
        (
            ("channel", "u8", ""),
            ("verdict", "u8", "of firmware_py.channel_check"),
            ("ended_by", "u8", "of stimulator.test_burst"),
            ("granted", "u16", "pulses"),
            ("lift_cdeg", "i16", "0.01 deg, toe-up"),
            ("evert_cdeg", "i16", "0.01 deg, eversion"),
        ),
        "The test button is up; says what the burst showed.",
    ),
    _op(
        LOG_INFO,
        "log_info",
        THERAPIST,
        (),
        (
            ("epoch", "b4", "names this log"),
            ("first", "u30", "oldest record"),
            ("end", "u30", "after the newest record"),
        ),
        "Which records of the black box there are.",
    ),
    _op(
        LOG_REPORT,
        "log_report",
        THERAPIST,
        (("epoch", "b4", ""), ("first", "u30", ""), ("count", "u30", "0 ends the report that runs")),
        (),
        "Send records; an event says when all are sent.",
    ),
    _op(
        HISTORY,
        "history",
        THERAPIST,
        (("index", "u30", "0 is the oldest"), ("offset", "u16", "first byte wanted")),
        (
            ("count", "u30", "entries"),
            ("length", "u16", "bytes of this entry"),
            ("part", "rest", "as many of them as fit"),
        ),
        "One entry of the history of prescriptions.",
    ),
    _op(
        TIME,
        "time",
        THERAPIST,
        (("wall_s", "u30", "seconds since 2020-01-01 00:00 UTC"),),
        (),
        "Set the clock that the history names.",
    ),
    _op(
        USER,
        "user",
        THERAPIST,
        (
            ("user", "text", "name"),
            ("role", "u8", "3 therapist, 4 engineer, 0 removes"),
            ("salt", "b8", ""),
            ("rounds", "u30", ""),
            ("key", "b32", "PBKDF2-HMAC-SHA256 of the PIN"),
        ),
        (),
        "Set a PIN: one's own, or as engineer anybody's.",
    ),
    _op(
        FORGET_BONDS,
        "forget_bonds",
        ENGINEER,
        (),
        (),
        "Every paired phone and laptop is forgotten, this one too.",
    ),
    _op(
        EVENT,
        "event",
        WEARER,
        (),
        (("kind", "u8", "see the table of events"), ("value", "i30", "")),
        "Only from the device, with seq 0.",
    ),
)

# fmt: off
(
    OK, BAD_FORM, VERSION, UNKNOWN_OP, NO_SESSION, REPLAYED, NOT_ALLOWED, BAD_PROOF, LOCKED_OUT, WRONG_PIN,
    WRONG_STATE, BAD_VALUE, WRONG_TXN, INCOMPLETE, WRONG_HASH, WRONG_REVISION, REFUSED, NOT_TAKEN_OVER,
    STORE_FAILED, STALE, NO_RECORD,
) = range(21)
# fmt: on
RESULTS = (
    "Done.",
    "The message is not whole, or a value is out of range. Send it again, or use a newer client.",
    "The device speaks another version of this protocol. Use the client that fits its firmware.",
    "The device does not know this operation. Use the client that fits its firmware.",
    "There is no such session. Say hello first.",
    "This number was used before in this session. Read the status before sending anything again.",
    "This needs another role. Unlock with a PIN first.",
    "The proof is wrong: this message is not from the one who unlocked. Unlock again.",
    "Too many wrong PINs. Wait until the time that the device names is over.",
    "Wrong user or PIN. Ask for a new challenge and try again.",
    "Not in this state. Look at the status first.",
    "A value is outside what is allowed.",
    "There is no such change under way. Begin again.",
    "Not all pieces have arrived. Send the missing ones, or begin again.",
    "The hash does not fit what arrived. Begin again.",
    "Somebody changed the prescription in between. Read it again, then decide anew.",
    "The device refuses this prescription.",
    "The change waits for the end of the step. Ask again.",
    "The device could not keep this (its disk is full or a part of it does not answer). Nothing was changed.",
    "The beat came too late; the burst is over. Let go, check the connection, press again.",
    "There is no such record.",
)

FAULT_CHANGED = 1
TRIAL_ENDED = 2
LOG_DONE = 3
ROLE_LOCKED = 4
EVENTS = (
    "",
    "the fault is now `value` (safety.faults), 0 none",
    "the trial was not confirmed: what runs now is the smaller of trial and confirmed prescription",
    "the report is complete up to record `value` - 1",
    "the role has gone back to wearer",
)


BY_CODE = {op.code: op for op in OPS}
