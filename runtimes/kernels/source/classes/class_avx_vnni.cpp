// CPUs with AVX2 and its products of bytes: Alder Lake and later.
#define EDGEBERT_AVX_VNNI
#define KERNEL_CLASS avx_vnni
#define KERNEL_CLASS_NAME "avx_vnni"
#include "classes/lanes_avx2.h"
#include "classes/class.inc"
