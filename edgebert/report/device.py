"""What a bundle holds, what a device made of it, and where the figures come from."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.machine import Machine
from edgebert.records.diagnosed import DoctorRecord
from edgebert.records.header import Header
from edgebert.records.inspected import InspectRecord
from edgebert.report.blocks import Section, Table
from edgebert.report.formats import day, figures, megabytes
from edgebert.report.names import Names
from edgebert.report.read import of_kind


def doctor(records: Sequence[Header], names: Names) -> Section | None:
    tables = tuple(
        Table(
            ("", "check", "found"),
            tuple(("✓" if c.passed else "✗", c.name, c.found) for c in record.checks),
            names[record.bundle],
        )
        for record in of_kind(records, DoctorRecord)
    )
    note = "Whether this device gives the answers that the bundle promises."
    return Section("Doctor", note, tables=tables) if tables else None


def contents(records: Sequence[Header], names: Names) -> Section | None:
    """Bytes by part, operators, and what runs on int8."""
    inspected = of_kind(records, InspectRecord)
    if not inspected:
        return None
    return Section(
        "Contents",
        " ".join(
            f"{names[r.path]}: {r.quantized.int8} of {r.quantized.matmuls} matrix products "
            "with constant weights run on int8."
            for r in inspected
        ),
        warnings=tuple(f"{names[r.path]}: {risk}" for r in inspected for risk in r.risks),
        tables=tuple(table for r in inspected for table in _contents(r, names)),
    )


def _contents(record: InspectRecord, names: Names) -> tuple[Table, Table]:
    sizes = tuple((part, megabytes(size)) for part, size in record.sizes.items())
    counts = sorted(record.operators.items(), key=lambda item: -item[1])
    operators = tuple((name, f"{count:,}") for name, count in counts)
    name = names[record.path]
    return (
        Table(("part", "size"), sizes, f"{name}: size by part"),
        Table(("operator", "nodes"), operators, f"{name}: operators", folded=True),
    )


def environment(records: Sequence[Header], names: Names) -> Section:
    """A column for each machine that any record was made on, and the list of records."""
    machines = list({repr(record.machine): record.machine for record in records}.values())
    columns = [_described(machine) for machine in machines]
    keys = dict.fromkeys(key for column in columns for key in column)
    rows = tuple((key, *(column.get(key, "–") for column in columns)) for key in keys)
    header = ("", *(f"machine {i}" if len(machines) > 1 else "" for i in range(1, len(rows[0]))))
    listed = tuple((r.record, r.edgebert, day(r.created)) for r in records)
    made = Table(("record", "edgebert", "made"), listed, "Records on this page")
    return Section("Environment", tables=(Table(header, rows), made))


def _described(machine: Machine) -> dict[str, str]:
    return {
        "CPU": machine.cpu_and_class,
        "features": " ".join(machine.features) or "–",
        "cores granted": _cores(machine),
        "memory": f"{figures(machine.memory_bytes / 2**30)} GiB" if machine.memory_bytes else "–",
        "system": machine.system,
        "Python": machine.python,
        **machine.versions,
    }


def _cores(machine: Machine) -> str:
    """Granted of those there are, as "2 of 8 on 4 cores, quota 1.5, governor powersave"."""
    shared = machine.physical_cores and machine.physical_cores != machine.logical_cpus
    parts = (
        f"{machine.cores} of {machine.logical_cpus}" if machine.logical_cpus else machine.cores,
        f" on {machine.physical_cores} cores" if shared else "",
        f", quota {machine.cpu_quota:g}" if machine.cpu_quota else "",
        f", governor {machine.governor}" if machine.governor else "",
    )
    return "".join(map(str, parts))
