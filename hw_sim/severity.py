"""What the wearer's own leg still does: from healthy to flaccid, as torques at ankle and subtalar joint."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """The wearer's own contribution at ankle and subtalar joint.

    sentence           what is seen
    has_control        the ankle is guided along the healthy curve, as a healthy nervous system does
    residual_nm        dorsiflexor torque in swing, Nm
    passive_gain       passive ankle torque, 1 = healthy tissue, above 1 = stiff, below 1 = slack
    inversion_bias_nm  constant subtalar torque, Nm, inversion + (equinovarus)
    push_share         push-off pitch, 1 = healthy (assumed; weak feet push off slower in recordings)
    catch_nms          plantarflexing torque against a stretch of the calf in early swing, Nm per rad/s
    """

    sentence: str
    has_control: bool = False
    residual_nm: float
    passive_gain: float = 1.0
    inversion_bias_nm: float = 0.6
    push_share: float = 1.0
    catch_nms: float = 0.0


# residual_nm: computed with the torque model at a stride of 1.1 s. 0 Nm lets the ankle hang at -29 deg
# at 70 % of the stride, 1.0 at -21, 1.6 between, 2.5 is close to normal. The catch is 0.05 Nm s/deg.
SEVERITIES = {
    "healthy": Severity(sentence="No foot drop.", has_control=True, residual_nm=2.5, inversion_bias_nm=0.0),
    "mild": Severity(
        sentence="The toe brushes the floor for a quarter of the swing at a usual pace.",
        residual_nm=1.6,
        inversion_bias_nm=0.3,
        push_share=0.99,
    ),
    "moderate": Severity(
        sentence="The foot hangs and the toe scrapes for more than a third of the swing.",
        residual_nm=1.0,
        push_share=0.98,
    ),
    "severe": Severity(
        sentence="The foot falls as soon as it leaves the ground and drags.", residual_nm=0.0, push_share=0.97
    ),
    "flaccid": Severity(
        sentence="A slack foot that slaps and drags, with a weak push-off.",
        residual_nm=0.0,
        passive_gain=0.7,
        inversion_bias_nm=0.3,
        push_share=0.90,
    ),
    "equinovarus": Severity(
        sentence="A stiff calf holds the foot down and turns its sole inwards.",
        residual_nm=0.5,
        passive_gain=1.5,
        inversion_bias_nm=2.0,
        push_share=0.92,
    ),
    "spastic": Severity(
        sentence="The calf catches when the foot is lifted quickly in early swing.",
        residual_nm=0.5,
        passive_gain=1.5,
        inversion_bias_nm=1.0,
        push_share=0.95,
        catch_nms=0.05 * 57.29578,
    ),
}


def severity_named(name: str) -> Severity:
    """Return one of SEVERITIES, or say which there are."""
    if name not in SEVERITIES:
        raise ValueError(f"severity is '{name}'; known are {', '.join(SEVERITIES)}. Name one of these.")
    return SEVERITIES[name]
