/* Time, and the processor time of this process. */
#pragma once

#include <stdint.h>

/* Nanoseconds of a clock that never goes back. */
uint64_t now_ns(void);

/* Nanoseconds of processor time that this process has used, in user mode and in the kernel. */
uint64_t own_cpu_ns(void);
