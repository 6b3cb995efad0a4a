"""Steps that went without the help that was asked for: a loss of which no fault speaks must be heard too."""

UNHELPED_MAX = 2  # assumed: one missed step may be a stumble of the detector, two are heard


class UnhelpedSteps:
    """Count swings on end for which pulses were asked and none was granted.

    asked(), helped()      in this swing
    swing_ended(is_armed)  judges it
    is_loss                True from the second one on, until a step is helped or a person arms
    """

    def __init__(self) -> None:
        self.is_loss: bool = False
        self._is_asked: bool = False
        self._is_helped: bool = False
        self._count: int = 0

    def restart(self) -> None:
        """A person has armed."""
        self._is_asked = False
        self._is_helped = False
        self._count = 0
        self.is_loss = False

    def asked(self) -> None:
        """A pulse was asked for."""
        self._is_asked = True

    def helped(self) -> None:
        """A pulse was granted."""
        self._is_helped = True

    def swing_ended(self, is_armed: bool) -> None:
        """The foot is down again."""
        if self._is_helped:
            self._count = 0
        elif self._is_asked and is_armed:
            self._count = min(self._count + 1, UNHELPED_MAX)
        self.is_loss = self._count >= UNHELPED_MAX
        self._is_asked = False
        self._is_helped = False
