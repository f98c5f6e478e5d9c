// Encoding and decoding of every message; the only code that touches msgpack. Driven by the tables
// that messages.def gives. Decoding passes a bounding cursor first (depth, size, counts against the
// bytes that are there), and then reads each value where it stands.
#ifndef RF_WIRE_WIRE_H
#define RF_WIRE_WIRE_H

#include <ringfence/error.h>
#include <ringfence/messages.h>

#define RF_WIRE_MAX_BYTES ((size_t)16 * 1024 * 1024) // a frame beyond it is refused
#define RF_WIRE_MAX_DEPTH 16

// Events of this size together, with a page of the journal around them, are within what the other
// side takes, whatever is in them. Publishers leave room for what the broker fills in.
#define RF_WIRE_EVENT_BYTES   ((size_t)1024 * 1024 - 4096)
#define RF_WIRE_PUBLISH_BYTES (RF_WIRE_EVENT_BYTES - 1024)

// A decoded message: owns all that it points to.
struct rf_message {
    enum rf_message_type type;
    int64_t version;
    union {
#define MESSAGE(name, type, flow, meaning) struct rf_##name name;
#include <ringfence/messages.def>
    } as;
    // Of an event.publish by rf_wire_decode_relay: what came for each event, where it is a whole
    // envelope that only lacks its number (rf_wire_number_event); empty where it is not. Its stream
    // need not be the message's. Else NULL.
    struct rf_bytes *envelopes;
    // Of rf_wire_decode_relay: the very bytes that came, if they hold nothing beside the fields of
    // this message; empty else. Borrowed: of use only while the caller has them.
    struct rf_bytes raw;
    struct rf_arena *arena; // private
    bool trees;             // private: there are JSON values to release
};

// An encoded frame; rf_frame_free frees data.
struct rf_frame {
    void *data;
    size_t size;
};

// rf_wire_encode: `body` points to the struct of `type`. Fails with RF_ERR_INVALID, naming the
// field, if a required field is missing or a value is out of range, RF_ERR_NOMEM, or RF_ERR_FULL
// above RF_WIRE_MAX_BYTES. On success the caller frees the frame by rf_frame_free.
RF_NODISCARD enum rf_err rf_wire_encode(enum rf_message_type type, const void *body,
                                        struct rf_frame *frame, struct rf_error *error);

// rf_wire_decode: a new message from untrusted bytes. RF_ERR_PROTOCOL for what is malformed (the
// text names the field), RF_ERR_NOT_FOUND for an unknown message type, RF_ERR_CONFLICT for a
// version that we do not speak (but an `error` is read in any). The caller frees it by
// rf_message_destroy.
RF_NODISCARD enum rf_err rf_wire_decode(const void *data, size_t size, struct rf_message **message,
                                        struct rf_error *error);

// rf_wire_decode_relay: the same for who passes the message on: it accepts and refuses the same,
// but JSON fields are left as the bytes that came, in their `_packed` siblings (messages.h), all
// but the values of state.put and state.cas, which are kept and not passed on.
RF_NODISCARD enum rf_err rf_wire_decode_relay(const void *data, size_t size,
                                              struct rf_message **message, struct rf_error *error);

// rf_wire_tree: a new reference to what packed data of a decoded event say, which were checked when
// they came; NULL if out of memory.
json_t *rf_wire_tree(const struct rf_bytes *packed);

void rf_message_destroy(struct rf_message **message);

void rf_frame_free(struct rf_frame *frame);

// rf_wire_encode_event, rf_wire_decode_event: the bare envelope, as it stands on the events socket
// behind its topic. What is encoded fits a page of the journal too (events_packed): data that would
// be nested too deep there is refused. A decoded event lives in *message (type
// RF_MESSAGE_event_publish, one event).
RF_NODISCARD enum rf_err rf_wire_encode_event(const struct rf_event *event, struct rf_frame *frame,
                                              struct rf_error *error);
RF_NODISCARD enum rf_err rf_wire_decode_event(const void *data, size_t size,
                                              struct rf_message **message, struct rf_error *error);

// rf_wire_number_event: an envelope of rf_message.envelopes with the number `n` in it; 0: as it is.
// Its fields have been checked and are copied as they came, without looking at them. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_wire_number_event(const struct rf_bytes *envelope, int64_t n,
                                              struct rf_frame *frame, struct rf_error *error);

// rf_wire_hold_request: a copy of a call.request whose remaining_ns, now 0, is set later in its
// place. `remaining` is the pair that came, empty where it would stand (glance.h). `out` has room
// for RF_WIRE_HOLD_MORE bytes more than came. Returns the copy's size, which may be beyond
// RF_WIRE_MAX_BYTES: nobody takes it then.
#define RF_WIRE_HOLD_MORE 24
size_t rf_wire_hold_request(const struct rf_bytes *raw, const struct rf_bytes *remaining, void *out,
                            size_t *remaining_at);

// rf_wire_set_remaining: 0 or more, into such a copy.
void rf_wire_set_remaining(void *held, size_t remaining_at, int64_t remaining_ns);

#define RF_TOPIC_SIZE 256

// rf_event_topic: "type/subject" into out (RF_TOPIC_SIZE bytes, cut if longer). Returns out.
char *rf_event_topic(const struct rf_event *event, char *out);

#endif
