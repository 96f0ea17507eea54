/* permessage-deflate (RFC 7692) for the client's end, by zlib; without its headers this program is built without it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this program was built with zlib. Nothing else here may be called where it was not. */
bool deflate_is_available(void);

/* What a client offers: what browsers do. */
#define DEFLATE_OFFER "permessage-deflate; client_max_window_bits"

/*
 * Ends the program where a server's answer does not accept that, or gives the client a window that is shorter than a
 * message: what is compressed beforehand may refer to anything in it.
 */
void deflate_check_answer(const char *answer, size_t length, size_t message_bytes);

/* Room that is enough for a message of so many octets, compressed. */
size_t deflate_room(size_t length);

/* Compresses a message that refers to no other one. Returns the number of octets, without the four of the tail. */
size_t deflate_message(const uint8_t *message, size_t length, uint8_t *into);

/* What inflates the messages of one connection, each of which may refer to those before it. */
struct inflation;

struct inflation *inflation_create(void);
void inflation_free(struct inflation *inflation);

/*
 * Inflates octets of a message and compares them with what belongs there.
 *
 * at: how many octets of the message have been right; moved on
 * returns whether the octets are valid and right
 */
bool inflation_compare(struct inflation *inflation, const uint8_t *octets, size_t length, const uint8_t *expected,
                       size_t expected_length, size_t *at);

/* The same with the tail that the sender has removed, at the end of each message. */
bool inflation_end_message(struct inflation *inflation, const uint8_t *expected, size_t expected_length, size_t *at);
