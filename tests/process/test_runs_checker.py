"""What checks the runs under kills would notice what it is there for."""
import dataclasses
import datetime

import pytest

from runs_checker import SECOND, Execution, Schedule, violations

START = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)


class World:
    """Two schedules of which everything ran as promised; each third run of the first needs a second attempt."""

    def __init__(self):
        self.schedules = [Schedule("Run", START, SECOND, 10, True, lambda start: 2 if start.second % 3 == 0 else 1),
                          Schedule("Other", START, 5 * SECOND, 2, False)]
        self.instances, self.attempts, self.executions = {}, {}, []
        for schedule in self.schedules:
            for start, end in schedule.intervals():
                id = f"@{schedule.component}_{start:%Y-%m-%dT%H:%M:%S}"
                self.instances[id] = {
                    "@componentParent": schedule.component, "@status": "FINISHED",
                    "@scheduledStartTime": f"{start:%Y-%m-%dT%H:%M:%S}", "@scheduledEndTime": f"{end:%Y-%m-%dT%H:%M:%S}"}
                tries = schedule.tries(start)
                for number in range(1, tries + 1):
                    self.attempts[f"{id}_Attempt={number}"] = {"@status": "FINISHED" if number == tries else "FAILED"}
                    due = (end if schedule.at_end else start).timestamp()
                    self.executions.append(Execution(schedule.component, f"{start:%Y%m%d%H%M%S}", number, due + 0.1, True))

    def violations(self):
        return violations(self.schedules, self.instances, self.attempts, self.executions, lag_max=30)


def an_instance_lost(world):
    del world.instances["@Run_2030-01-01T00:00:04"], world.attempts["@Run_2030-01-01T00:00:04_Attempt=1"]
    world.executions = [e for e in world.executions if e.start != "20300101000004"]


def an_instance_unfinished(world):
    world.instances["@Run_2030-01-01T00:00:04"]["@status"] = "RUNNING"


def an_instance_too_many(world):
    world.instances["@Run_2030-01-01T00:00:10"] = world.instances["@Run_2030-01-01T00:00:09"] | {
        "@scheduledStartTime": "2030-01-01T00:00:10"}


def an_instance_twice(world):
    world.instances["@Run_2030-01-01T00:00:04_"] = world.instances["@Run_2030-01-01T00:00:04"]


def a_command_that_never_ran(world):
    world.executions = [e for e in world.executions if e.start != "20300101000004"]


def a_command_that_ran_twice(world):
    world.executions.append(world.executions[4])


def a_retry_that_nobody_needed(world):
    world.attempts["@Run_2030-01-01T00:00:04_Attempt=1"]["@status"] = "FAILED"
    world.attempts["@Run_2030-01-01T00:00:04_Attempt=2"] = {"@status": "FINISHED"}
    world.executions.append(dataclasses.replace(world.executions[4], start="20300101000004", attempt=2))


def a_retry_that_the_server_does_not_know(world):
    world.executions.append(dataclasses.replace(world.executions[4], start="20300101000004", attempt=2))


def a_retry_lost(world):
    del world.attempts["@Run_2030-01-01T00:00:03_Attempt=2"]
    world.executions = [e for e in world.executions if (e.start, e.attempt) != ("20300101000003", 2)]


def a_command_cut_off(world):
    world.executions[4] = dataclasses.replace(world.executions[4], ended=False)


def a_run_before_its_time(world):
    world.executions[4] = dataclasses.replace(world.executions[4], began=world.executions[4].began - 1)


def a_run_far_too_late(world):
    world.executions[4] = dataclasses.replace(world.executions[4], began=world.executions[4].began + 31)


def an_interval_of_another_length(world):
    world.instances["@Other_2030-01-01T00:00:05"]["@scheduledEndTime"] = "2030-01-01T00:00:09"


def test_what_ran_as_promised_is_right():
    assert World().violations() == []


@pytest.mark.parametrize("spoil, word", [
    (an_instance_lost, "missed"), (an_instance_unfinished, "missed"), (an_instance_too_many, "no interval"),
    (an_instance_twice, "doubled"), (a_command_that_never_ran, "missed"), (a_command_that_ran_twice, "doubled"),
    (a_retry_that_nobody_needed, "doubled"), (a_retry_that_the_server_does_not_know, "doubled"),
    (a_retry_lost, "missed"), (a_command_cut_off, "did not end"), (a_run_before_its_time, "before"),
    (a_run_far_too_late, "missed"), (an_interval_of_another_length, "its interval")],
    ids=lambda value: getattr(value, "__name__", value))
def test_what_did_not_is_noticed(spoil, word):
    world = World()
    spoil(world)
    assert any(word in one for one in world.violations()), world.violations()
