/* The event loop: one epoll, one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Something with a descriptor. The first member of whatever hears of it. */
struct source {
  /* events: as epoll reports them */
  void (*on_event)(struct source *source, uint32_t events);
};

void loop_add(int fd, uint32_t events, struct source *source);
void loop_change(int fd, uint32_t events, struct source *source);

/* Waits for events, for at most so many milliseconds, and hands them on. */
void loop_turn(int timeout_ms);
