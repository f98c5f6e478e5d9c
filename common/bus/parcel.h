// Sending a copy of some bytes, whose memory comes back to the thread that sent it.
//
// ZeroMQ frees a message on its own thread. Memory of another thread that is freed there has to be
// put back under the lock of that one's heap, so that the two wait for each other: with some tens
// of calls in flight that was 4 waits of the kernel in 10 calls, and half as many messages that
// ZeroMQ sent at once. Here its thread only hands the memory back, and the next send frees it.
#ifndef RF_BUS_PARCEL_H
#define RF_BUS_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

// rf_parcel_make: a message of a copy of these bytes, as zmq_msg_init_size; false without memory.
// Any thread may make, send and close it.
bool rf_parcel_make(const void *data, size_t size, zmq_msg_t *message);

// rf_parcel_send: sends such a copy without waiting, with `flags` as zmq_send; -1 with zmq_errno()
// if it was not sent.
int rf_parcel_send(void *socket, const void *data, size_t size, int flags);

#endif
