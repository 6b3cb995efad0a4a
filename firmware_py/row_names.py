"""The kinds of rows of the black box in words, for readers of a log; a board needs none of it."""

from firmware_py.blackbox import (
    ACT,
    ARMED,
    COMPARISON,
    CONTROLLER,
    CYCLE,
    DEVICE,
    HEARD,
    INPUTS,
    LOST,
    MOUNTING,
    OPERATOR,
    PORT,
    PRESCRIPTION,
    RECEIVED,
    REQUEST,
    RESULT,
    SAMPLE,
    SENT,
    STATE,
    STEPS,
    VOICES,
)

KINDS = {
    SAMPLE: ("sample", "gyro_x_cdps gyro_y_cdps gyro_z_cdps acc_x_mg acc_y_mg acc_z_mg heel_and_imu"),
    STATE: ("state", "phase swing confidence steps stride_us pitch_cdeg rate_cdps"),
    CYCLE: ("cycle", "sequence level envelope_state sample_age_us - - -"),
    REQUEST: ("request", "channel sequence fire_at_us current_ua width_us gap_us shape"),
    RESULT: ("result", "channel sequence asked_ua granted_ua width_us reason -"),
    DEVICE: ("device", "state fault pulses_acked - - - -"),
    ARMED: ("armed", "armed reason supervisor_state fault held_by sound -"),
    LOST: ("lost", "rows - - - - - -"),
    STEPS: ("steps", "count_and_wraps dt1_us dt2_us dt3_us dt4_us dt5_us dt6_us"),
    ACT: ("act", "act first second - - - -"),
    INPUTS: ("inputs", "stop controller_gone slept battery - - -"),
    PORT: ("port", "trouble - - - - - -"),
    HEARD: ("heard", "armed is_ready state fault sound - -"),
    VOICES: ("voices", "swing confidence imu_confidence switch_confidence disagreed disagreed_pct -"),
    MOUNTING: ("mounting", "problem accepted axis_x axis_y axis_z stage -"),
    COMPARISON: ("comparison", "label block strides hash_0 hash_1 hash_2 hash_3"),
}
# These hold bytes in place of numbers.
BYTES = {
    RECEIVED: "received",  # from the stimulator, in one piece
    SENT: "sent",  # to it
    CONTROLLER: "controller",  # a packet of the controller, as the guardian got it
    OPERATOR: "operator",  # a packet of an operator
    PRESCRIPTION: "prescription",  # canonical bytes of what an act commits
}
