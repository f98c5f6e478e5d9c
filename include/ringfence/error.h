// One error type through the whole library. A function that can fail returns enum rf_err and fills
// a struct rf_error whose message names the place and the mend; it prints nothing. The edge (main,
// a reply to a peer, an event) tells it once.
#ifndef RINGFENCE_ERROR_H
#define RINGFENCE_ERROR_H

#pragma GCC visibility push(default)

#define RF_NODISCARD         __attribute__((warn_unused_result))
#define RF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum rf_err {
    RF_OK = 0,
    RF_ERR_INVALID,   // an argument, a message or a file breaks its rules
    RF_ERR_CONFIG,    // the configuration is wrong; the message has file, line and key
    RF_ERR_NOMEM,     // allocation failed, or a stated bound on memory was reached
    RF_ERR_IO,        // the system refused: file, socket, disk
    RF_ERR_PROTOCOL,  // a peer sent what the protocol does not allow
    RF_ERR_TIMEOUT,   // the time given was over
    RF_ERR_CONFLICT,  // compare-and-set lost, or another holds the lock
    RF_ERR_NOT_FOUND, // no such key, row, file or peer
    RF_ERR_FULL,      // a bounded queue has no place
    RF_ERR_CLOSED,    // the object is shutting down
    RF_ERR_BUSY,      // lost against another at the same moment: again it may succeed at once
    RF_ERR_DAMAGED,   // a file's content is broken, or of another kind
};

#define RF_ERROR_MESSAGE_SIZE 512

struct rf_error {
    enum rf_err code;
    char message[RF_ERROR_MESSAGE_SIZE]; // UTF-8, one line, no trailing stop; cut if too long
};

// rf_err_name: the printable name of `code`, such as "not_found". Never NULL.
const char *rf_err_name(enum rf_err code);

// rf_error_set: fills `error` (which may be NULL) and returns `code`, so that a failing function
// can end with `return rf_error_set(error, RF_ERR_IO, "...")`. The message is UTF-8 also where
// "%.40s" cuts a character in two, or what is printed is something else: U+FFFD stands for that.
enum rf_err rf_error_set(struct rf_error *error, enum rf_err code, const char *format, ...)
    RF_PRINTF(3, 4);

// rf_error_prefix: puts text before the message, for a caller that knows the place better.
void rf_error_prefix(struct rf_error *error, const char *format, ...) RF_PRINTF(2, 3);

#pragma GCC visibility pop

#endif
