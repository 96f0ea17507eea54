/* Sec-WebSocket-Key and Sec-WebSocket-Accept (RFC 6455 §4.1, §4.2.2). */
#pragma once

#include <stddef.h>

enum { key_characters = 24, accept_characters = 28 };

/* A new key, and a final zero. */
void create_key(char key[key_characters + 1]);

/* The accept value that belongs to a key, and a final zero. */
void accept_value(const char *key, size_t key_length, char accept[accept_characters + 1]);
