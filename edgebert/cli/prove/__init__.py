"""Commands that prove what a bundle does: measured, looked into, held to its promises."""

from edgebert.cli.prove import bench, check, doctor, inspect, report

COMMANDS = (check.check, bench.bench, inspect.inspect, doctor.doctor, report.report)
"""In the order in which `--help` lists them."""
