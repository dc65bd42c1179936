"""Bulk runs: many files of texts in, an output for each, in shards that any number of runs share.

What is to be read is found (`sources`), surveyed and written down once (`planning`, `job`); a shard
is answered into a file of its own (`worker`), by this process (`local`) or by many (`ray_workers`);
the shards of an input become its output as soon as all are there (`joining`, `running`).
"""

from edgebert.bulk.asking import Asking
from edgebert.bulk.running import Outcome, Share, run_bulk
from edgebert.bulk.sources import FORMATS, is_several

__all__ = ["FORMATS", "Asking", "Outcome", "Share", "is_several", "run_bulk"]
