/*
 * The load generator: see settings.c for how it is called, and session.h for how it is asked.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "fail.h"
#include "session.h"

static const struct mode *const modes[] = {&echo_mode, &broadcast_mode, &connect_mode,
                                          &serve_mode, &channels_mode,  &members_mode};

static const struct mode *find_mode(const char *name) {
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    if (strcmp(modes[i]->name, name) == 0) return modes[i];
  }
  fail("no such mode: %s (echo, broadcast, connect, serve, channels, members)", name);
}

/* A descriptor for each connection, and some. */
static void raise_limit(size_t connections) {
  struct rlimit limit;
  rlim_t wanted = connections + 64;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  rlim_t before = limit.rlim_max;
  limit.rlim_cur = wanted;
  if (limit.rlim_max < wanted) limit.rlim_max = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    fail("%zu connections need more than the %llu open files that are allowed (ulimit -n)", connections,
         (unsigned long long)before);
  }
}

int main(int count, char **arguments) {
  struct settings settings = read_settings(count, arguments);
  const struct mode *mode = find_mode(settings.mode);
  signal(SIGPIPE, SIG_IGN);
  raise_limit(settings.connections + settings.warm_connections);
  uint16_t port = mode->prepare(&settings);
  if (settings.seconds > 0) run_by_hand(mode, &settings, port);
  else answer_questions(mode, &settings, port);
  return 0;
}
