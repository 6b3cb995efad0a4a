"""What can go wrong between a laptop and a device, by who can act."""

from firmware_py.link import ops


class LinkError(RuntimeError):
    """Something about the link; the text says fact, reason and next step."""

    is_for_people = True


class NotFound(LinkError):
    """No device answers."""


class Doubt(LinkError):
    """It is not certain which device is meant."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why} Which one is meant? Look at its label, then give --address with its address (`./swingphase link "
            "scan`), or its name if this laptop knows it."
        )


class NeedsPairing(LinkError):
    """The device does not know this laptop, or no longer."""

    def __init__(self) -> None:
        super().__init__(
            "This laptop is not paired with the device. Press the pairing button of the device, then call "
            "`./swingphase link pair` and type what its display shows."
        )


class LinkLost(LinkError):
    """The radio was lost in the middle of something; `is_done` says whether it was done: True, False, None unknown."""

    def __init__(self, what: str, is_done: bool | None) -> None:
        said = {
            True: "It was done. A trial has ended with the connection; look at the status.",
            False: "It was not done. Look at the status, then decide again.",
            None: "Nobody knows whether it was done. Look at the status first.",
        }
        super().__init__(f"The connection was lost during '{what}'. {said[is_done]}")
        self.is_done = is_done


class Refused(LinkError):
    """The device has understood and refuses; `result` is of `firmware_py.link.ops`."""

    def __init__(self, name: str, result: int, sentence: str) -> None:
        known = ops.RESULTS[result] if result < len(ops.RESULTS) else f"Result {result}; use a newer client."
        super().__init__(f"{name}: {known}" + (f" {sentence}" if sentence else ""))
        self.result = result
        self.sentence = sentence
