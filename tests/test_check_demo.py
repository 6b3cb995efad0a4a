"""`./swingphase check` says in words what was found, and its exit code whether walking may be armed."""

import pytest

from hw_sim.check_demo import MISTAKES, main


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("side", ["right", "left"])
def test_only_a_check_without_a_mistake_leads_to_walking(mistake, side, capsys):
    assert main(["--mistake", mistake, "--side", side]) == int(mistake != "none")
    said = capsys.readouterr().out
    assert said.startswith("tibialis_anterior: ")
    assert "\nperoneal: " in said
    assert ("Walking may be armed." in said) == (mistake == "none")


def test_a_person_confirms_what_a_shank_sensor_cannot_see_and_nothing_else(capsys):
    assert main(["--mistake", "shank", "--confirm"]) == 0
    assert main(["--mistake", "swapped-leads", "--confirm"]) == 1
    assert "not visible" in capsys.readouterr().out


def test_an_open_lead_is_told_as_a_fault(capsys):
    main(["--mistake", "open-lead"])
    assert "An electrode or its lead is loose." in capsys.readouterr().out
