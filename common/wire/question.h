// Which question a frame asks that cannot be decoded, so that its error finds who waits for it; and
// who sent it.
#ifndef RF_WIRE_QUESTION_H
#define RF_WIRE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#define RF_SPEAKER_SIZE 128

// rf_wire_speaker: the instance that a frame of any version names itself by (`instance`). False: it
// names none, or one that is too long or no text. The frame may be anything; nothing is allocated.
bool rf_wire_speaker(const void *data, size_t size, char name[RF_SPEAKER_SIZE]);

// What is longer is taken for no rid, and never sent back.
#define RF_QUESTION_BYTES 255

// rf_wire_question: its rid, or the id of a call.request, into `rid`, with a NUL: as far as type,
// version and it can be read, whatever else is wrong with the frame. False: there is none, or the
// version is one whose fields may mean something else. The frame may be anything; nothing is
// allocated, and no more is read than is needed.
bool rf_wire_question(const void *data, size_t size, char rid[RF_QUESTION_BYTES + 1]);

#endif
