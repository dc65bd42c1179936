"""Commands that make models: checkpoints by training, bundles from them."""

from edgebert.cli.make import (
    build,
    demo,
    distill,
    distill_static,
    export,
    finetune,
    kernels,
    optimize,
    package,
    pretrain,
    quantize,
)

COMMANDS = (
    pretrain.pretrain,
    finetune.finetune,
    distill.distill,
    distill_static.distill_static,
    export.export,
    optimize.optimize,
    quantize.quantize,
    kernels.kernels,
    package.package,
    build.build,
    demo.demo,
)
"""In the order in which `--help` lists them."""
