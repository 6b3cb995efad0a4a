"""What can be wrong with a sensor, in one sentence for the person who wires it."""


class SensorError(OSError):
    """A sensor is missing or set wrongly. The text says fact, what is expected, next step."""

    is_for_people = True
