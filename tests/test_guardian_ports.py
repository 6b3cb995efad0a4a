"""The guardian's hands and the controller's end of the socket: nothing waits, doubt stops."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from firmware_py import messages
from firmware_py.blackbox import CYCLE, ROW_BYTES, rows
from firmware_py.pi.guardian.core import Deadline
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.guardian.ports import FileSign, LastLookPort, StopButton, monotonic_us
from firmware_py.pi.guardian.process import Alone
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.guardian_link import GuardianLink
from firmware_py.pi.serial_port import PortError
from safety.sample import Sample
from stimulator.drivers.devices import SCIENCEMODE4_PORT
from tests.guardian_frames import command, cycle, frame_bytes, request, sample
from tests.house import REPO


class Check:
    can_stimulate = True


@pytest.fixture
def pty():
    """A pty: the descriptor of its far end, and the path that a port opens."""
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("can_stimulate", "left_us", "passes"), [(True, -1, False), (True, 10**9, True), (False, -1, True)]
)
def test_only_a_pulse_that_comes_too_late_is_held_back_at_the_last_moment(
    pty, can_stimulate, left_us, passes
):
    master, path = pty
    deadline, check = Deadline(), Check()
    check.can_stimulate = can_stimulate
    port = LastLookPort(path, check, deadline, SCIENCEMODE4_PORT)
    deadline.us = monotonic_us() + left_us
    if passes:
        port.write(bytearray(b"abc"), 2)
        assert os.read(master, 10) == b"ab"
    else:
        with pytest.raises(PortError, match="not written") as told:
            port.write(bytearray(b"abc"), 2)
        assert told.value.errno == errno.ETIMEDOUT
        assert port.written_total == 0
    assert port.late_total == int(not passes)
    port.close()


def test_before_the_first_step_no_pulse_can_be_written(pty):
    port = LastLookPort(pty[1], Check(), Deadline(), SCIENCEMODE4_PORT)
    with pytest.raises(PortError):
        port.write(bytearray(b"a"), 1)
    port.close()


def test_a_button_is_pressed_by_a_byte_and_for_ever_by_a_broken_wire():
    read, write = os.pipe()
    button = StopButton(read)
    assert not button.was_pressed()
    os.write(write, b"!!")
    assert button.was_pressed()
    assert not button.was_pressed()
    os.close(write)
    assert button.was_pressed()
    assert button.is_broken
    assert button.was_pressed()
    os.close(read)


def test_the_sign_says_what_is_seen_and_heard(tmp_path):
    sign = FileSign(tmp_path / "sign.txt")
    sign.show(5, True, 0)
    sign.show(9, False, 2)
    sign.close()
    assert (tmp_path / "sign.txt").read_text().splitlines() == ["5 armed 1 sound 0", "9 armed 0 sound 2"]


def noted(log: LogPort, count: int) -> list[int]:
    for i in range(count):
        log.note(CYCLE, i, i)
    return list(range(count))


def test_every_row_passes_a_pipe_that_is_full_now_and_then():
    read, write = os.pipe()
    log = LogPort(write)
    expected = noted(log, 5_000)  # 180 kB; a pipe holds 64
    data = b""
    for _ in range(100):
        log.flush()
        data += os.read(read, 9_999)
        if len(data) == 5_000 * ROW_BYTES:
            break
    assert [row[0] for _, _, row in rows(data)] == expected
    os.close(read)
    noted(log, 10)
    log.flush()  # the log writer is gone: walking goes on
    noted(log, 10)
    log.flush()
    os.close(write)


def test_without_a_log_writer_rows_are_forgotten():
    log = LogPort(None)
    noted(log, 3)
    log.flush()


@pytest.fixture
def pair():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield ends
    for end in ends:
        end.close()


def test_the_link_sends_one_frame_a_cycle_with_everything_in_it(pair):
    link = GuardianLink(pair[0], lambda: 2**30 + 77)
    one, asked = sample(5, True), request(sequence=3)
    link.take_sample(one)
    link.take_swing(1)
    link.take(asked)
    link.cycle_finished(9)
    link.cycle_finished(10)
    assert pair[1].recv(2048) == cycle(9, 77, swing=1, samples=[one], requests=[asked])
    assert pair[1].recv(2048) == cycle(10, 77), "nothing of the last cycle is left over"
    link.stop()
    assert pair[1].recv(2048) == command(messages.STOP, 77)
    assert link.lost == 0


def test_a_full_socket_never_holds_up_the_cycle_and_the_loss_is_counted(pair):
    link = GuardianLink(pair[0], lambda: 0)
    for n in range(3_000):
        link.cycle_finished(n)
    assert link.lost > 0
    first = pair[1].recv(2048)
    assert first == cycle(0, 0), "what was sent stays whole"


def test_what_fits_no_frame_is_not_sent(pair):
    link = GuardianLink(pair[0], lambda: 0)
    link.take(request(current_ua=-5))
    link.cycle_finished(0)
    for _ in range(9):
        link.take_sample(Sample())
    assert link.lost == 2
    link.cycle_finished(1)
    assert len(pair[1].recv(2048)) == len(cycle(1, 0, samples=[Sample()] * 8))


def test_the_link_hears_the_guardian_and_notices_its_end(pair):
    link = GuardianLink(pair[0], lambda: 0)
    assert not link.hear()
    told = messages.StatusFrame()
    told.armed, told.sequence = 1, 44
    pair[1].send(frame_bytes(told) + frame_bytes(told))
    pair[1].send(b"noise")
    assert [link.hear(), link.hear(), link.hear()] == [True, True, False]
    assert (link.status.armed, link.status.sequence) == (1, 44)
    pair[1].close()
    assert not link.hear()
    assert link.is_gone
    link.cycle_finished(1)
    assert link.lost == 0, "nobody is there to miss it"


def test_a_guardian_that_is_gone_is_noticed_when_something_is_sent(pair):
    link = GuardianLink(pair[0], lambda: 0)
    pair[1].close()
    link.cycle_finished(1)
    assert link.is_gone


def test_the_operator_gives_commands_and_hears(pair):
    operator = OperatorLink(pair[0], lambda: 2**30 + 5)
    operator.send(messages.ARM)
    assert pair[1].recv(2048) == command(messages.ARM, 5)
    told = messages.StatusFrame()
    told.is_ready = 1
    pair[1].send(frame_bytes(told))
    assert [status.is_ready for status in operator.hear()] == [1]
    pair[1].close()
    assert list(operator.hear()) == []


def test_a_guardian_that_nobody_can_arm_any_more_is_heard_for_ten_seconds_and_ends():
    alone = Alone()
    assert not alone.is_over(5_000_000, False)
    for after_us, is_over in ((0, False), (10_000_000, False), (10_000_001, True)):
        assert alone.is_over(5_000_000 + after_us, True) is is_over
    assert not Alone().is_over(60_000_000, True), "counted from when it was left alone"


ENDINGS = """
import os, signal, sys
from firmware_py.pi.guardian.ports import Signals
heard = Signals()
os.kill(os.getpid(), getattr(signal, sys.argv[1]))
print(signal.Signals(heard.take()[0]).name)
"""


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP"])
def test_no_signal_that_people_and_terminals_send_ends_the_guardian_unheard(name):
    done = subprocess.run(
        [sys.executable, "-c", ENDINGS, name], cwd=REPO, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, name), done.stderr
