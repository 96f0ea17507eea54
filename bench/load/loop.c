#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "fail.h"

enum { max_events = 1024 };

static int epoll(void) {
  static int fd = -1;
  if (fd == -1) fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd == -1) fail_errno("no epoll");
  return fd;
}

static void control(int operation, int fd, uint32_t events, struct source *source) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  if (epoll_ctl(epoll(), operation, fd, &event) != 0) fail_errno("epoll_ctl of descriptor %d", fd);
}

void loop_add(int fd, uint32_t events, struct source *source) { control(EPOLL_CTL_ADD, fd, events, source); }

void loop_change(int fd, uint32_t events, struct source *source) { control(EPOLL_CTL_MOD, fd, events, source); }

void loop_turn(int timeout_ms) {
  struct epoll_event events[max_events];
  int count = epoll_wait(epoll(), events, max_events, timeout_ms);
  if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
  for (int i = 0; i < count; i++) {
    struct source *source = events[i].data.ptr;
    source->on_event(source, events[i].events);
  }
}
