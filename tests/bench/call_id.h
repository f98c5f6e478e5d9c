// Ids of calls of one length, which are found and changed in place within prepared messages. An id
// carries the place of its call among those in flight.
#ifndef BENCH_CALL_ID_H
#define BENCH_CALL_ID_H

#include <stddef.h>

#define CALL_ID_BYTES 31 // the longest text with a head of one byte

// call_id_write: fills `at` (CALL_ID_BYTES, no NUL). `number` makes it the only one of this
// process.
void call_id_write(char *at, size_t slot, size_t number);

// call_id_find: the value of the field "id" of a message; the program ends if there is none.
char *call_id_find(const void *frame, size_t size);

// call_id_slot: the place that the id carries.
size_t call_id_slot(const char *id);

#endif
