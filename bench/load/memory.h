/* Memory that is there, or the end of the program. */
#pragma once

#include <stddef.h>

/* Zeroed memory. Never returns NULL. */
void *allocate(size_t count, size_t bytes);
