"""What happens with a write to the control point: form, session, order, role, proof; then the deed and its answer."""

from firmware_py.link import access, ops, unlock
from firmware_py.link.control import (
    CRC_N,
    PROOF_N,
    REPLY_HEAD_N,
    is_signed,
    op_of,
    read_request,
    reply_bytes,
    seq_of,
)
from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.wire import MAJOR, MINOR

NO_SESSION = bytes(4)
HISTORY_HEAD_N = 6


class Requests:
    """Answer one write after the other.

    session    firmware_py.link.session.Session, whose parts do the deeds
    answer(data) -> bytes    the answer to a write, never an exception
    id         4 random bytes, zeros without a session
    done       (session, seq, op, result) of the last request that was taken in; outlives the connection
    """

    def __init__(self, session) -> None:
        self.id: bytes = NO_SESSION
        self.done = (NO_SESSION, 0, 0, 0)
        self._s = session
        self._seq: int = 0
        self._last: bytes = b""  # the last request and its answer, should it come again
        self._last_answer: bytes = b""
        self._deeds = {
            ops.PAUSE: self._pause,
            ops.RESUME: self._resume,
            ops.LEVEL: self._level,
            ops.WATCH: self._watch,
            ops.CHALLENGE: self._challenge,
            ops.UNLOCK: self._unlock,
            ops.LOCK: self._lock,
            ops.BEGIN: self._begin,
            ops.VALIDATE: self._validate,
            ops.COMMIT: self._commit,
            ops.CONFIRM: self._confirm,
            ops.REVERT: self._revert,
            ops.ACKNOWLEDGE: self._acknowledge,
            ops.CHECKED: self._checked,
            ops.ARM_WALK: self._arm_walk,
            ops.ARM_TEST: self._arm_test,
            ops.DISARM: self._disarm,
            ops.CLEAR: self._clear,
            ops.HOLD: self._hold,
            ops.BEAT: self._beat,
            ops.RELEASE: self._release,
            ops.LOG_INFO: self._log_info,
            ops.LOG_REPORT: self._log_report,
            ops.HISTORY: self._history,
            ops.TIME: self._time,
            ops.USER: self._user,
            ops.FORGET_BONDS: self._forget_bonds,
        }

    def forget(self) -> None:
        """The connection is gone; what was done last is still known."""
        self.id = NO_SESSION
        self._seq = 0
        self._last = b""
        self._last_answer = b""

    def answer(self, data: bytes) -> bytes:
        """Do what `data` asks for, if it may; return the answer."""
        if op_of(data) == ops.STOP:
            self._s.stop()
            return reply_bytes(ops.STOP, seq_of(data), ops.OK)
        request = read_request(data)
        if request is None:
            return _refusal(op_of(data), seq_of(data), ops.BAD_FORM)
        if request.op == ops.HELLO and request.major == MAJOR:
            return self._new_session(request, data)
        if len(self._last) > 0 and data == self._last:
            return self._last_answer
        op = ops.BY_CODE.get(request.op)
        result = self._why_not(request, op, data)
        if result != ops.OK:
            return _refusal(request.op, request.seq, result)
        return self._do(request, op, data)

    def _why_not(self, request, op, data: bytes) -> int:
        """Return why a request is not even taken in; OK if it is."""
        if request.major != MAJOR:
            return ops.VERSION
        if op is None or op.code not in self._deeds:
            return ops.UNKNOWN_OP
        if self.id == NO_SESSION or request.session != self.id:
            return ops.NO_SESSION
        if not self._s.access.may(op):
            return ops.NOT_ALLOWED
        if is_signed(op) and not self._is_proven(data):
            return ops.BAD_PROOF
        return ops.OK if request.seq > self._seq else ops.REPLAYED

    def _is_proven(self, data: bytes) -> bool:
        end = len(data) - CRC_N - PROOF_N
        key = self._s.unlock.key
        if end < 0 or len(key) == 0:
            return False
        return is_same(hmac_sha256(key, data[:end])[:PROOF_N], data[end : end + PROOF_N])

    def _do(self, request, op, data: bytes) -> bytes:
        self._seq = request.seq
        body = request.body[: len(request.body) - PROOF_N] if is_signed(op) else request.body
        asked = op.request.unpack(body, request.minor > MINOR)
        result = ops.BAD_FORM
        said = ()
        if asked is not None:
            if is_signed(op):
                self._s.access.used()
            try:
                result, said = self._deeds[op.code](asked)
            except OSError:
                result, said = ops.STORE_FAILED, ("",)
        if result == ops.OK:
            answer = reply_bytes(op.code, request.seq, ops.OK, op.reply.pack(*said))
        else:
            answer = _refusal(op.code, request.seq, result, said[0] if said else "", self._room())
        self.done = (self.id, request.seq, op.code, result)
        self._last = data
        self._last_answer = answer
        return answer

    def _room(self) -> int:
        return self._s.value_max_n - REPLY_HEAD_N - CRC_N

    # Session --------------------------------------------------------------------------------------

    def _new_session(self, request, data: bytes) -> bytes:
        """Hello begins anew, whoever was unlocked is wearer again; what was staged or held ends."""
        self._s.lock()
        self._s.unlock.forget()
        self.forget()
        self.id = self._s.chance.fill(4)
        while self.id == NO_SESSION:
            self.id = self._s.chance.fill(4)
        return reply_bytes(
            ops.HELLO, request.seq, ops.OK, ops.BY_CODE[ops.HELLO].reply.pack(self.id, self._s.boot)
        )

    def _pause(self, asked):
        self._s.device.pause()
        return ops.OK, ()

    def _resume(self, asked):
        self._s.device.resume()
        return ops.OK, ()

    def _level(self, asked):
        is_set = self._s.device.set_level(asked.percent)
        return (ops.OK, ()) if is_set else (ops.BAD_VALUE, ())

    def _watch(self, asked):
        if asked.is_on:
            self._s.telemetry.start()
        else:
            self._s.telemetry.stop()
        return ops.OK, ()

    # Roles ----------------------------------------------------------------------------------------

    def _challenge(self, asked):
        result, said = self._s.unlock.challenge(asked.user)
        return self._or_wait(result, said)

    def _unlock(self, asked):
        self._s.lock()
        result, role, proof = self._s.unlock.unlock(asked.nonce, asked.proof)
        if result == ops.OK:
            is_engineer = role == access.ENGINEER
            self._s.access.event(access.UNLOCKED_ENGINEER if is_engineer else access.UNLOCKED)
        return self._or_wait(result, (role, access.UNLOCKED_MAX_S // 60, proof))

    def _or_wait(self, result: int, said):
        wait_s = self._s.unlock.lockout.wait_s
        if result != ops.OK and wait_s > 0:
            return result, (f"Wait {wait_s} s before the next try.",)
        return (result, said) if result == ops.OK else (result, ())

    def _lock(self, asked):
        self._s.lock()
        return ops.OK, ()

    def _user(self, asked):
        mine = self._s.unlock.users.find(self._s.unlock.user)
        is_own = mine is not None and asked.user == mine.user and asked.role == mine.role
        if self._s.access.state != access.ENGINEER and not is_own:
            return ops.NOT_ALLOWED, ("A therapist may change the own PIN only. Ask an engineer.",)
        problem = unlock.user_problem(asked)
        if problem:
            return ops.BAD_VALUE, (problem,)
        self._s.unlock.lockout.forget(asked.user)
        if not self._s.unlock.users.put(asked):
            return ops.BAD_VALUE, (
                f"There are {unlock.USERS_MAX} users already, which is all there may be. Remove one.",
            )
        return ops.OK, ()

    def _forget_bonds(self, asked):
        self._s.must_forget = True
        return ops.OK, ()

    def _time(self, asked):
        self._s.set_wall(asked.wall_s)
        return ops.OK, ()

    # Prescription ---------------------------------------------------------------------------------

    def _begin(self, asked):
        return self._s.changes.begin(asked.txn, asked.length, asked.hash, asked.revision), ()

    def _validate(self, asked):
        result, sentence, warned = self._s.changes.validate(asked.txn)
        return (result, (self._s.changes.staged_hash, warned)) if result == ops.OK else (result, (sentence,))

    def _commit(self, asked):
        return self._running(self._s.changes.commit(asked.txn, asked.revision))

    def _revert(self, asked):
        return self._running(self._s.changes.revert(asked.revision))

    def _running(self, done):
        result, sentence = done
        changes = self._s.changes
        return (result, (changes.hash(), changes.revision)) if result == ops.OK else (result, (sentence,))

    def _confirm(self, asked):
        result = self._s.changes.confirm(asked.hash, asked.revision)
        return (result, (self._s.changes.revision,)) if result == ops.OK else (result, ())

    # Arming and tests -----------------------------------------------------------------------------

    def _acknowledge(self, asked):
        self._s.device.acknowledge()
        return ops.OK, ()

    def _checked(self, asked):
        self._s.device.channels_checked()
        return ops.OK, ()

    def _arm_walk(self, asked):
        self._s.arming.ask(False)
        return ops.OK, ()

    def _arm_test(self, asked):
        self._s.arming.ask(True)
        return ops.OK, ()

    def _disarm(self, asked):
        self._s.arming.end()
        self._s.device.disarm()
        return ops.OK, ()

    def _clear(self, asked):
        self._s.device.clear()
        return ops.OK, ()

    def _hold(self, asked):
        bursts = self._s.bursts
        result, sentence = bursts.hold(asked.channel, asked.current_max_ua)
        return (result, (bursts.token, bursts.ticket)) if result == ops.OK else (result, (sentence,))

    def _beat(self, asked):
        result = self._s.bursts.beat(asked.token, asked.ticket)
        return (result, (self._s.bursts.ticket,)) if result == ops.OK else (result, ())

    def _release(self, asked):
        if self._s.bursts.is_held:
            self._s.bursts.release()
        o = self._s.outcome
        self._s.device.fill_outcome(o)
        return ops.OK, (o.channel, o.verdict, o.ended_by, o.granted, o.lift_cdeg, o.evert_cdeg)

    # Log and history ------------------------------------------------------------------------------

    def _log_info(self, asked):
        return ops.OK, self._s.logs.info()

    def _log_report(self, asked):
        return self._s.logs.report(asked.epoch, asked.first, asked.count), ()

    def _history(self, asked):
        history = self._s.history
        if asked.index >= history.count:
            return ops.NO_RECORD, (f"The history has {history.count} entries.",)
        entry = history.entry(asked.index)
        part = entry[asked.offset : asked.offset + self._room() - HISTORY_HEAD_N]
        return ops.OK, (history.count, len(entry), part)


def _refusal(code: int, seq: int, result: int, sentence: str = "", n_max: int = 0) -> bytes:
    """Return an answer that says why not, its sentence cut to `n_max` bytes at a whole character."""
    text = sentence.encode("utf-8")
    n = min(len(text), n_max)
    while 0 < n < len(text) and text[n] & 0xC0 == 0x80:
        n -= 1
    return reply_bytes(code, seq, result, text[:n])
