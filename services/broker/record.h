// What the broker writes down: the records that the core hands over, in order, each with a position
// that ascends. The disk tells up to which position everything is kept (rf_core_written).
#ifndef RF_BROKER_RECORD_H
#define RF_BROKER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rf_record_type {
    RF_RECORD_EVENT,  // number, at, name (topic), body (frame); stream and seq, if it has one
    RF_RECORD_STREAM, // a stream that is new, or another's now: stream, name, seq, at, body (owner)
    RF_RECORD_STREAM_SEQ,  // stream, seq, at: all its numbers up to seq are known
    RF_RECORD_STREAM_GONE, // stream: forgotten
    RF_RECORD_VALUE,       // name (key), number (version), body (JSON text), at (its lease's end)
    RF_RECORD_VALUE_GONE,  // name (key)
};

struct rf_record {
    enum rf_record_type type;
    bool joined; // kept together with the record before it, or neither is
    int64_t position;
    int64_t number;   // EVENT: its n; VALUE: its version
    int64_t at;       // UTC ns: when the broker took it; VALUE: end of its lease, 0: none
    int64_t stream;   // the number of its row; 0: none
    int64_t seq;      // within the stream
    const char *name; // never NULL but for STREAM_SEQ and STREAM_GONE
    const void *body;
    size_t body_size;
};

#endif
