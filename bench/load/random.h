/* Random numbers for keys and masks: no secret rests on them here, they only must not repeat. */
#pragma once

#include <stdint.h>

uint64_t random_u64(void);
