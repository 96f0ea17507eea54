#include "opening.h"

static void connect_next(struct opening *opening) {
  if (opening->next < opening->end) opening->connect(opening->next++);
}

void opening_begin(struct opening *opening, uint32_t end, uint32_t at_once) {
  opening->end = end;
  for (uint32_t i = 0; i < at_once; i++) connect_next(opening);
}

void opening_opened(struct opening *opening) {
  opening->opened++;
  connect_next(opening);
}

bool opening_is_done(const struct opening *opening) { return opening->opened == opening->end; }
