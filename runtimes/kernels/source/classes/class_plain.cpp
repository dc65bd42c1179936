// Any CPU.
#define KERNEL_CLASS plain
#define KERNEL_CLASS_NAME "plain"
#include "classes/lanes_plain.h"
#include "classes/class.inc"
