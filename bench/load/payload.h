/* What messages say. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Octets; ASCII; text most of whose characters take two to four octets; or JSON, varied as records are. */
enum message_type { type_binary, type_text, type_utf8, type_json };

/*
 * Writes a payload of exactly so many octets, text that is valid.
 *
 * owner, kind: go into it, so that no connection can be given what belongs to another, nor one message for another
 */
void write_payload(uint8_t *at, size_t length, enum message_type type, uint32_t owner, size_t kind);
