/* What makes a server publish by itself: a plain TCP connection, each octet of which is the number of a room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Opens the one of a node, to a port of 127.0.0.1. */
void feed_open(size_t node, uint16_t port);

/* Has a node publish so many messages to a room. */
void feed_publish(size_t node, uint8_t room, uint64_t count);
