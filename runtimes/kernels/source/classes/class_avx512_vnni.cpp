// CPUs with AVX-512 and its products of bytes: Ice Lake, Zen 4 and later.
#define KERNEL_CLASS avx512_vnni
#define KERNEL_CLASS_NAME "avx512_vnni"
#include "classes/lanes_avx512.h"
#include "classes/class.inc"
