"""How the sensor's own axes lie on the leg.

Body axes: X backward, Y to the person's right, Z up, the same on both legs (`safety.sample`).
"""

NAMES = "xyz"
LAYOUT = ("+x", "+y", "+z")


class Axes:
    """For each body axis, which axis of the part shows along it, and with which sign.

    words   three of +x, -x, +y, -y, +z, -z: what points backward, to the right, and up
    ValueError unless it is a rotation: a mirror image would turn toe-up into toe-down.
    """

    def __init__(self, words) -> None:
        text = ", ".join([str(word) for word in words])
        how = "Name what points backward, right and up, as +x, +y, +z."
        ok = len(words) == 3
        for word in words:
            ok = ok and len(word) == 2 and word[0] in "+-" and word[1] in NAMES
        if not ok:
            raise ValueError("axes is %s; allowed are three of +x, -x, +y, -y, +z, -z. %s" % (text, how))
        self.index = [NAMES.find(word[1]) for word in words]
        self.sign = [1 if word[0] == "+" else -1 for word in words]
        i, j, k = self.index
        if i == j or j == k or i == k:
            raise ValueError("axes is %s; each of x, y and z must stand there once. %s" % (text, how))
        swaps = (i > j) + (i > k) + (j > k)
        if self.sign[0] * self.sign[1] * self.sign[2] * (1 - 2 * (swaps % 2)) != 1:
            raise ValueError(
                "axes is %s, a mirror image; only a rotation can be meant. Turn the sign of one axis, and see on the "
                "console that toe up reads as a positive rate about the axis to the right." % text
            )
