"""A heel switch under the other foot, by configuration: who is told of it, what may start by it, what is said."""

import pytest

from firmware_py.pi.prescription_file import prescription_text
from firmware_py.pi.run.check import prescription_of
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.launch import settings_of
from stimulator.parameters import AT_OTHER_CONTACT
from stimulator.prescription import PrescriptionError, default_prescription
from tests.test_run_check import Bench


def config_of(foot, **sections):
    return RunConfig.model_validate({"lines": {"heel_switch_foot": foot}} | sections)


@pytest.mark.parametrize(("foot", "is_told"), [("own", True), ("other", False)])
def test_the_guardian_is_told_of_a_switch_under_the_own_heel_only(foot, is_told):
    settings = settings_of(config_of(foot), default_prescription(), True)
    assert (settings.has_switch, settings.was_checked) == (is_told, True)


def test_a_switch_that_is_not_fitted_hears_no_heel():
    config = RunConfig.model_validate({"lines": {"heel_switch": "", "heel_switch_foot": "other"}})
    assert not config.hears_other
    assert not settings_of(config, default_prescription(), False).has_switch


def test_a_step_may_start_at_the_other_heels_contact_only_with_the_switch_there(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(prescription_text(default_prescription()._replace(start_at=AT_OTHER_CONTACT)))
    files = {"files": {"prescription": str(path)}}
    assert prescription_of(config_of("other", **files)).start_at == AT_OTHER_CONTACT
    with pytest.raises(PrescriptionError, match="without a switch under that heel"):
        prescription_of(config_of("own", **files))


def test_the_check_says_what_is_lost_with_the_other_foots_switch(tmp_path):
    assert "guardian" not in Bench(tmp_path).found()["heel switch"].text
    found = Bench(tmp_path, lines={"heel_switch_foot": "other"}).found()["heel switch"]
    assert (found.state, "not noticed by the guardian" in found.text) == ("note", True)
