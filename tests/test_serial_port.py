"""The pyserial port: what it passes on, and that every trouble is an OSError with a sentence."""

import errno
import os
import tty

import pytest
import serial

from firmware_py.hal import Port
from firmware_py.pi.serial_port import PortError, SerialPort
from stimulator.drivers.devices import PortSettings


@pytest.fixture
def pty_pair():
    master, slave = os.openpty()
    for fd in (master, slave):
        tty.setraw(fd)
    yield master, os.ttyname(slave)
    for fd in (master, slave):
        try:
            os.close(fd)
        except OSError:
            assert fd == master, "only the test itself closes the master"


@pytest.fixture
def port(pty_pair):
    opened = SerialPort(pty_pair[1])
    yield opened
    opened.close()


def test_it_is_a_port_and_opens_3_mbaud_8n2_with_flow_control_for_itself_alone(port):
    assert issubclass(SerialPort, Port)
    settings = port._serial.get_settings()
    assert settings["baudrate"] == 3_000_000
    assert (settings["bytesize"], settings["parity"], settings["stopbits"]) == (8, "N", 2)
    assert (settings["rtscts"], settings["timeout"], port._serial.exclusive) == (True, 0, True)


def test_other_settings_are_passed_on(pty_pair):
    port = SerialPort(pty_pair[1], PortSettings(460_800, "E", 1, False))
    settings = port._serial.get_settings()
    port.close()
    assert (settings["baudrate"], settings["parity"], settings["stopbits"]) == (460_800, "E", 1)
    assert settings["rtscts"] is False


def test_only_the_first_n_bytes_are_written_and_counted(port, pty_pair):
    port.write(bytearray(b"abcdef"), 3)
    assert os.read(pty_pair[0], 100) == b"abc"
    port.write(bytearray(b"abcdef"), 0)
    port.write(bytearray(b"xy"), 2)
    assert os.read(pty_pair[0], 100) == b"xy"
    assert port.written_total == 5


@pytest.mark.parametrize("n", [-1, 7])
def test_length_beyond_the_buffer_is_refused(port, n):
    with pytest.raises(ValueError, match="0 to 6"):
        port.write(bytearray(b"abcdef"), n)


def test_nothing_to_read_is_zero_bytes_at_once(port):
    assert port.readinto(bytearray(10)) == 0


def test_what_does_not_fit_stays_for_the_next_read(port, pty_pair):
    os.write(pty_pair[0], b"abcdef")
    os.set_blocking(pty_pair[0], False)
    buf = bytearray(4)
    found = b""
    for _ in range(100_000):  # the kernel hands bytes over when it likes
        n = port.readinto(buf)
        assert n <= 4
        found += buf[:n]
        if len(found) == 6:
            break
    assert found == b"abcdef"


def test_device_that_does_not_read_is_an_oserror_and_not_a_wait(port):
    data = bytearray(4096)

    def write_on():
        for _ in range(100):
            port.write(data, len(data))

    with pytest.raises(PortError, match="the device does not read") as raised:
        write_on()
    assert raised.value.errno == errno.EIO
    assert port.written_total % 4096 == 0


def test_unplugged_device_is_an_oserror_on_read_and_write(port, pty_pair):
    os.close(pty_pair[0])
    with pytest.raises(PortError, match=r"is gone .* reopen"):
        port.readinto(bytearray(10))
    with pytest.raises(PortError, match=r"is gone .* reopen"):
        port.write(bytearray(1), 1)
    assert port.written_total == 0


def test_closed_port_is_an_oserror_and_closes_twice(port):
    port.close()
    port.close()
    with pytest.raises(OSError, match="gone"):
        port.readinto(bytearray(10))
    with pytest.raises(OSError, match="gone"):
        port.write(bytearray(1), 1)


def test_missing_port_says_what_to_do(tmp_path):
    with pytest.raises(PortError, match="Plug the stimulator in") as raised:
        SerialPort(str(tmp_path / "none"))
    assert raised.value.errno == errno.ENOENT
    said = str(raised.value)
    assert said.startswith(
        f"{tmp_path / 'none'} cannot be opened as a serial port (No such file or directory). "
    )


def test_file_that_is_no_serial_port_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(PortError, match=f"^{path} cannot .* Give the path of a serial port"):
        SerialPort(str(path))


def test_busy_port_says_what_to_do(pty_pair):
    first = SerialPort(pty_pair[1])
    with pytest.raises(PortError, match="Close the other program"):
        SerialPort(pty_pair[1])
    first.close()


def test_forbidden_port_says_what_to_do(monkeypatch):
    def forbidden(*args, **kwargs):
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "Serial", forbidden)
    with pytest.raises(PortError, match="Add your user to the group"):
        SerialPort("/dev/ttyACM0")


def test_impossible_setting_is_refused_as_a_port_error(pty_pair):
    with pytest.raises(PortError, match="cannot be opened"):
        SerialPort(pty_pair[1], PortSettings(3_000_000, "N", 7, True))


def test_modem_lines_and_latency_that_a_pty_lacks_do_no_harm(port):
    with pytest.raises((OSError, ValueError)):
        port._serial.set_low_latency_mode(True)
    with pytest.raises(OSError, match=r"\[Errno 25\]"):
        _ = port._serial.cts
    port.write(bytearray(b"a"), 1)
