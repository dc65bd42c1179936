// CPUs with AVX2 and FMA: Haswell, Zen and later.
#define KERNEL_CLASS avx2
#define KERNEL_CLASS_NAME "avx2"
#include "classes/lanes_avx2.h"
#include "classes/class.inc"
