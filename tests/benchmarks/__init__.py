"""edgebert beside other runtimes: same machine, same texts, same cores. See README.md."""
