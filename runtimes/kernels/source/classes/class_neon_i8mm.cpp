// 64-bit ARM with products of matrices of bytes: Neoverse V1 and N2, Cortex-X2, Apple M2 and later.
#define EDGEBERT_I8MM
#define KERNEL_CLASS neon_i8mm
#define KERNEL_CLASS_NAME "neon_i8mm"
#include "classes/lanes_neon.h"
#include "classes/class.inc"
