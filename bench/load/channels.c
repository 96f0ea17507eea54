/*
 * Channels: clients of a real-time server, each of which subscribes to one of some rooms, in turns; what is published to
 * a room has to come to each of them, once and in order. Somebody publishes: the server itself, told so by a feed, or one
 * client. Either a fixed number is in flight, so that number n is published when every subscriber of the room has had
 * number n minus that; or at a pace, whatever comes back, and latencies count from when a message was due.
 *
 * Members: the same without anybody who publishes, to be opened and then to subscribe to more.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "checking.h"
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "feed.h"
#include "intake.h"
#include "memory.h"
#include "mode.h"
#include "opening.h"
#include "speech.h"

/* Far more than are ever in flight: a message's number counts up to this, and begins anew. */
enum { handshakes_at_once = 64, message_numbers = 4096 };
/* Request numbers: of the first subscription, and of further ones from there on; of what is published. */
enum { first_request = 1, publish_request = 100000 };
enum { max_name = 32, max_said = 256 };

struct member {
  struct connection connection;
  struct intake intake;
  struct room *room;
  /* Messages that it has had. */
  uint64_t had;
  uint32_t reads;
  bool is_subscribed;
};

struct room {
  uint32_t index;
  uint64_t members;
  uint64_t published;
  /* Messages that every member has had. */
  uint64_t completed;
  /* By number: how many members lack it, and when it was due. */
  uint32_t lacking[message_numbers];
  uint64_t due_ns[message_numbers];
  char *rest;
};

static const struct settings *settings;
static const struct speech *speech;
static struct member *members;
static size_t member_count;
static struct room *rooms;
static struct member publisher;
static size_t subscribed;
/* Members that have everything of the further ones. */
static size_t satisfied;
static bool is_stopping;
static uint64_t under_way;
static uint64_t paced_from_ns;
static uint64_t paced;

/* Where a member is: the room's node, or one after the other of those that subscribe to it. */
static uint16_t port_of(const struct member *member) {
  uint32_t room = member->room->index;
  size_t place = settings->is_together ? room : (member->connection.index - room) / settings->rooms;
  return settings->nodes.ports[place % settings->nodes.count];
}

static void name_room(char name[max_name], uint32_t index) { snprintf(name, max_name, "room/%03u", index); }

/* What stands behind the number in a message to a room, so that the whole has the octets that were asked for. */
static char *rest_of_value(uint32_t room) {
  char name[max_name];
  name_room(name, room);
  size_t before = sizeof VALUE_START - 1 + id_digits;
  size_t length = settings->payload_bytes - before;
  char *rest = allocate(length + 1, 1);
  int start = snprintf(rest, length + 1, "\",\"room\":\"%s\",\"user\":\"somebody\",\"text\":\"", name);
  if (start < 0 || (size_t)start + 2 > length) fail("--bytes must be 128 or more in this mode");
  for (size_t i = (size_t)start; i < length - 2; i++) rest[i] = (char)('a' + (i - (size_t)start) % 26);
  memcpy(rest + length - 2, "\"}", 2);
  return rest;
}

static void say(struct member *member, const char *text) {
  uint8_t frame[max_header_bytes + max_said];
  size_t length = strlen(text);
  if (length > max_said) fail("a text of %zu octets", length);
  connection_say(&member->connection, frame, write_masked_frame(frame, type_text, (const uint8_t *)text, length));
}

static void say_subscribe(struct member *member, uint32_t request, const char *name) {
  char text[max_said];
  snprintf(text, sizeof text, speech->subscribe, request, name);
  say(member, text);
}

/* Publishing */

static void publish(struct room *room, uint64_t count, uint64_t due_ns) {
  if (count == 0) return;
  if (room->published + count - room->completed > message_numbers) {
    fail("the server cannot keep up: %llu messages to a room are under way",
         (unsigned long long)(room->published - room->completed));
  }
  for (uint64_t i = room->published; i < room->published + count; i++) {
    room->lacking[i % message_numbers] = (uint32_t)room->members;
    room->due_ns[i % message_numbers] = due_ns;
  }
  uint64_t first = room->published;
  room->published += count;
  under_way += count;
  if (settings->publishes_by_client) {
    connection_send(&publisher.connection, cycle_octets(&publisher.connection.out, first, count));
  } else {
    feed_publish(room->index % settings->feeds.count, (uint8_t)room->index, count);
  }
}

static void publish_on(struct room *room) {
  if (is_stopping || settings->rate > 0) return;
  publish(room, settings->in_flight - (room->published - room->completed), now_ns());
}

struct timer {
  struct source source;
  int fd;
};

static bool timer_has_come(struct source *source) {
  uint64_t expirations;
  return read(((struct timer *)source)->fd, &expirations, sizeof expirations) >= 0;
}

