// How loops are spelled out, so that their arrays are registers.
#pragma once

#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif
#define LANE_MEMBER inline __attribute__((always_inline))
