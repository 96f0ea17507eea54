#include "memory.h"

#include <stdlib.h>

#include "fail.h"

void *allocate(size_t count, size_t bytes) {
  void *memory = calloc(count, bytes);
  if (memory == NULL && count > 0 && bytes > 0) fail("out of memory: %zu times %zu octets", count, bytes);
  return memory;
}
