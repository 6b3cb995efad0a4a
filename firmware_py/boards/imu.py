"""An IMU over I2C, one reading a cycle, straight into a Sample. Nothing allocates after `begin`.

A part that does not answer, or has lost its settings (a loose lead lets it restart with another range), is
`is_gone`: nothing it says is believed until its range reads back again.
"""

from firmware_py.boards.imu_parts import scaled

CHECK_EVERY = 20  # readings: every 0.1 s the range is read back from the part
RESET_MS = 20  # both parts need less than 3 ms
IMAGE_CHUNK = 64
IMAGE_MS = 25  # a BMI270 needs 20 ms to start its image
STOPPED_MAX = 3  # readings without news: the part answers and does not measure


class ImuError(ValueError):
    """The part cannot be used; the text says fact, allowed, next step."""


class Imu:
    """One part of `imu_parts` on a bus.

    i2c        machine.I2C, or what stands for it; every trouble is an OSError
    part, axes records of `imu_parts` and `axes`
    ticks_us   the clock;  sleep_ms  only used by `begin`
    is_gone    True while nothing it says is believed
    errors     int, transfers that failed, saturates
    """

    def __init__(self, i2c, part, axes, ticks_us, sleep_ms) -> None:
        self._i2c = i2c
        self._part = part
        self._axes = axes
        self._ticks_us = ticks_us
        self._sleep_ms = sleep_ms
        self._block = bytearray(part.block_n)
        self._checked = bytearray(part.checked_n)
        self._until_check: int = 0
        self._idle: int = 0
        self._own = [0, 0, 0]
        self._body = [0, 0, 0]
        self.is_gone: bool = True
        self.errors: int = 0

    def begin(self, image=None) -> None:
        """Set the part up from its reset on; ImuError with a sentence unless range and rate read back.

        image   bytes of the maker's configuration image, for a part that needs one
        """
        self.is_gone = True
        part = self._part
        try:
            self._begin(part, image)
        except OSError as e:
            raise ImuError(
                "No %s answers at address 0x%02x. Check its supply and its two lines, and the address."
                % (part.name, part.address)
            ) from e
        self.is_gone = False
        self._until_check = CHECK_EVERY
        self._idle = 0

    def read(self, sample) -> bool:
        """Fill the six IMU values and the time of `sample`; False if there is no new reading.

        Takes the time of one transfer, about 0.5 ms at 400 kHz.
        """
        part = self._part
        block = self._block
        try:
            self._until_check -= 1
            if self._until_check <= 0:
                self._until_check = CHECK_EVERY
                self.is_gone = not self._reads_back()
            if self.is_gone:  # not asked in each cycle: a bus that hangs costs its time-out every time
                return False
            self._i2c.readfrom_mem_into(part.address, part.block, block)
        except OSError:
            self.is_gone = True
            self._until_check = CHECK_EVERY
            if self.errors < 0xFFFFF:
                self.errors += 1
            return False
        if block[part.status] & part.ready != part.ready:
            self._idle = min(self._idle + 1, STOPPED_MAX)
            return False
        self._idle = 0
        sample.t_us = self._ticks_us()
        self._vector(part.gyro_at, part.gyro_num, part.gyro_den)
        body = self._body
        sample.gyro_x_cdps = body[0]
        sample.gyro_y_cdps = body[1]
        sample.gyro_z_cdps = body[2]
        self._vector(part.acc_at, part.acc_num, part.acc_den)
        sample.acc_x_mg = body[0]
        sample.acc_y_mg = body[1]
        sample.acc_z_mg = body[2]
        return True

    def is_silent(self) -> bool:
        """Whether nothing new has come for so long that the switch has to speak alone."""
        return self.is_gone or self._idle >= STOPPED_MAX

    def _begin(self, part, image) -> None:
        one = bytearray(1)
        self._i2c.readfrom_mem_into(part.address, part.who[0], one)
        if one[0] != part.who[1]:
            raise ImuError(
                "The part at address 0x%02x calls itself 0x%02x; a %s says 0x%02x. Set imu to the one that is wired."
                % (part.address, one[0], part.name, part.who[1])
            )
        self._write(part.reset[0], part.reset[1])
        self._sleep_ms(RESET_MS)
        if part.needs_image:
            self._load(image)
        for register, value in part.set_up:
            self._write(register, value)
        for register, value in part.set_up:
            self._i2c.readfrom_mem_into(part.address, register, one)
            if one[0] != value:
                raise ImuError(
                    "Register 0x%02x of the %s reads 0x%02x where 0x%02x was written, so its range is not sure. "
                    "Take its power off and begin again, or use another part."
                    % (register, part.name, one[0], value)
                )

    def _load(self, image) -> None:
        """Give a BMI270 its image; it does not measure without."""
        part = self._part
        if not image or len(image) % 2:
            raise ImuError(
                "A %s needs its maker's configuration image. Build again with --imu-image FILE (docs/boards.md)."
                % part.name
            )
        self._write(0x7C, 0x00)  # PWR_CONF: no power saving
        self._sleep_ms(1)
        self._write(0x59, 0x00)  # INIT_CTRL
        for at in range(0, len(image), IMAGE_CHUNK):
            words = at // 2
            self._i2c.writeto_mem(part.address, 0x5B, bytes((words & 15, words >> 4)))  # INIT_ADDR
            self._i2c.writeto_mem(part.address, 0x5E, image[at : at + IMAGE_CHUNK])  # INIT_DATA
        self._write(0x59, 0x01)
        self._sleep_ms(IMAGE_MS)
        one = bytearray(1)
        self._i2c.readfrom_mem_into(part.address, 0x21, one)  # INTERNAL_STATUS
        if one[0] & 15 != 1:
            raise ImuError(
                "The %s did not take its configuration image (status 0x%02x). Check the file, take the power off and "
                "begin again." % (part.name, one[0])
            )

    def _write(self, register: int, value: int) -> None:
        self._i2c.writeto_mem(self._part.address, register, bytes((value,)))

    def _reads_back(self) -> bool:
        part = self._part
        self._i2c.readfrom_mem_into(part.address, part.checked, self._checked)
        for place, mask, value in part.ranges:
            if self._checked[place] & mask != value:
                return False
        return True

    def _vector(self, at: int, num: int, den: int) -> None:
        """Turn six bytes into body axes."""
        block = self._block
        own = self._own
        for i in range(3):
            count = block[at + 2 * i] | block[at + 2 * i + 1] << 8
            if count & 0x8000:
                count -= 0x10000
            own[i] = scaled(count, num, den)
        axes = self._axes
        for i in range(3):
            self._body[i] = axes.sign[i] * own[axes.index[i]]
