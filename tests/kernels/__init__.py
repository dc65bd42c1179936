"""The native kernels: what compilers make of them, and their bits on each class of CPU."""
