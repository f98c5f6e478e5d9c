"""Whole years by quarter-hours, in zones of every kind: what calling.c says against what Python's zoneinfo
and a plain look at each quarter-hour say. Every window ends, and every clock moves, at a quarter-hour.

test_calling_table.py PATH_OF_calling_table
"""
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

QUARTER = 900
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# The days, the beginning and the end in minutes of the day; an end not after its beginning is of the next day.
WINDOWS = {
    "office": [([0, 1, 2, 3, 4], 9 * 60, 12 * 60), ([0, 1, 2, 3], 13 * 60, 17 * 60 + 30), ([5], 10 * 60, 14 * 60)],
    "night": [([4, 5], 22 * 60, 2 * 60 + 15), ([6], 1 * 60 + 45, 2 * 60 + 30), ([1], 23 * 60, 24 * 60)],
}
HOLIDAYS = ["01-01", "12-25", "12-26", "2026-04-03", "2026-04-04", "2026-10-25", "2026-03-28", "2011-12-29"]
CASES = [(zone, 2026) for zone in (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo",
    "Africa/Casablanca", "Pacific/Chatham", "America/St_Johns", "UTC")] + [
    ("Pacific/Apia", 2011),       # left out a day
    ("Pacific/Kwajalein", 1993),  # likewise, from a whole hour
    ("America/Sao_Paulo", 2018),  # the clock moved at midnight
    ("Europe/Berlin", 2035),      # a year that only the rule at the end of the file tells of
]


def text(window):
    days, start, end = window
    return f"{','.join(DAYS[d] for d in days)} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def is_holiday(day):
    return f"{day:%m-%d}" in HOLIDAYS or f"{day:%Y-%m-%d}" in HOLIDAYS


def why(windows, local):
    """What holds at a local time: open, holiday, hour or weekday."""
    minute, today, yesterday = local.hour * 60 + local.minute, local.date(), local.date() - timedelta(days=1)
    if is_holiday(today):
        return "holiday"
    begun_today = [(start, end if end > start else 24 * 60)
                   for days, start, end in windows if today.weekday() in days]
    left_over = [end for days, start, end in windows if end < start and yesterday.weekday() in days]
    if any(start <= minute < end for start, end in begun_today):
        return "open"
    if any(minute < end for end in left_over):
        return "holiday" if is_holiday(yesterday) else "open"
    return "hour" if begun_today or left_over else "weekday"


def check(program, zone, year, name, holidays_file):
    windows = WINDOWS[name]
    begin = int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp())
    count = 366 * 96
    place = ZoneInfo(zone)
    # Two weeks more, so that the last ones have something to wait for.
    expected = [why(windows, datetime.fromtimestamp(begin + i * QUARTER, place)) for i in range(count + 14 * 96)]
    output = subprocess.run(
        [program, zone, str(begin), str(begin + count * QUARTER), holidays_file, *map(text, windows)],
        check=True, capture_output=True, text=True).stdout.split("\n")[:-1]
    assert len(output) == count, len(output)
    changes = 0
    until = None
    for i in reversed(range(len(expected) - 1)):
        if (expected[i] == "open") != (expected[i + 1] == "open"):
            until = begin + (i + 1) * QUARTER
            changes += 1
        if i < count:
            assert output[i] == f"{expected[i]} {until}", \
                f"{zone} {name} at {datetime.fromtimestamp(begin + i * QUARTER, place)}: " \
                f"{output[i]}, expected {expected[i]} {until}"
    assert changes > 100, changes
    return count


def main():
    program = sys.argv[1]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(HOLIDAYS))
        file.flush()
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(check, program, zone, year, name, file.name)
                    for zone, year in CASES for name in WINDOWS]
            total = sum(job.result() for job in jobs)
    print(f"{total} quarter-hours in {len(CASES)} zones and {len(WINDOWS)} sets of windows agree")


if __name__ == "__main__":
    main()
