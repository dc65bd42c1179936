// 64-bit ARM with products of bytes: Cortex-A76, Neoverse N1, Apple M1 and later.
#define KERNEL_CLASS neon_dotprod
#define KERNEL_CLASS_NAME "neon_dotprod"
#include "classes/lanes_neon.h"
#include "classes/class.inc"
