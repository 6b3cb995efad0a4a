"""Which GPIO does what on an ESP32 (WROOM-32). `docs/boards.md` has the wiring table; a test compares both."""

PERMIT = 13  # low: the stage's output is off whatever the stage does (its enable line AND this one)
STAGE_TX = 17
STAGE_RX = 16
BUZZER = 27
MOTOR = 14
LED = 4
I2C_SDA = 21
I2C_SCL = 22
HEEL = 32  # closed to ground while the heel is down
STOP = 33  # closed to ground at rest
KEY = 25
TEST = 26
BATTERY = 34  # ADC 1

OUTPUTS = (PERMIT,)  # what main.py pulls low first
