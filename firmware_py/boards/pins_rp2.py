"""Which GPIO does what on a Pico W or Pico 2 W. `docs/boards.md` has the wiring table; a test compares both."""

STAGE_TX = 0  # only if it is the stage of another computer
STAGE_RX = 1
SIDE_A = 2  # of the bridge; SIDE_B is the next one
SIDE_B = 3
SELECT_0 = 4  # which of four outputs; SELECT_1 is the next one
SELECT_1 = 5
ENABLE = 6
COMPARATOR = 7  # high while the current flows as asked
SUPPLY_GOOD = 8  # high while the high voltage is there
BUZZER = 9
MOTOR = 10
LED = 11
I2C_SDA = 12
I2C_SCL = 13
HEEL = 14  # closed to ground while the heel is down
STOP = 15  # closed to ground at rest
# GPIO 16 stays free: the SPI block takes it as its input on some firmware.
DAC_CS = 17
DAC_SCK = 18
DAC_MOSI = 19
TEST = 20
KEY = 22
BATTERY = 26  # ADC 0

OUTPUTS = (SIDE_A, SIDE_B, SELECT_0, SELECT_1, ENABLE)  # what main.py pulls low first
