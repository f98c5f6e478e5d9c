#include "wire/request.h"

static enum rf_err check_text(const char *field, struct rf_str text, size_t most,
                              struct rf_error *error) {
    if (text.size <= most)
        return RF_OK;
    return rf_error_set(error, RF_ERR_INVALID,
                        "call.request: %s has %zu bytes, and may have %zu: give a shorter one",
                        field, text.size, most);
}

enum rf_err rf_wire_request_check(const struct rf_call_request_glance *request, size_t size,
                                  struct rf_error *error) {
    enum rf_err err = check_text("id", request->id, RF_CALL_ID_BYTES, error);
    if (err == RF_OK)
        err = check_text("service", request->service, RF_CALL_NAME_BYTES, error);
    if (err == RF_OK)
        err = check_text("operation", request->operation, RF_CALL_NAME_BYTES, error);
    if (err == RF_OK && size > RF_WIRE_REQUEST_BYTES)
        err = rf_error_set(error, RF_ERR_INVALID,
                           "call.request: the frame has %zu bytes, and may have %zu: send less in "
                           "params",
                           size, RF_WIRE_REQUEST_BYTES);
    return err;
}
