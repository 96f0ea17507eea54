#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deflate.h"
#include "fail.h"
#include "tls.h"

static const char usage[] =
    "load MODE --port N[,N...] [options]\n"
    "  echo       every connection keeps messages in flight, and gets them back\n"
    "  broadcast  a publisher on /publish, subscribers on /subscribe, who are greeted with the text \"subscribed\"\n"
    "  connect    opens connections and holds them\n"
    "  serve      is the server: sends messages, which the clients send back\n"
    "  channels   clients of a real-time server that subscribe to rooms, to which the server or a client publishes\n"
    "  members    the same without anybody who publishes: opens --warm-connections, then --connections\n"
    "  --connections N       how many (default 100); of subscribers, in broadcast\n"
    "  --bytes N             payload of a message (default 64)\n"
    "  --in-flight N         messages under way (default 1): of each connection, in broadcast of the publisher;\n"
    "                        connect: handshakes under way\n"
    "  --type TYPE           binary (default), text (ASCII), utf8 or json\n"
    "  --tls                 through TLS; not in serve\n"
    "  --deflate             with permessage-deflate; not in serve. connect: each connection sends one message first\n"
    "  --warm-connections N  connect: opened before those that count (default 0)\n"
    "  --speak PROTOCOL      channels, members: openline, openline-signal or socket.io\n"
    "  --rooms N             channels, members: rooms, to which the connections subscribe in turns (default 1)\n"
    "  --feed-port N[,N...]  channels: where the server is told to publish: an octet for a message, the room's number;\n"
    "                        of several nodes, a room's messages always at the same one\n"
    "  --together            channels, members, with several ports: a room's connections all go to one node, and its\n"
    "                        messages too; otherwise they go to all nodes, in turns\n"
    "  --by-client           channels: a client publishes instead\n"
    "  --rate N              channels: messages a second, instead of a number in flight\n"
    "  --settle N            channels: seconds after all have subscribed, before anything is published (default 0)\n"
    "  --more N              members: channels that each subscribes to when asked for more\n"
    "  --seconds N           measures so long by itself, prints one line of JSON, and ends (connect: holds so long);\n"
    "                        without, it answers questions on standard input (session.h)\n"
    "  --warm-up N           seconds of load before that (default 1)\n"
    "  --stall N             seconds without progress after which it gives up (default 10)";

static double number(const char *name, const char *text, double lowest, double highest) {
  char *end;
  double value = text == NULL ? -1 : strtod(text, &end);
  if (text == NULL || end == text || *end != '\0' || !(value >= lowest && value <= highest)) {
    fail("%s must be a number from %g to %g, not %s", name, lowest, highest, text == NULL ? "nothing" : text);
  }
  return value;
}

/* Ports with commas between them. */
static struct ports ports(const char *name, const char *text) {
  struct ports ports = {.count = 0};
  char *list = text == NULL ? NULL : strdup(text);
  char *rest = list;
  do {
    char *one = strsep(&rest, ",");
    if (ports.count == max_ports) fail("%s takes %d ports at most", name, max_ports);
    ports.ports[ports.count++] = (uint16_t)number(name, one, 0, 65535);
  } while (rest != NULL);
  free(list);
  return ports;
}

static enum message_type message_type(const char *text) {
  if (text != NULL && strcmp(text, "binary") == 0) return type_binary;
  if (text != NULL && strcmp(text, "text") == 0) return type_text;
  if (text != NULL && strcmp(text, "utf8") == 0) return type_utf8;
  if (text != NULL && strcmp(text, "json") == 0) return type_json;
  fail("--type must be binary, text, utf8 or json, not %s", text == NULL ? "nothing" : text);
}

struct settings read_settings(int count, char **arguments) {
  struct settings settings = {
      .connections = 100,
      .payload_bytes = 64,
      .in_flight = 1,
      .type = type_binary,
      .warm_up_seconds = 1,
      .stall_seconds = 10,
      .rooms = 1,
      .nodes = {.count = 1},
      .feeds = {.count = 1},
  };
  if (count < 2) fail("%s", usage);
  settings.mode = arguments[1];
  for (int i = 2; i < count; i++) {
    const char *name = arguments[i];
    if (strcmp(name, "--tls") == 0) {
      settings.tls = true;
      continue;
    }
    if (strcmp(name, "--deflate") == 0) {
      settings.deflate = true;
      continue;
    }
    if (strcmp(name, "--by-client") == 0) {
      settings.publishes_by_client = true;
      continue;
    }
    if (strcmp(name, "--together") == 0) {
      settings.is_together = true;
      continue;
    }
    const char *value = i + 1 < count ? arguments[++i] : NULL;
    if (strcmp(name, "--port") == 0) {
      settings.nodes = ports(name, value);
      settings.port = settings.nodes.ports[0];
    } else if (strcmp(name, "--connections") == 0) {
      settings.connections = (size_t)number(name, value, 1, 1000000);
    } else if (strcmp(name, "--warm-connections") == 0) {
      settings.warm_connections = (size_t)number(name, value, 0, 1000000);
    } else if (strcmp(name, "--bytes") == 0) {
      settings.payload_bytes = (size_t)number(name, value, 0, 1 << 30);
    } else if (strcmp(name, "--in-flight") == 0) {
      settings.in_flight = (size_t)number(name, value, 1, 65536);
    } else if (strcmp(name, "--type") == 0) {
      settings.type = message_type(value);
    } else if (strcmp(name, "--speak") == 0) {
      settings.speak = value;
    } else if (strcmp(name, "--rooms") == 0) {
      settings.rooms = (size_t)number(name, value, 1, 256);
    } else if (strcmp(name, "--feed-port") == 0) {
      settings.feeds = ports(name, value);
    } else if (strcmp(name, "--rate") == 0) {
      settings.rate = number(name, value, 0.1, 1e6);
    } else if (strcmp(name, "--settle") == 0) {
      settings.settle_seconds = number(name, value, 0, 60);
    } else if (strcmp(name, "--more") == 0) {
      settings.more = (size_t)number(name, value, 0, 1000);
    } else if (strcmp(name, "--seconds") == 0) {
      settings.seconds = number(name, value, 0.001, 86400);
    } else if (strcmp(name, "--warm-up") == 0) {
      settings.warm_up_seconds = number(name, value, 0, 86400);
    } else if (strcmp(name, "--stall") == 0) {
      settings.stall_seconds = number(name, value, 0.01, 86400);
    } else {
      fail("no such option: %s\n%s", name, usage);
    }
  }
  settings.publishes = strcmp(settings.mode, "channels") == 0;
  if (settings.nodes.count > 1 && !settings.publishes && strcmp(settings.mode, "members") != 0) {
    fail("only channels and members take several ports");
  }
  if (settings.tls && !tls_is_available()) fail("this program was built without TLS: apt-get install -y libssl-dev");
  if (settings.deflate && !deflate_is_available()) {
    fail("this program was built without zlib: apt-get install -y zlib1g-dev");
  }
  return settings;
}