static struct timespec timespec_of(uint64_t nanoseconds) {
  return (struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
}

/* @param period_ns 0: once */
static void begin_timer(struct timer *timer, uint64_t first_ns, uint64_t period_ns) {
  timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec times = {.it_interval = timespec_of(period_ns), .it_value = timespec_of(first_ns)};
  if (timer->fd < 0 || timerfd_settime(timer->fd, 0, &times, NULL) != 0) fail_errno("no timer");
  loop_add(timer->fd, EPOLLIN, &timer->source);
}

static void on_pace(struct source *source, uint32_t events) {
  (void)events;
  if (!timer_has_come(source)) return;
  uint64_t due = (uint64_t)((double)(now_ns() - paced_from_ns) * settings->rate / 1e9);
  for (; paced < due && !is_stopping; paced++) {
    /* The first one is due when the timer comes first. */
    uint64_t due_ns = paced_from_ns + (uint64_t)((double)(paced + 1) * 1e9 / settings->rate);
    publish(&rooms[paced % settings->rooms], 1, due_ns);
  }
}

static void begin_pace(void) {
  static struct timer timer = {.source = {.on_event = on_pace}};
  uint64_t interval = (uint64_t)(1e9 / settings->rate);
  paced_from_ns = now_ns();
  begin_timer(&timer, interval, interval);
}

static void begin_publishing(void) {
  if (settings->rate > 0) {
    begin_pace();
    return;
  }
  for (size_t i = 0; i < settings->rooms; i++) publish_on(&rooms[i]);
}

static void on_settled(struct source *source, uint32_t events) {
  (void)events;
  if (timer_has_come(source)) begin_publishing();
}

static void settle(void) {
  static struct timer timer = {.source = {.on_event = on_settled}};
  if (settings->settle_seconds > 0) begin_timer(&timer, (uint64_t)(settings->settle_seconds * 1e9), 0);
  else begin_publishing();
}

static void count_completed(struct room *room) {
  uint64_t before = room->completed;
  while (room->completed < room->published && room->lacking[room->completed % message_numbers] == 0) room->completed++;
  if (room->completed == before) return;
  under_way -= room->completed - before;
  publish_on(room);
}

/* What comes */

static void on_number(struct intake *intake, uint64_t number) {
  struct member *member = (struct member *)((char *)intake - offsetof(struct member, intake));
  struct room *room = member->room;
  if (room == NULL) fail("the server sent message %llu to the publisher", (unsigned long long)number);
  if (member->had == room->published || number != member->had % message_numbers) {
    fail("the server sent message %llu to subscriber %u, where %s%llu was due", (unsigned long long)number,
         intake->index, member->had == room->published ? "nothing before " : "",
         (unsigned long long)(member->had % message_numbers));
  }
  histogram_record(&tally.latency, now_ns() - room->due_ns[number]);
  room->lacking[number]--;
  member->had++;
  tally.messages++;
}

static void on_subscribed(struct member *member, uint32_t request) {
  if (!member->is_subscribed) {
    member->is_subscribed = true;
    subscribed++;
    if (subscribed == settings->connections && settings->publishes) {
      if (settings->publishes_by_client) {
        connection_connect(&publisher.connection, settings->port, speech->path, false);
      } else {
        for (size_t i = 0; i < settings->feeds.count; i++) feed_open(i, settings->feeds.ports[i]);
        settle();
      }
    }
  }
  if (settings->more == 0 || request < first_request + settings->more) return;
  satisfied++;
}

static void on_text(struct intake *intake, const char *text) {
  struct member *member = (struct member *)((char *)intake - offsetof(struct member, intake));
  uint32_t request = 0;
  switch (speech->understand(text, &request)) {
    case told_nothing: return;
    case told_alive: say(member, speech->alive); return;
    case told_wrong: fail("the server told connection %u: %.400s", intake->index, text);
    case told_welcome:
      if (member->room == NULL) {
        settle();
      } else {
        char name[max_name];
        name_room(name, member->room->index);
        say_subscribe(member, first_request, name);
      }
      return;
    case told_subscribed:
      if (member->room != NULL) on_subscribed(member, request);
      return;
  }
}

static void on_ping(struct intake *intake, const uint8_t *payload, size_t length) {
  struct member *member = (struct member *)((char *)intake - offsetof(struct member, intake));
  uint8_t frame[max_header_bytes + 125];
  connection_say(&member->connection, frame, write_pong(frame, payload, length));
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct member *member = (struct member *)connection;
  tally.progress += length;
  tally.received_bytes += length;
  member->intake.is_comparing = member->had < checked_messages || ++member->reads % check_every == 0;
  uint64_t had = member->had;
  intake_take(&member->intake, octets, length);
  if (member->had > had) count_completed(member->room);
}

/* Opening */

static void connect_one(uint32_t index) {
  connection_connect(&members[index].connection, port_of(&members[index]), speech->path, false);
}

static struct opening opening = {.connect = connect_one};

static void on_open(struct connection *connection) {
  struct member *member = (struct member *)connection;
  tally.progress++;
  say(member, speech->hello);
  if (member->room != NULL) opening_opened(&opening);
}

static void prepare_member(struct member *member, uint32_t index, struct room *room) {
  static const struct connection_listener connection_listener = {.on_open = on_open, .on_octets = on_octets};
  static const struct intake_listener intake_listener = {
      .on_number = on_number, .on_text = on_text, .on_ping = on_ping};
  member->connection.index = index;
  member->connection.listener = &connection_listener;
  member->connection.subprotocol = speech->subprotocol;
  member->intake.listener = &intake_listener;
  member->intake.speech = speech;
  member->intake.index = index;
  member->room = room;
  if (room == NULL) return;
  room->members++;
  member->intake.rest = room->rest;
  member->intake.rest_length = strlen(room->rest);
}

/* All messages that a client publishes, in turns. */
static struct cycle publications(void) {
  char name[max_name];
  name_room(name, 0);
  size_t room = max_header_bytes + settings->payload_bytes + 128;
  char *value = allocate(settings->payload_bytes + 1, 1);
  char *text = allocate(room, 1);
  struct cycle cycle = {.kinds = message_numbers, .octets = allocate(message_numbers, room)};
  cycle.ends = allocate(message_numbers, sizeof *cycle.ends);
  for (uint32_t number = 0; number < message_numbers; number++) {
    snprintf(value, settings->payload_bytes + 1, VALUE_START "%0*u%s", id_digits, number, rooms[0].rest);
    int length = snprintf(text, room, speech->publish, publish_request + number, name, value);
    cycle.period +=
        write_masked_frame(cycle.octets + cycle.period, type_text, (const uint8_t *)text, (size_t)length);
    cycle.ends[number] = cycle.period;
  }
  cycle.length = cycle.period;
  free(value);
  free(text);
  return cycle;
}

static uint16_t prepare(const struct settings *given) {
  settings = given;
  speech = find_speech(settings->speak);
  if (settings->in_flight > message_numbers / 2) fail("--in-flight may be %d in this mode", message_numbers / 2);
  if (settings->publishes_by_client && settings->rooms > 1) fail("a client publishes to one room");
  rooms = allocate(settings->rooms, sizeof *rooms);
  for (uint32_t i = 0; i < settings->rooms; i++) {
    rooms[i].index = i;
    rooms[i].rest = rest_of_value(i);
  }
  member_count = settings->connections + settings->warm_connections;
  members = allocate(member_count, sizeof *members);
  for (uint32_t i = 0; i < member_count; i++) prepare_member(&members[i], i, &rooms[i % settings->rooms]);
  if (settings->publishes_by_client) {
    prepare_member(&publisher, (uint32_t)member_count, NULL);
    publisher.connection.out = publications();
  }
  return 0;
}

static void start(void) { opening_begin(&opening, (uint32_t)settings->connections, handshakes_at_once); }

/* At a pace, it takes a while until all have had what is compared. */
static bool is_ready(void) {
  if (subscribed < settings->connections) return false;
  if (settings->rate > 0) return paced > settings->rooms;
  return rooms[0].completed >= checked_messages;
}

static void stop(void) { is_stopping = true; }

static bool is_idle(void) { return under_way == 0; }

const struct mode channels_mode = {
    .name = "channels", .prepare = prepare, .start = start, .is_ready = is_ready, .stop = stop, .is_idle = is_idle};

static void start_warm(void) {
  opening_begin(&opening, (uint32_t)settings->warm_connections, handshakes_at_once);
}

static void open_rest(void) { opening_begin(&opening, (uint32_t)member_count, handshakes_at_once); }

static bool all_are_subscribed(void) { return opening_is_done(&opening) && subscribed == opening.end; }

/* All rooms of further subscriptions are shared by all, so that what is measured are subscriptions. */
static void subscribe_to_more(void) {
  for (size_t i = 0; i < member_count; i++) {
    for (uint32_t further = 0; further < settings->more; further++) {
      char name[max_name];
      snprintf(name, sizeof name, "more/%03u", further);
      say_subscribe(&members[i], first_request + 1 + further, name);
    }
  }
}

static bool all_are_satisfied(void) { return satisfied == member_count; }

const struct mode members_mode = {.name = "members",
                                  .prepare = prepare,
                                  .start = start_warm,
                                  .is_ready = all_are_subscribed,
                                  .open = open_rest,
                                  .more = subscribe_to_more,
                                  .has_more = all_are_satisfied,
                                  .stop = stop,
                                  .is_idle = all_are_subscribed};
