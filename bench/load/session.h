/* Who drives a mode: questions on standard input, or by hand a fixed time. */
#pragma once

#include "mode.h"
#include "settings.h"

/*
 * Answers questions, a line each, with a line of JSON each, in order:
 *   start   begins; answered when everything is open, and warm and checked as far as it is before measuring
 *   count   what was done since the beginning; latencies are those since the last count
 *   open    connect, members: opens the connections that count, and tells how long it took
 *   more    members: has each connection subscribe to more channels
 *   port    serve: where it listens
 *   finish  stops, and is answered when nothing is under way any more
 * Ends with the input.
 */
void answer_questions(const struct mode *mode, const struct settings *settings, uint16_t port);

/* Warms up, measures, and prints one line of JSON. */
void run_by_hand(const struct mode *mode, const struct settings *settings, uint16_t port);
