"""Holds what ran against what schedules promise, after the checker of Jepsen's test of Chronos: no run missed, none doubled.

What should have run is worked out here from the schedule's start, period and number of intervals alone. What did run is
told twice: by the server (instances and attempts) and by the commands themselves (one file each, written as they begin
and again as they end), so that neither is believed without the other.
"""
import collections
import dataclasses
import datetime
import pathlib

SECOND = datetime.timedelta(seconds=1)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Of one component. `tries` says how many attempts the run of an interval needs, by its start."""
    component: str
    start: datetime.datetime
    period: datetime.timedelta
    count: int
    at_end: bool  # timeseries
    tries: callable = lambda start: 1

    def intervals(self):
        return [(self.start + k * self.period, self.start + (k + 1) * self.period) for k in range(self.count)]


@dataclasses.dataclass(frozen=True)
class Execution:
    """One time that a command ran. Files are named <component>_<start>_<attempt>.<anything>."""
    component: str
    start: str  # YYYYMMDDHHMMSS
    attempt: int
    began: float  # epoch seconds
    ended: bool

    @staticmethod
    def read(folder):
        found = []
        for file in pathlib.Path(folder).iterdir():
            component, start, attempt = file.name.split(".")[0].split("_")
            lines = file.read_text().split()
            found.append(Execution(component, start, int(attempt), float(lines[0]), lines[1:] == ["ended"]))
        return found


def violations(schedules, instances, attempts, executions, lag_max):
    """Sentences, one for each broken promise; none if all held. `instances` and `attempts` are dictionaries of the
    fields that DescribeObjects shows, by id; `lag_max` the seconds after it was due within which a run must begin."""
    found = []
    expected = {}
    for schedule in schedules:
        for start, end in schedule.intervals():
            expected[f"@{schedule.component}_{start:%Y-%m-%dT%H:%M:%S}"] = (schedule, start, end)
    ran = collections.defaultdict(list)
    for one in executions:
        ran[one.component, one.start, one.attempt].append(one)
    tried = collections.defaultdict(list)
    for id, fields in attempts.items():
        instance, _, number = id.rpartition("_Attempt=")
        tried[instance].append((int(number), fields["@status"]))
    starts = collections.Counter((f["@componentParent"], f["@scheduledStartTime"]) for f in instances.values())
    found += [f"{component} {start}: doubled, {count} instances" for (component, start), count in starts.items() if count > 1]
    found += [f"{id}: no interval of its schedule" for id in sorted(instances.keys() - expected.keys())]
    found += [f"{id}: attempts without an instance" for id in sorted(tried.keys() - instances.keys())]
    for id, (schedule, start, end) in expected.items():
        fields = instances.get(id)
        if fields is None:
            found.append(f"{id}: missed, it has no instance")
            continue
        if fields["@status"] != "FINISHED":
            found.append(f"{id}: missed, it is {fields['@status']}")
        if fields["@scheduledEndTime"] != f"{end:%Y-%m-%dT%H:%M:%S}":
            found.append(f"{id}: ends at {fields['@scheduledEndTime']}, its interval at {end}")
        tries = schedule.tries(start)
        if sorted(tried[id]) != [(n, "FINISHED" if n == tries else "FAILED") for n in range(1, tries + 1)]:
            found.append(f"{id}: attempts {sorted(tried[id])}, {tries} were needed")
        due = (end if schedule.at_end else start).timestamp()
        for number in range(1, tries + 1):
            runs = ran.pop((schedule.component, f"{start:%Y%m%d%H%M%S}", number), [])
            if not runs:
                found.append(f"{id}: missed, the command of attempt {number} never ran")
            if len(runs) > 1:
                found.append(f"{id}: doubled, the command of attempt {number} ran {len(runs)} times")
            for one in runs:
                if not one.ended:
                    found.append(f"{id}: the command of attempt {number} did not end")
                if one.began < due:
                    found.append(f"{id}: ran {due - one.began:.1f} s before it was due")
                if one.began > due + lag_max:
                    found.append(f"{id}: missed, it began {one.began - due:.1f} s after it was due")
    found += [f"{component} {start}: doubled, attempt {number} was not needed and its command ran"
              for component, start, number in sorted(ran)]
    return found
