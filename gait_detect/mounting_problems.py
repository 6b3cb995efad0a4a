"""What can be wrong with how an IMU sits or is read: a number for the board, a sentence for the person who helps."""

OK = 0
BAD_ACC = 1
BAD_GYRO = 2
TOO_LARGE = 3
DEAD_X = 4
DEAD_Y = 5
DEAD_Z = 6
RANGE = 7
AXES_DISAGREE = 8
REVERSED = 9
ACROSS = 10

PROBLEMS = (
    "The IMU's axes fit.",
    "Standing, the accelerometer does not read 0.7 to 1.3 g. Check its unit (mg) and its range.",
    "The foot walks by the accelerometer but does not turn by the gyroscope. Check its unit (0.01 deg/s).",
    "The IMU reads more than any sensor can: 4000 deg/s or 32 g. Check the units (0.01 deg/s and mg).",
    "The gyroscope's x axis never moves. Check how it is read, or replace the sensor.",
    "The gyroscope's y axis never moves. Check how it is read, or replace the sensor.",
    "The gyroscope's z axis never moves. Check how it is read, or replace the sensor.",
    "The gyroscope stops again and again at the same highest rate: its range is too small. Check that it is 1000 deg/s "
    "or more.",
    "The foot seems to turn about the vertical. Check that gyroscope and accelerometer have the same axes; if they "
    "have, let the person walk straight on for some steps.",
    "The sensor sits back to front or upside down. Check the mark on it, turn it round, and let the person walk again.",
    "The foot turns about an axis along or above it, not across. Check the order of the axes, and that the sensor sits "
    "as its mark shows.",
)
