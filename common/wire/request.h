// What a call.request may be, beyond its form: whoever takes one remembers its id for long, and the
// broker adds to it before it hands it on.
#ifndef RF_WIRE_REQUEST_H
#define RF_WIRE_REQUEST_H

#include "wire/glance.h"

#define RF_CALL_ID_BYTES   255
#define RF_CALL_NAME_BYTES 255 // of its service, and of its operation

// The rest of a frame is for the time that is left, and for what was tried (attempts).
#define RF_WIRE_REQUEST_BYTES (RF_WIRE_MAX_BYTES - (size_t)64 * 1024)

// rf_wire_request_check: of a request that takes `size` bytes. RF_ERR_INVALID, naming the field,
// how long it is and may be, and the mend. The only place where that is decided: for the broker and
// for its clients.
RF_NODISCARD enum rf_err rf_wire_request_check(const struct rf_call_request_glance *request,
                                               size_t size, struct rf_error *error);

#endif
