// Which question a frame asks that cannot be decoded, so that its error finds who waits for it.
#ifndef RF_WIRE_QUESTION_H
#define RF_WIRE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

// What is longer is taken for no rid, and never sent back.
#define RF_QUESTION_BYTES 255

// rf_wire_question: its rid, or the id of a call.request, into `rid`, with a NUL: as far as type,
// version and it can be read, whatever else is wrong with the frame. False: there is none, or the
// version is one whose fields may mean something else. The frame may be anything; nothing is
// allocated, and no more is read than is needed.
bool rf_wire_question(const void *data, size_t size, char rid[RF_QUESTION_BYTES + 1]);

#endif
