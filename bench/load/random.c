#include "random.h"

#include <sys/random.h>

#include "fail.h"

/* xorshift64*, seeded by the system. */
uint64_t random_u64(void) {
  static uint64_t state;
  while (state == 0) {
    if (getrandom(&state, sizeof state, 0) != sizeof state) fail_errno("no random seed");
  }
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dull;
}
