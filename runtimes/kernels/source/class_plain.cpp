// Any CPU.
#define KERNEL_CLASS plain
#define KERNEL_CLASS_NAME "plain"
#include "lanes_plain.h"
#include "class.inc"
