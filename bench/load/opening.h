/* Opens many connections, not too many at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct opening {
  /* Begins to open the connection of this number. */
  void (*connect)(uint32_t index);
  uint32_t next;
  uint32_t end;
  uint32_t opened;
};

/* Opens further connections up to, not including, number `end`, with at most so many handshakes under way. */
void opening_begin(struct opening *opening, uint32_t end, uint32_t at_once);

/* One is open: begins the next. */
void opening_opened(struct opening *opening);

bool opening_is_done(const struct opening *opening);
