"""Fail when a test was skipped: on CI everything a test needs should be there."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

skips = [
    f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}"
    for case in ElementTree.parse(sys.argv[1]).iter("testcase")
    for skip in case.iter("skipped")
    if skip.get("type") == "pytest.skip"
]
if skips:
    sys.exit("\n".join(["Error: tests were skipped that should run here:", *skips]))
