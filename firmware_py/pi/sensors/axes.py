"""How the sensor's own axes lie on the leg, and its counts in the units of `safety.sample`.

Body axes: X backward, Y to the person's right, Z up, the same on both legs.
"""

from dataclasses import dataclass

from firmware_py.pi.sensors.errors import SensorError

NAMES = ("x", "y", "z")
IDENTITY = ("+x", "+y", "+z")

Reading = tuple[int, int, int, int, int, int, int]  # t_us (does not wrap), three rates cdps, three forces mg


@dataclass(frozen=True, slots=True)
class Axes:
    """For each body axis, which axis of the part shows along it and with which sign.

    index   three of 0, 1, 2, each once
    sign    three of 1, -1; together a rotation, never a mirror image
    """

    index: tuple[int, int, int]
    sign: tuple[int, int, int]

    def turned(self, x: int, y: int, z: int) -> tuple[int, int, int]:
        """Return a vector of the part in body axes."""
        own = (x, y, z)
        (i, j, k), (a, b, c) = self.index, self.sign
        return a * own[i], b * own[j], c * own[k]


def axes_of(words: tuple[str, ...] | list[str]) -> Axes:
    """Read ("-x", "+y", "-z"): which axis of the part points backward, to the right, and up.

    Raises SensorError unless it is a rotation: a mirror image would turn toe-up into toe-down.
    """
    text = ", ".join(words)
    how = 'Name for backward, right and up one axis each, as ["+x", "+y", "+z"].'
    cleaned = [word.strip().lower() for word in words]
    if len(cleaned) != 3 or any(len(w) != 2 or w[0] not in "+-" or w[1] not in NAMES for w in cleaned):
        raise SensorError(f"axes is [{text}]; allowed are three of +x, -x, +y, -y, +z, -z. {how}")
    index = tuple(NAMES.index(word[1]) for word in cleaned)
    sign = tuple(1 if word[0] == "+" else -1 for word in cleaned)
    if sorted(index) != [0, 1, 2]:
        raise SensorError(f"axes is [{text}]; each of x, y and z must stand there once. {how}")
    swaps = sum(index[i] > index[j] for i in range(3) for j in range(i + 1, 3))
    if sign[0] * sign[1] * sign[2] * (-1) ** swaps != 1:
        raise SensorError(
            f"axes is [{text}], a mirror image; only a rotation can be meant. Turn the sign of one axis, and check "
            "with `./swingphase run --check`: toe up must read as a positive rate about the axis to the right."
        )
    return Axes((index[0], index[1], index[2]), (sign[0], sign[1], sign[2]))
