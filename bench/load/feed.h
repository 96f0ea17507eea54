/* What makes a server publish by itself: a plain TCP connection, each octet of which is the number of a room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Opens it, to a port of 127.0.0.1. */
void feed_open(uint16_t port);

/* Has so many messages published to a room. */
void feed_publish(uint8_t room, uint64_t count);
