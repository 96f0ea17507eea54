#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "loop.h"

/* A server that does not set TCP_NODELAY sends its next octets when the last are acknowledged, 40 ms later at worst. */
enum { turn_ms = 20, surplus_ms = 60 };

struct tally tally;

static const struct mode *mode;
static const struct settings *settings;
static uint16_t listening_port;

static double seconds_of(uint64_t ns) { return (double)ns / 1e9; }

/* Ends the program when the other end owes something and nothing has moved for too long. */
static void watch(uint64_t now) {
  static uint64_t progress;
  static uint64_t moved_ns;
  if (tally.progress != progress || moved_ns == 0 || mode->is_idle()) {
    progress = tally.progress;
    moved_ns = now;
  } else if (seconds_of(now - moved_ns) > settings->stall_seconds) {
    fail("the other end stalled: nothing came for %g s, after %llu messages", settings->stall_seconds,
         (unsigned long long)tally.messages);
  }
}

/* Turns the loop until something is so, or until a time. */
static void turn_until(bool (*is_so)(void), uint64_t end_ns) {
  while (is_so == NULL || !is_so()) {
    uint64_t now = now_ns();
    if (now >= end_ns) return;
    watch(now);
    uint64_t left_ms = (end_ns - now) / 1000000 + 1;
    loop_turn(left_ms < turn_ms ? (int)left_ms : turn_ms);
  }
}

static void wait_until(bool (*is_so)(void)) { turn_until(is_so, UINT64_MAX); }

static void finish(void) {
  mode->stop();
  wait_until(mode->is_idle);
  /* What is too much may still be on its way. */
  turn_until(NULL, now_ns() + surplus_ms * 1000000ull);
}

static void print_latency(void) {
  const struct histogram *latency = &tally.latency;
  printf("\"latencyMicroseconds\":{\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"highest\":%.2f}",
         (double)histogram_quantile(latency, 0.5) / 1e3, (double)histogram_quantile(latency, 0.99) / 1e3,
         (double)histogram_quantile(latency, 0.999) / 1e3, (double)latency->highest_ns / 1e3);
  histogram_clear(&tally.latency);
}

static void print_count(void) {
  printf("{\"messages\":%llu,\"payloadBytes\":%llu,\"receivedBytes\":%llu,\"atSeconds\":%.6f,\"cpuSeconds\":%.6f,",
         (unsigned long long)tally.messages, (unsigned long long)(tally.messages * settings->payload_bytes),
         (unsigned long long)tally.received_bytes, seconds_of(now_ns()), seconds_of(own_cpu_ns()));
  print_latency();
  printf("}\n");
}

static void open_more(void) {
  if (mode->open == NULL) fail("open is a question for connect and members");
  histogram_clear(&tally.latency);
  uint64_t began_ns = now_ns();
  mode->open();
  wait_until(mode->is_ready);
  printf("{\"connections\":%zu,\"seconds\":%.6f,", settings->connections, seconds_of(now_ns() - began_ns));
  print_latency();
  printf("}\n");
}

static void answer(const char *question) {
  if (strcmp(question, "start") == 0) {
    mode->start();
    wait_until(mode->is_ready);
    printf("{}\n");
  } else if (strcmp(question, "count") == 0) {
    print_count();
  } else if (strcmp(question, "open") == 0) {
    open_more();
  } else if (strcmp(question, "more") == 0) {
    if (mode->more == NULL) fail("more is a question for members");
    mode->more();
    wait_until(mode->has_more);
    printf("{}\n");
  } else if (strcmp(question, "port") == 0) {
    printf("{\"port\":%u}\n", listening_port);
  } else if (strcmp(question, "finish") == 0) {
    finish();
    printf("{}\n");
  } else {
    fail("no such question: %s", question);
  }
  fflush(stdout);
}

/* Lines that have been read and not answered yet; a question that takes time is answered before the next is read. */
static char input[4096];
static size_t input_length;
static bool has_input;

static void on_input(struct source *source, uint32_t events) {
  (void)source;
  (void)events;
  ssize_t count = read(STDIN_FILENO, input + input_length, sizeof input - 1 - input_length);
  if (count == 0) exit(0);
  if (count < 0 && errno != EAGAIN && errno != EINTR) fail_errno("standard input");
  if (count > 0) input_length += (size_t)count;
  has_input = memchr(input, '\n', input_length) != NULL;
  if (!has_input && input_length == sizeof input - 1) fail("a question of more than %zu octets", input_length);
}

static bool input_is_there(void) { return has_input; }

void answer_questions(const struct mode *given_mode, const struct settings *given_settings, uint16_t port) {
  static struct source source = {.on_event = on_input};
  mode = given_mode;
  settings = given_settings;
  listening_port = port;
  loop_add(STDIN_FILENO, EPOLLIN, &source);
  for (;;) {
    wait_until(input_is_there);
    char *end = memchr(input, '\n', input_length);
    char question[sizeof input];
    size_t length = (size_t)(end - input);
    memcpy(question, input, length);
    question[length] = '\0';
    input_length -= length + 1;
    memmove(input, end + 1, input_length);
    has_input = memchr(input, '\n', input_length) != NULL;
    answer(question);
  }
}

static void turn_for(double seconds) { turn_until(NULL, now_ns() + (uint64_t)(seconds * 1e9)); }

static void measure(void) {
  turn_for(settings->warm_up_seconds);
  uint64_t began_ns = now_ns();
  uint64_t cpu_ns = own_cpu_ns();
  uint64_t before = tally.messages;
  uint64_t received_before = tally.received_bytes;
  histogram_clear(&tally.latency);
  turn_for(settings->seconds);
  double seconds = seconds_of(now_ns() - began_ns);
  double cpu_seconds = seconds_of(own_cpu_ns() - cpu_ns);
  uint64_t messages = tally.messages - before;
  printf("{\"mode\":\"%s\",\"messages\":%llu,\"seconds\":%.3f,\"messagesPerSecond\":%.0f,"
         "\"payloadBytesPerSecond\":%.0f,\"receivedBytesPerMessage\":%.1f,"
         "\"loadCpuMicrosecondsPerMessage\":%.3f,\"loadCores\":%.3f,",
         mode->name, (unsigned long long)messages, seconds, (double)messages / seconds,
         (double)(messages * settings->payload_bytes) / seconds,
         messages == 0 ? 0 : (double)(tally.received_bytes - received_before) / (double)messages,
         messages == 0 ? 0 : cpu_seconds * 1e6 / (double)messages, cpu_seconds / seconds);
  print_latency();
  printf("}\n");
  fflush(stdout);
}

void run_by_hand(const struct mode *given_mode, const struct settings *given_settings, uint16_t port) {
  mode = given_mode;
  settings = given_settings;
  if (port != 0) fprintf(stderr, "listening on port %u\n", port);
  mode->start();
  wait_until(mode->is_ready);
  if (mode->open != NULL) {
    open_more();
    fflush(stdout);
    turn_for(settings->seconds);
    return;
  }
  measure();
  finish();
}
