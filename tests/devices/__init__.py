"""The same bundle on other CPUs, under emulation: are the vectors the same? See README.md."""
