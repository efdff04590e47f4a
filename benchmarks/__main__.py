"""Run every benchmark, or those named on the command line: python -m benchmarks [name …]."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

from benchmarks import display, import_time, memory, pull
from benchmarks.measure import Row

BENCHMARKS = {
    "import": import_time.run,
    "display": display.run,
    "memory": memory.run,
    "pull": pull.run,
}
REPORT = Path("build/bench.json")


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(BENCHMARKS)
    if unknown:
        print(f"Unknown: {', '.join(sorted(unknown))}. There are {', '.join(BENCHMARKS)}.")
        return 2
    print(f"Python {platform.python_version()}, {platform.machine()}")
    rows: list[Row] = []
    for name in wanted or BENCHMARKS:
        for row in BENCHMARKS[name]():
            rows.append(row)
            print(f"{name:<8} {row.what:<58} {row.value:>12,.2f} {row.unit:<8} {row.against}")
    _report(rows)
    return 0


def _report(rows: list[Row]) -> None:
    """Keep the figures; those of benchmarks that did not run now stay."""
    known = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    known.update({row.what: [row.value, row.unit, row.against] for row in rows})
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(known, indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
